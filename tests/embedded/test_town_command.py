"""Which town a command works with, and what `clic town check` says of a folder."""

from __future__ import annotations

import shutil
from email import message_from_bytes, policy
from pathlib import Path

import pytest
import yaml
from tests.place import TOWN_DIR
from typer.testing import CliRunner

from clic.commands import app
from clic.connection import FILE, Installation
from clic.town import town_dir
from clic_chassis.error import ClicError


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell that stands in some other folder and holds no settings."""
    monkeypatch.chdir(tmp_path)
    for name in ("CLIC_TOWN_DIR", "CLIC_DIR"):
        monkeypatch.delenv(name, raising=False)


def install(folder: Path, town: Path) -> Path:
    """What `clic up` leaves of the town that it was started with."""
    folder.mkdir()
    (folder / FILE).write_text(Installation(nats_url="nats://127.0.0.1:1", town_dir=town).model_dump_json())
    return folder


def test_the_town_of_the_checkout_is_found_from_anywhere() -> None:
    assert town_dir().resolve() == TOWN_DIR


def test_an_installation_keeps_the_town_that_it_was_started_with(tmp_path: Path) -> None:
    """Started again without `--town`, it must not take up another town's rules."""
    own = tmp_path / "ville"
    own.mkdir()
    assert town_dir(install(tmp_path / "etat", own)) == own


def test_a_town_that_is_gone_is_not_replaced_by_another(tmp_path: Path) -> None:
    with pytest.raises(ClicError, match=r"ville: the town's folder .* is gone"):
        town_dir(install(tmp_path / "etat", tmp_path / "ville"))


def test_a_damaged_town_is_told_with_file_and_line_on_standard_error(tmp_path: Path) -> None:
    damaged = shutil.copytree(TOWN_DIR, tmp_path / "ville")
    with (damaged / "bodies.yaml").open("a", encoding="utf-8") as file:
        file.write("\n  : [\n")
    told = CliRunner().invoke(app, ["town", "check", str(damaged)])
    assert (told.exit_code, told.stdout) == (1, "")
    assert "bodies.yaml:" in told.stderr
    assert "1 to mend in" in told.stderr


def test_a_letter_that_cannot_be_filled_in_is_told_with_file_and_line(tmp_path: Path) -> None:
    """POL-18."""
    spoilt = shutil.copytree(TOWN_DIR, tmp_path / "ville")
    (spoilt / "letters" / "answer.fr.j2").write_text("Réponse {{ reference }}\n\n{{ reponse }}\n", encoding="utf-8")
    told = CliRunner().invoke(app, ["town", "check", str(spoilt)])
    assert (told.exit_code, told.stdout) == (1, "")
    assert "letters/answer.fr.j2:3: no letter has a variable reponse. Use one of: access," in told.stderr


def test_a_letter_is_previewed_in_the_terminal_as_e_mail_and_as_page(tmp_path: Path) -> None:
    """POL-18."""
    told = CliRunner().invoke(
        app, ["town", "letter", "acknowledgement", str(TOWN_DIR), "--language", "en", "--to", str(tmp_path / "out")]
    )
    assert told.exit_code == 0, told.stderr
    assert "Acknowledgement of receipt – file 2026-004217" in told.stdout
    mail = message_from_bytes((tmp_path / "out" / "acknowledgement.en.eml").read_bytes(), policy=policy.default)
    assert mail["Subject"] == "Acknowledgement of receipt – file 2026-004217"
    page = (tmp_path / "out" / "acknowledgement.en.html").read_text(encoding="utf-8")
    assert '<a href="https://clic.exemple.invalid/suivi/2026-004217/exemple">' in page


def test_a_town_is_printed_as_values_of_the_chart() -> None:
    """Each file as it stands, by its path; `tests/chart` reads the ConfigMap back that is made of them."""
    done = CliRunner().invoke(app, ["town", "values", str(TOWN_DIR)])
    assert done.exit_code == 0, done.output
    files = yaml.safe_load(done.stdout)["town"]["files"]
    paths = [path for path in TOWN_DIR.rglob("*") if path.is_file()]
    assert files == {path.relative_to(TOWN_DIR).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def test_a_town_that_is_wrong_or_too_large_is_not_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kubernetes would refuse it, or each service would at its start."""
    monkeypatch.setattr("clic.town_values.BYTES_MAX", 10_000)
    done = CliRunner().invoke(app, ["town", "values", str(TOWN_DIR)])
    assert (done.exit_code, done.stdout) == (1, "")
    assert "a ConfigMap takes 10,000" in done.stderr
    wrong = tmp_path / "ville"
    shutil.copytree(TOWN_DIR, wrong)
    (wrong / "routing.yaml").unlink()
    done = CliRunner().invoke(app, ["town", "values", str(wrong)])
    assert (done.exit_code, done.stdout) == (1, "")
    assert "routing.yaml:0: the file is missing" in done.stderr
