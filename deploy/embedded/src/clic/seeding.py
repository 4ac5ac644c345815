"""The first start's sample quarter: played once, resumed where it was interrupted."""

from __future__ import annotations

from clic_contracts.town import Town

from .folder import Folder


def seed_first_quarter(folder: Folder, town: Town, number: int, teller: object) -> None:
    pass
