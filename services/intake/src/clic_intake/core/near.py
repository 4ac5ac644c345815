"""What makes two requests look like the same matter: keys of a place, and the reasons that an agent reads."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from clic_contracts.vocabulary import Language

from .term import plain

CELL_LATITUDE_DEGREES = 0.001
"""111 m; with the neighbouring cells, places within 111 m are always found, and none beyond 320 m."""
CELL_LONGITUDE_DEGREES = 0.0015
"""117 m at 45.5° north, where the towns are that this was made for."""
RECENT_DAYS = 30
"""Two contacts about the same thing come within a month, or are another thing."""

_ORDINARY = frozenset(
    {
        *("rue", "r", "chemin", "ch", "avenue", "av", "boulevard", "boul"),
        *("bd", "route", "rte", "place", "pl", "rang", "montee", "street"),
        *("st", "road", "rd", "drive", "de", "du", "des", "d"),
        *("la", "le", "les", "l", "au", "aux", "coin", "angle"),
        *("et", "a", "qc", "quebec", "canada"),
    }
)
"""Words of an address that people write or leave out."""
_POSTAL_CODE = re.compile(r"\b[a-z][0-9][a-z] ?[0-9][a-z][0-9]\b")
_NO_WORD = re.compile(r"[^a-z0-9]+")


def address_key(address: str, town: str) -> str | None:
    """What stays the same of an address, however it is written; None where nothing does.

    « 12, rue Inventée » and "12 rue inventee, Mont-Saint-Hilaire J3H 1A1" have one key; `town` is the town's name.
    """
    words = _NO_WORD.sub(" ", _POSTAL_CODE.sub(" ", plain(address))).strip()
    words = words.removesuffix(_NO_WORD.sub(" ", plain(town)).strip())
    kept = [each for each in words.split() if each not in _ORDINARY]
    return " ".join(kept) or None


def cell_keys(latitude: float, longitude: float) -> tuple[str, frozenset[str]]:
    """The key of the cell that a point lies in, and those of the eight around it."""
    north, east = math.floor(latitude / CELL_LATITUDE_DEGREES), math.floor(longitude / CELL_LONGITUDE_DEGREES)
    around = {f"{north + n}/{east + e}" for n in (-1, 0, 1) for e in (-1, 0, 1)}
    own = f"{north}/{east}"
    return own, frozenset(around - {own})


@dataclass(frozen=True, slots=True)
class PlaceKeys:
    """What an exact place is found again by; digests of these are kept, never the keys."""

    address: str | None = None
    cell: str | None = None
    around: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return self.address is not None or self.cell is not None


def place_keys(place: Mapping[str, Any], town: str) -> PlaceKeys:
    """The keys of a place as it is sealed: `address`, `latitude`, `longitude`, each where it is known."""
    address = place.get("address")
    latitude, longitude = place.get("latitude"), place.get("longitude")
    cell, around = (None, frozenset[str]())
    if latitude is not None and longitude is not None:
        cell, around = cell_keys(latitude, longitude)
    return PlaceKeys(address_key(address, town) if address else None, cell, around)


class Reason(StrEnum):
    """Why a request may be about the same matter, in the order of their weight."""

    SAME_ADDRESS = "same_address"
    NEAR_PLACE = "near_place"
    SAME_SECTOR = "same_sector"
    SAME_SUBJECT = "same_subject"
    RECENT = "recent"


_SAID: dict[Reason, tuple[str, str]] = {
    Reason.SAME_ADDRESS: ("même adresse", "same address"),
    Reason.NEAR_PLACE: ("lieu voisin, à environ 300 m au plus", "near by, within about 300 m"),
    Reason.SAME_SECTOR: ("même secteur", "same sector"),
    Reason.SAME_SUBJECT: ("même sujet", "same subject"),
    Reason.RECENT: ("reçue à {days} j d’écart", "received {days} day(s) apart"),
}


def reasons(*, same_address: bool, near_place: bool, same_sector: bool) -> tuple[Reason, ...]:
    """Why a request of the same subject and of these days is suggested."""
    true = {
        Reason.SAME_ADDRESS: same_address,
        Reason.NEAR_PLACE: near_place and not same_address,
        Reason.SAME_SECTOR: same_sector,
        Reason.SAME_SUBJECT: True,
        Reason.RECENT: True,
    }
    return tuple(each for each, holds in true.items() if holds)


def said(reason: Reason, apart: dt.timedelta, language: Language) -> str:
    """A reason in words; `apart` is the time between the two receptions."""
    french, english = _SAID[reason]
    return (english if language is Language.EN else french).format(days=abs(apart).days)
