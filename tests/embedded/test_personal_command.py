"""`clic person`, `clic erase`, `clic retention`, `clic keys`: over the desk's HTTP, as the person responsible."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from tests.embedded.test_learning_command import NAME, desk, submitted
from typer.testing import CliRunner

from clic import keys
from clic.commands import app
from clic.desk_api import DeskApi
from clic.folder import Folder
from clic.keys import TAKEN_UP_S
from clic_intake.personal.keys import LOOK_EVERY_S
from clic_intake.seal import MasterKey, read_ring

RUNNER = CliRunner()
EMAIL = "zzyx@exemple.invalid"

__all__ = ["desk"]


def clic(*words: str, exit_code: int = 0) -> str:
    """What `clic` tells, its unbreakable spaces aside."""
    result = RUNNER.invoke(app, words)
    assert result.exit_code == exit_code, result.output
    return result.output.replace("\u00a0", " ")


def test_a_persons_data_is_found_given_corrected_and_erased_in_a_few_commands(desk: DeskApi, tmp_path: Path) -> None:
    """A-2.1 art. 73, 83, 84, 89; POL-30."""
    reference = submitted(desk)
    assert clic("person", "find", "--email", EMAIL.upper()) == f"{reference}  (coordonnée)\n"
    assert clic("person", "find", "--name", "Autre Personne") == "Rien.\n"
    right = ("--name", NAME, "--email", "zzyx.nouvelle@exemple.invalid")
    assert clic("person", "correct", reference, "--ground", "person_asked", *right).startswith("Rectifiée : ")
    file, paper = tmp_path / "zzyx.json", tmp_path / "zzyx.pdf"
    clic("person", "export", str(file), "--email", "zzyx.nouvelle@exemple.invalid", "--reason", "Demande imaginaire.")
    (request,) = json.loads(file.read_text(encoding="utf-8"))["requests"]
    assert request["requester"] == {"name": NAME, "email": "zzyx.nouvelle@exemple.invalid"}
    assert file.stat().st_mode & 0o077 == 0
    clic("person", "export", str(paper), "--request", reference, "--reason", "Demande imaginaire.", "--english")
    assert paper.read_bytes().startswith(b"%PDF")
    assert clic("person", "openings", reference).count("Demande imaginaire.") == 2
    for wrong in (("x.txt", "--request", reference), ("x.json",), ("x.json", "--email", "personne@exemple.invalid")):
        clic("person", "export", str(tmp_path / wrong[0]), *wrong[1:], "--reason", "Essai.", exit_code=1)
    assert "close it first" in RUNNER.invoke(app, ["erase", reference, "--ground", "person_asked"]).output
    desk.ask(f"/requests/{request['request_id']}/close", {"reason": "withdrawn"})
    assert clic("erase", reference, "--ground", "person_asked").startswith(f"Effacée : {reference}")
    assert clic("person", "find", "--email", "zzyx.nouvelle@exemple.invalid") == "Rien.\n"
    assert f"{reference}  person_asked" in clic("retention", "--register")
    assert clic("retention", "--dry-run") == "0 en tout ; rien n’a été changé.\n"
    clic("retention", exit_code=1)


def test_the_deployments_key_is_rotated_while_the_desk_works(
    desk: DeskApi, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """POL-30: what was sealed opens after it, and the old key opens nothing."""
    monkeypatch.setenv("CLIC_POSTGRES_URL", postgres_url)
    reference = submitted(desk)
    request_id = desk.ask(f"/references/{reference}")["request_id"]
    desk.ask(f"/requests/{request_id}/close", {"reason": "withdrawn"})
    path = keys._file()
    (old,) = read_ring(path)
    clic("erase", reference, "--ground", "person_asked")
    assert "1 erasures since" in clic("keys", "status")
    assert "is destroyed" in clic("keys", "rotate")
    (new,) = read_ring(path)
    assert new != old
    assert path.stat().st_mode & 0o077 == 0
    assert base64.b64encode(old) not in b"".join(each.read_bytes() for each in path.parent.glob("master*"))
    status = clic("keys", "status")
    assert MasterKey(new).key_id in status
    assert "0 keys are still wrapped" in status
    assert "0 erasures since" in status
    noted = desk.ask(f"/requests/{request_id}/note", {"text": "Après la rotation."})
    assert noted["events"] == ["request.noted.v1"]


def test_a_rotation_that_was_cut_off_goes_on_with_the_same_new_key(
    desk: DeskApi, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLIC_POSTGRES_URL", postgres_url)
    submitted(desk)
    path = keys._file()
    ring = keys._begin(path)
    assert read_ring(path) == ring
    assert len(ring) == 2
    clic("keys", "rotate")
    assert read_ring(path) == ring[:1]


def test_a_rotation_waits_longer_than_any_instance_takes_to_read_the_file() -> None:
    assert TAKEN_UP_S > 2 * LOOK_EVERY_S


def test_without_a_desk_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLIC_DIR", str(tmp_path))
    for words in (("person", "find", "--name", "X"), ("erase", "2026-000001", "--ground", "x"), ("keys", "status")):
        assert "clic up" in clic(*words, exit_code=1)
    assert "CLIC_MASTER_KEY_FILE" in clic("keys", "rotate", exit_code=1)
    assert not Folder(tmp_path).master_key.exists()
