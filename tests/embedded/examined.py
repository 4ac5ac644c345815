"""What the tests of the doctor's checks share: places of which little is known, and services that have answered."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from clic.doctor.finding import Finding, Severity
from clic.doctor.place import Place
from clic.scrape import Sample, Told

NOW = dt.datetime.now(dt.UTC)
REQUEST = "0b1e1a54-0000-5000-8000-000000000001"


def a_place(**changes: Any) -> Place:
    """A place of which nothing is known but what is said."""
    return Place(**({"now": NOW, "ops": None} | changes))


def told(service: str = "intake", *, why: Mapping[str, str] | None = None, **samples: float) -> Told:
    """A service that answered, with these values of metrics without labels."""
    return Told(
        service=service,
        url="http://127.0.0.1:1",
        answers=True,
        ready=why is None,
        why=why or {},
        samples=tuple(Sample(name, {}, value) for name, value in samples.items()),
    )


def labelled(service: str, *samples: tuple[str, Mapping[str, str], float]) -> Told:
    """The same with labels."""
    return replace(told(service), samples=tuple(Sample(*each) for each in samples))


def said(findings: list[Finding], severity: Severity) -> str:
    """What was found of one severity."""
    return "; ".join(each.what for each in findings if each.severity is severity)


def wrong(findings: list[Finding]) -> str:
    """What is wrong; each says why it matters and what to do."""
    assert all(each.why and each.mend for each in findings if each.severity in (Severity.WRONG, Severity.WARNING))
    return said(findings, Severity.WRONG)


def all_well(findings: list[Finding]) -> bool:
    """Whether nothing but well was found."""
    return bool(findings) and {each.severity for each in findings} == {Severity.WELL}


def telling(*services: Told, **changes: Any) -> Place:
    """A place whose services have answered."""
    place = a_place(**({"services": {each.service: each.url for each in services}} | changes))
    place._told = list(services)
    return place


def built(service: str, version: str, town: str) -> Told:
    """A service of a version, under rules of the town."""
    return labelled(service, ("clic_build_info", {"service": service, "version": version, "town": town}, 1))
