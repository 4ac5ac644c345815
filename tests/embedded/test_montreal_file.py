"""A whole file in Montréal's layout: as it comes, damaged, and the real ones against counts made without us."""

from __future__ import annotations

import codecs
import csv
import datetime as dt
import gzip
import io
import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from clic.importing.account import Account
from clic.importing.category import read_categories
from clic.importing.montreal_311 import SOURCE, ZONE, Mapped, Refused
from clic.importing.montreal_file import Line, MontrealFileError, check_file, map_file
from clic.importing.watermark import StateFileError, Watermark
from clic_contracts.submission import InteractionSubmission, OutcomeSubmission, RequestPointer, RequestSubmission
from clic_contracts.town import Town
from clic_contracts.vocabulary import SubjectCode

NOW = dt.datetime(2026, 5, 15, 12, tzinfo=dt.UTC)
HEADER = "ID_UNIQUE,NATURE,ACTI_NOM,DDS_DATE_CREATION,PROVENANCE_ORIGINALE,PROVENANCE_TELEPHONE,DERNIER_STATUT"
REQUEST = "22-1,Requete,Nid-de-poule,2022-01-26T15:47:50,Téléphone,1,Terminée"
CONTACT = ",Information,Nid-de-poule,2022-01-26T15:47:50,Téléphone,1,"

CHANNELS = {
    "(none)": "unknown",
    "Téléphone": "phone",
    "Courriel": "email",
    "En personne": "counter",
    "Courrier": "letter",
    "Mobile": "mobile_app",
    "Médias sociaux": "social_media",
    "Site internet": "web_form",
    "Instance": "council",
    "Télécopieur": "fax",
}
KINDS = {"Requete": "request", "Plainte": "complaint", "Commentaire": "comment"}
STATUSES = {
    "Terminée": "closed",
    "Refusée": "refused",
    "Annulée": "withdrawn",
    "Supprimée": "voided",
    "Réactivée": "reopened",
}
"""As `plateau-311-totals.json` names them; every other status is open."""


@pytest.fixture(scope="module")
def categories(town: Town) -> Mapping[str, SubjectCode]:
    return read_categories(town)


def write(path: Path, *rows: str, header: str = HEADER) -> Path:
    path.write_text("\r\n".join([header, *rows]) + "\r\n", encoding="utf-8", newline="")
    return path


def results(path: Path, categories: Mapping[str, SubjectCode]) -> list[Mapped | Refused]:
    return [line.result for line in map_file(path, categories, NOW)]


def reasons(path: Path, categories: Mapping[str, SubjectCode]) -> list[str]:
    return [each.reason for each in results(path, categories) if isinstance(each, Refused)]


def ids(lines: list[Line]) -> list[str]:
    return [item.event_id for line in lines if isinstance(line.result, Mapped) for item in line.result.items]


# -- as it comes ----------------------------------------------------------------------------------------------------


def test_plain_or_gzip_with_or_without_byte_order_mark_is_the_same(
    tmp_path: Path, categories: Mapping[str, SubjectCode]
) -> None:
    plain = write(tmp_path / "plain.csv", REQUEST, CONTACT)
    text = plain.read_bytes()
    for name, body in (
        ("bom.csv", codecs.BOM_UTF8 + text),
        ("plain.csv.gz", gzip.compress(text)),
        ("bom.csv.gz", gzip.compress(codecs.BOM_UTF8 + text)),
        ("gzip-without-its-name.csv", gzip.compress(text)),
        ("unix.csv", text.replace(b"\r\n", b"\n")),
        ("without-last-newline.csv", text.removesuffix(b"\r\n")),
        ("with-empty-lines.csv", text.replace(b"\r\n", b"\r\n\r\n")),
    ):
        (tmp_path / name).write_bytes(body)
        assert results(tmp_path / name, categories) == results(plain, categories), name


def test_columns_come_in_any_order_and_may_be_unknown(tmp_path: Path, categories: Mapping[str, SubjectCode]) -> None:
    header = "SURPRISE,PROVENANCE_ORIGINALE,DDS_DATE_CREATION,ACTI_NOM,NATURE,ID_UNIQUE"
    turned = write(tmp_path / "t.csv", "x,Téléphone,2022-01-26T15:47:50,Nid-de-poule,Requete,22-1", header=header)

    (result,) = results(turned, categories)

    assert isinstance(result, Mapped)
    assert result.items[0].event_id == "22-1"


def test_a_cell_may_hold_commas_quotation_marks_and_new_lines(
    tmp_path: Path, categories: Mapping[str, SubjectCode]
) -> None:
    odd = '22-1,Requete,"Un ""trou"",\ndeux trous",2022-01-26T15:47:50,Téléphone,1,Terminée'
    lines = list(map_file(write(tmp_path / "q.csv", odd, REQUEST.replace("22-1", "22-2")), categories, NOW))

    assert [line.number for line in lines] == [3, 4]
    assert isinstance(lines[0].result, Mapped)
    assert lines[0].result.unmapped == 'Un "trou", deux trous'


def test_an_id_that_comes_again_is_a_contact_about_the_first(
    tmp_path: Path, categories: Mapping[str, SubjectCode]
) -> None:
    mapped = results(write(tmp_path / "r.csv", REQUEST, REQUEST, REQUEST), categories)

    submissions = [each.items[0].submission for each in mapped if isinstance(each, Mapped)]
    assert [type(each) for each in submissions] == [RequestSubmission, InteractionSubmission, InteractionSubmission]
    assert {each.about for each in submissions[1:]} == {RequestPointer(source=SOURCE, id="22-1")}  # type: ignore[attr-defined]  # Their type was just checked.
    assert len({each.items[0].event_id for each in mapped if isinstance(each, Mapped)}) == 3


def test_a_refused_row_does_not_take_its_id(tmp_path: Path, categories: Mapping[str, SubjectCode]) -> None:
    spoilt = REQUEST.replace("2022-01-26", "hier-01-26")
    refused, mapped = results(write(tmp_path / "r.csv", spoilt, REQUEST), categories)

    assert isinstance(refused, Refused)
    assert isinstance(mapped, Mapped)
    assert isinstance(mapped.items[0].submission, RequestSubmission)


def test_rows_that_are_alike_and_have_no_id_are_each_counted_once(
    tmp_path: Path, categories: Mapping[str, SubjectCode]
) -> None:
    path = write(tmp_path / "c.csv", CONTACT, CONTACT, CONTACT.replace("15:47", "15:48"))
    first, again = list(map_file(path, categories, NOW)), list(map_file(path, categories, NOW))

    assert len(set(ids(first))) == 3
    assert ids(first) == ids(again)


# -- damaged --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([REQUEST, "22-2,Requete,trop court"], "wrong_number_of_columns"),
        ([REQUEST, REQUEST + ",trop,long"], "wrong_number_of_columns"),
        ([REQUEST, '22-2,Requete,"' + "x" * 140_000 + '",2022-01-26T15:47:50,Téléphone,1,'], "unreadable_csv"),
    ],
)
def test_a_row_that_is_none_is_refused_by_itself(
    tmp_path: Path, categories: Mapping[str, SubjectCode], rows: list[str], reason: str
) -> None:
    path = write(tmp_path / "d.csv", *rows)

    assert reasons(path, categories) == [reason]
    assert isinstance(results(path, categories)[0], Mapped)


def test_lines_that_a_stray_quotation_mark_swallows_are_named(
    tmp_path: Path, categories: Mapping[str, SubjectCode]
) -> None:
    stray = REQUEST.replace("Nid-de-poule", '"Nid-de-poule')
    others = [REQUEST.replace("22-1", f"22-{n}") for n in range(2, 30)]

    refused, *rest = results(write(tmp_path / "s.csv", stray, *others), categories)

    assert isinstance(refused, Refused)
    assert refused.detail == "3 instead of 7; lines 2 to 30 are taken for one row"
    assert rest == []


def test_a_row_that_is_not_utf8_is_refused_by_itself(tmp_path: Path, categories: Mapping[str, SubjectCode]) -> None:
    path = write(tmp_path / "latin.csv", REQUEST)
    path.write_bytes(path.read_bytes() + REQUEST.replace("22-1", "22-2").encode("latin-1") + b"\r\n")

    assert reasons(path, categories) == ["not_utf8"]


@pytest.mark.parametrize("kept", [0.3, 0.9, 0.999])
def test_a_gzip_file_that_is_cut_off_publishes_nothing(tmp_path: Path, kept: float) -> None:
    whole = gzip.compress(b"\r\n".join([HEADER.encode(), *(REQUEST.encode() for _ in range(500))]))
    path = tmp_path / "cut.csv.gz"
    path.write_bytes(whole[: int(len(whole) * kept)])

    with pytest.raises(MontrealFileError, match="the gzip file is cut off or damaged; download it again"):
        check_file(path)


def test_a_damaged_gzip_file_is_said_to_be_one(tmp_path: Path) -> None:
    path = tmp_path / "damaged.csv.gz"
    path.write_bytes(b"\x1f\x8b" + b"\x00" * 60)

    with pytest.raises(MontrealFileError, match="cut off or damaged"):
        check_file(path)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "no column ID_UNIQUE, NATURE, ACTI_NOM, DDS_DATE_CREATION, PROVENANCE_ORIGINALE"),
        (HEADER.replace("NATURE", "GENRE").encode(), "no column NATURE; expected"),
        (HEADER.replace(",", ";").encode(), "separated by commas"),
    ],
)
def test_a_file_of_another_layout_is_refused(
    tmp_path: Path, categories: Mapping[str, SubjectCode], body: bytes, said: str
) -> None:
    path = tmp_path / "other.csv"
    path.write_bytes(body)

    with pytest.raises(MontrealFileError, match=said):
        results(path, categories)


def test_utf16_is_named_with_the_mend(tmp_path: Path) -> None:
    path = tmp_path / "excel.csv"
    path.write_text(HEADER, encoding="utf-16")

    with pytest.raises(MontrealFileError, match="in UTF-16; save it in UTF-8"):
        check_file(path)


def test_a_file_that_is_not_there_or_is_a_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(MontrealFileError, match=r"nowhere\.csv: cannot be read: No such file"):
        check_file(tmp_path / "nowhere.csv")
    with pytest.raises(MontrealFileError, match="cannot be read: Is a directory"):
        check_file(tmp_path)


def test_the_lines_of_a_file_are_counted_for_the_progress(tmp_path: Path) -> None:
    assert check_file(write(tmp_path / "a.csv", REQUEST, CONTACT)).lines == 3
    (tmp_path / "b.csv").write_text(f"{HEADER}\n{REQUEST}", encoding="utf-8")
    assert check_file(tmp_path / "b.csv").lines == 2


# -- how far it came ------------------------------------------------------------------------------------------------


def test_an_import_goes_on_at_its_own_watermark_and_at_no_others(tmp_path: Path) -> None:
    path = tmp_path / "states" / "import.json"
    mine = Watermark(path, "digest", "montreal_311")
    assert mine.line() == 0

    mine.reached(257)

    assert mine.line() == 257
    assert Watermark(path, "another-file", "montreal_311").line() == 0
    assert Watermark(path, "digest", "another_publisher").line() == 0
    assert Watermark(path, "digest", "montreal_311", into="nats://elsewhere:4222").line() == 0


@pytest.mark.parametrize("text", ["", "{", "[]", '{"line": 3}', "null"])
def test_a_state_that_is_none_of_ours_is_an_error_with_the_mend(tmp_path: Path, text: str) -> None:
    path = tmp_path / "import.json"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(StateFileError, match="Remove it, or use --no-resume"):
        Watermark(path, "digest", "montreal_311").line()


def test_a_state_that_cannot_be_written_is_an_error_with_the_mend(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(StateFileError, match="Name another with --state"):
        Watermark(tmp_path / "file" / "import.json", "digest", "montreal_311").reached(1)


# -- the real ones --------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_plateau_file_amounts_to_its_totals_exactly(
    shared_data: Path, categories: Mapping[str, SubjectCode]
) -> None:
    """POL-31, POL-32. What is counted: `plateau-311-totals.json`, made with the csv module alone."""
    account = Account()
    quarters: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    for line in map_file(shared_data / "plateau-311-2022-2024.csv.gz", categories, NOW):
        account.add(line.number, line.result)
        assert isinstance(line.result, Mapped)
        received = line.result.items[0]
        assert isinstance(received.submission, RequestSubmission)
        ends = [i.submission.outcome for i in line.result.items if isinstance(i.submission, OutcomeSubmission)]
        created_on = received.occurred_at.astimezone(ZONE).date()
        quarter = quarters[f"{created_on.year}-Q{(created_on.month + 2) // 3}"]
        quarter["rows", ""] += 1
        quarter["kind", received.submission.kind] += 1
        quarter["first channel", received.submission.channel] += 1
        quarter["status", ends[0] if ends else "open"] += 1

    assert dict(quarters) == _expected(shared_data / "plateau-311-totals.json")
    assert account.rows == account.mapped == account.requests.total() == 80_931
    assert account.refused.total() == 0
    assert account.unmapped.total() == 1_421
    assert account.assumed == account.outcomes.total()


def _expected(totals: Path) -> dict[str, Counter[tuple[str, str]]]:
    """The totals in our words."""
    expected: dict[str, Counter[tuple[str, str]]] = {}
    for quarter, counts in json.loads(totals.read_text(encoding="utf-8")).items():
        expected[quarter] = Counter()
        for name, count in counts.items():
            match name.split(" "):
                case ["rows"]:
                    key = ("rows", "")
                case ["nature", *nature]:
                    key = ("kind", KINDS[" ".join(nature)])
                case ["status", *status]:
                    key = ("status", STATUSES.get(" ".join(status), "open"))
                case ["first", "channel", *channel]:
                    key = ("first channel", CHANNELS[" ".join(channel)])
                case _:
                    raise AssertionError(name)
            expected[quarter][key] += count
    return expected


def test_every_row_of_the_extermination_file_is_accounted_for(
    shared_data: Path, categories: Mapping[str, SubjectCode]
) -> None:
    path = shared_data / "montreal-311-extermination-2016-2019.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    counted = Counter(row["NATURE"] for row in rows)
    contacts = sum(int(row[name] or 0) for row in rows for name in row if name.startswith("PROVENANCE_T"))
    account = Account()
    for line in map_file(path, categories, NOW):
        account.add(line.number, line.result)

    assert account.rows == account.mapped == len(rows) == 2_761
    assert account.requests == Counter({kind: counted[nature] for nature, kind in KINDS.items()})
    assert account.interactions >= counted["Information"]
    assert account.requests.total() + account.further_contacts + account.interactions >= contacts
    assert account.outcomes.total() == 0
    assert account.notes == Counter({"no_status": account.requests.total()})


def test_a_second_reading_of_a_real_file_gives_the_same_ids_and_each_once(
    shared_data: Path, categories: Mapping[str, SubjectCode]
) -> None:
    path = shared_data / "montreal-311-extermination-2016-2019.csv"
    first = ids(list(map_file(path, categories, NOW)))

    assert first == ids(list(map_file(path, categories, NOW + dt.timedelta(days=400))))
    assert len(first) == len(set(first))


def test_a_slice_of_a_real_file_made_dirty_is_accounted_for_row_by_row(
    shared_data: Path, tmp_path: Path, categories: Mapping[str, SubjectCode]
) -> None:
    rows = _first_rows(shared_data / "plateau-311-2022-2024.csv.gz", 60)
    spoil: dict[int, dict[str, Any]] = {
        3: {"DDS_DATE_CREATION": "2031-01-01T00:00:00"},
        7: {"NATURE": "Louange"},
        11: {"ID_UNIQUE": rows[10]["ID_UNIQUE"]},
        13: {"PROVENANCE_ORIGINALE": "", "PROVENANCE_TELEPHONE": ""},
        17: {"ACTI_NOM": "*Z-Nid-de-poule   "},
        19: {"DERNIER_STATUT": "Égarée"},
    }
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows({**each, **spoil.get(n, {})} for n, each in enumerate(rows))
    path = tmp_path / "dirty.csv"
    path.write_text(text.getvalue(), encoding="utf-8", newline="")
    account = Account()
    for line in map_file(path, categories, NOW):
        account.add(line.number, line.result)

    assert account.rows == 60
    assert account.refused == Counter(future_date=1, unknown_nature=1)
    assert account.refused_lines == {
        "future_date": ["line 5: 2031-01-01T00:00:00"],
        "unknown_nature": ["line 9: Louange"],
    }
    assert account.mapped == 58
    assert account.requests.total() + account.notes["further_requester"] == 58
    assert (account.notes["further_requester"], account.notes["no_channel"]) == (1, 1)
    assert account.notes["unknown_status"] == 1


def _first_rows(path: Path, count: int) -> list[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8-sig", newline="") as file:
        return [row for row, _ in zip(csv.DictReader(file), range(count), strict=False)]
