"""`clic access register`: a year's register over the desk's HTTP, printed or as a file of each form."""

from __future__ import annotations

import csv
import datetime as dt
import json
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.embedded.test_learning_command import START_S, desk
from tests.embedded.test_personal_command import clic

from clic.desk_api import DeskApi, DeskError
from clic_chassis.embedded.server_process import wait_for
from clic_contracts.submission import RequestSubmission

YEAR = str(dt.datetime.now(ZoneInfo("America/Toronto")).year)
FORMS = ("csv", "xlsx", "json", "html", "pdf")
WORDS = "zzyx contrat imaginaire"

__all__ = ["desk"]


def asked_for_access(desk: DeskApi) -> None:
    """One request, by letter, once it is listed."""
    said = {"kind": "access_to_information", "subject": None, "channel": "letter", "text": WORDS}
    event = {
        "specversion": "1.0",
        "id": "acces-1",
        "source": "/essai",
        "type": RequestSubmission.TYPE,
        "time": dt.datetime.now(dt.UTC).isoformat(),
        "datacontenttype": "application/json",
        "data": {**RequestSubmission.EXAMPLE, **said},
    }
    desk.ask("/events", event)
    assert wait_for(lambda: len(_requests(desk)) == 1, START_S)


def _requests(desk: DeskApi) -> list[str]:
    return [each["number"] for each in desk.ask(f"/access-register?year={YEAR}")["requests"]]


def test_a_years_register_is_printed_and_written_as_each_form(desk: DeskApi, tmp_path: Path) -> None:
    """POL-26: for who is responsible, and without a word of what was asked."""
    assert wait_for(lambda: _is_made(desk), START_S)
    asked_for_access(desk)

    printed = clic("access", "register", "--year", YEAR)
    assert "Demandes reçues, selon leur nature" in printed
    assert "mesures d’accommodement" in printed
    assert "Requests received, by nature" in clic("access", "register", "--english")
    for form in FORMS:
        file = tmp_path / f"registre.{form}"
        assert clic("access", "register", "--year", YEAR, "-o", str(file)) == f"{file}\n"
        assert file.stat().st_size > 0
        assert WORDS.encode() not in file.read_bytes()
    assert json.loads((tmp_path / "registre.json").read_text())["requests"][0]["outcome"] == "pending"
    with (tmp_path / "registre.csv").open(encoding="utf-8-sig", newline="") as read:
        assert [row[3:5] for row in csv.reader(read)][1:] == [["", ""]]
    assert (tmp_path / "registre.pdf").read_bytes().startswith(b"%PDF")


def test_what_cannot_be_made_is_told_and_how_to_mend_it(desk: DeskApi, tmp_path: Path) -> None:
    """Of no such form, no such year, to no such place, and for somebody else."""
    assert wait_for(lambda: _is_made(desk), START_S)

    assert ".csv, .xlsx" in clic("access", "register", "-o", str(tmp_path / "registre.doc"), exit_code=1)
    assert "1982" in clic("access", "register", "--year", "1900", exit_code=1)
    assert "written" in clic("access", "register", "-o", str(tmp_path / "nulle/part.csv"), exit_code=1)
    assert "greffe" in clic("access", "register", "--as", "reviewer", exit_code=1)


def _is_made(desk: DeskApi) -> bool:
    """Whether the lists are there, from which it is known what there is."""
    try:
        _requests(desk)
    except DeskError:
        return False
    return True
