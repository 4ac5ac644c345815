"""`clic learning`: from the desk into the report, over the desk's HTTP as two people."""

from __future__ import annotations

import datetime as dt
import os
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tests.place import TOWN_DIR
from typer.testing import CliRunner

from clic.connection import FILE, Installation
from clic.desk_api import DeskApi
from clic.folder import Folder
from clic.learning import app
from clic.seed.learning import LEARNED, MARK, NOT_REVIEWED, publish_learnings
from clic.seed.situation import read_situations
from clic.servers import without_clic
from clic_chassis.embedded.port import free_port, well
from clic_chassis.embedded.server_process import start_process, tail, wait_for
from clic_chassis.testing import open_folder
from clic_contracts.town import Town
from clic_intake.core.name import entries
from clic_intake.core.scan import look_up, scan
from clic_reporting.core.period import Quarter

RUNNER = CliRunner()
START_S = 60.0
NAME = "Zzyxwine Exemple"
LESSON = f"{NAME} n’a pas reçu l’avis de travaux."
PLAIN = "Les avis de travaux partent plus tôt."
TODAY = dt.datetime.now(ZoneInfo("America/Toronto"))
PERIOD = f"{TODAY.year}-Q{(TODAY.month - 1) // 3 + 1}"


@pytest.fixture
def desk(nats_url: str, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[DeskApi]:
    """Intake as a process, in an installation's folder that `clic` finds."""
    with open_folder() as path:
        folder, port = Folder(path), free_port()
        folder.make_keys()
        url = f"http://127.0.0.1:{port}"
        installation = Installation(nats_url=nats_url, services={"intake": url}, town_dir=TOWN_DIR)
        folder.write(FILE, installation.model_dump_json())
        monkeypatch.setenv("CLIC_DIR", str(path))
        monkeypatch.setenv("COLUMNS", "200")
        environment = {
            **without_clic(os.environ),
            "CLIC_NATS_URL": nats_url,
            "CLIC_POSTGRES_URL": postgres_url,
            "CLIC_TOWN_DIR": str(TOWN_DIR),
            "CLIC_HTTP_PORT": str(port),
            "CLIC_AGENTS_FILE": str(folder.agents),
            "CLIC_MASTER_KEY_FILE": str(folder.master_key),
        }
        log = path / "log.jsonl"
        process = start_process(path, [sys.executable, "-m", "clic_intake"], log, environment=environment)
        try:
            assert wait_for(lambda: well(f"{url}/readyz"), START_S), tail(log)
            yield DeskApi.of_folder("agent")
        finally:
            process.stop(signal.SIGTERM)


def learning(*words: str, said: str | None = None, exit_code: int = 0) -> str:
    """What `clic learning` tells."""
    result = RUNNER.invoke(app, words, input=said)
    assert result.exit_code == exit_code, result.output
    return result.output


def submitted(desk: DeskApi) -> str:
    """The reference of a new request."""
    event = {
        "specversion": "1.0",
        "type": "submission.request.v1",
        "source": "/essai/imaginaire",
        "id": "formulaire-1",
        "time": dt.datetime.now(dt.UTC).isoformat(),
        "data": {
            "kind": "report",
            "channel": "web_form",
            "requester": {"name": NAME, "email": "zzyx@exemple.invalid"},
        },
    }
    return str(desk.ask("/events", event)["reference"])


def test_a_learning_goes_into_the_report_in_a_few_commands_of_two_people(desk: DeskApi, tmp_path: Path) -> None:
    """POL-37, POL-38: each step says what it did; what is refused is named in French."""
    reference = submitted(desk)
    recorded = learning("record", "--file", "-", "--about", reference, "--subject", "pothole", said=LESSON)
    learning_id = recorded.split()[-1]
    assert "--reason" in learning("list", PERIOD, exit_code=2)
    listed = learning("list", PERIOD, "--reason", "revue du trimestre")
    assert learning_id in listed
    assert f"demande {reference}" in listed
    assert LESSON in listed
    assert "Aucun apprentissage" in learning("list", "2019-Q1", "--reason", "revue du trimestre")

    text = tmp_path / "texte.txt"
    text.write_text(f"{NAME} (450 555-0177) et le 100, rue du Centre-Civique.", encoding="utf-8")
    begun = learning("edit", PERIOD, "--file", str(text), "--from", learning_id)
    draft = begun.split()[0]
    for told in (
        NAME,
        "450 555-0177",
        "numéro de téléphone",
        "nom d’une personne",
        "adresse civique",
        "caractères 1 à 16",
    ):
        assert told in begun
    refused = learning("sign-off", draft, "--yes", "--as", "reviewer", exit_code=1)
    assert f"«\u00a0{NAME}\u00a0»" in refused
    assert "3 passages de ce texte" in refused
    assert "sans nommer personne" in refused

    shown = learning("edit", draft, f"{PLAIN} Voir le 100, rue du Centre-Civique.")
    [finding] = re.findall(r"^  ([0-9a-f]{12})", shown, re.MULTILINE)
    confirmed = learning("confirm", draft, finding, "--reason", "L’hôtel de ville.")
    assert "Rien dans ce texte ne s’oppose" in confirmed
    assert "Confirmé\u00a0: L’hôtel de ville." in learning("scan", draft)
    assert "another person signs it off" in learning("sign-off", draft, "--yes", exit_code=1)
    assert "nobody has signed" in learning("publish", draft, exit_code=1)
    assert "à signer" in learning("drafts", PERIOD)
    learning("sign-off", draft, "--as", "reviewer", said="n\n", exit_code=1)
    assert "Signé par revision.exemple" in learning("sign-off", draft, "--as", "reviewer", said="y\n")
    published = learning("publish", draft)
    assert PLAIN in published
    assert f"Publié pour {PERIOD}" in published
    assert "Aucun brouillon." in learning("drafts")
    publication = learning("published", PERIOD).split()[0]
    assert f"Retiré des rapports de {PERIOD}" in learning("withdraw", publication, "--ground", "error")
    assert "retiré" in learning("published", PERIOD)

    learning("edit", PERIOD, PLAIN)
    other = learning("drafts").split()[0]
    assert "abandonné" in learning("discard", other)
    readings = learning("readings").splitlines()
    assert [line.split()[2:4] for line in readings if "apprentissages" in line][-1] == [
        "agent.exemple",
        "apprentissages",
    ]
    assert any("revision.exemple  brouillon" in line for line in readings)
    assert "the role 'greffe'" in learning("readings", "--as", "reviewer", exit_code=1)

    # Slips of the pen: each says how to mend it.
    for words, told in (
        (("record",), "--file"),
        (("record", "a", "--file", "b"), "not both"),
        (("record", "--file", str(tmp_path / "absent")), "cannot be read"),
        (("record", "a", "--about", "2026-999999"), "no such request"),
        (("record", "a", "--subject", "licorne"), "subjects.yaml"),
        (("edit", "abcd", "a"), "clic learning drafts"),
        (("list", "2026-5", "--reason", "essai"), "/period"),
        (("drafts", "--as", "licorne"), "agent, reviewer"),
    ):
        assert told in learning(*words, exit_code=1)


def test_the_sample_quarter_has_learnings_once_however_often_they_are_published(desk: DeskApi, town: Town) -> None:
    """POL-37: what the first start shows of a report includes them."""
    reviewer = DeskApi.of_folder("reviewer")
    for _ in range(2):
        assert publish_learnings(town, TODAY.date(), desk, reviewer) == len(LEARNED)
    assert "Aucun brouillon." in learning("drafts")
    last = Quarter.parse(PERIOD).previous
    for period, texts in ((str(last), LEARNED), (PERIOD, (NOT_REVIEWED,))):
        listed = learning("list", period, "--reason", "essai imaginaire")
        assert [text for text in texts if listed.count(text) != 1] == []


def test_no_sample_person_has_a_name_that_stands_in_a_sample_learning(town: Town) -> None:
    """POL-38: they would be refused, as any are."""
    people = read_situations(town)
    known = {key for first in people.first_names for last in people.last_names for key in entries(f"{first} {last}")}
    for text in (*LEARNED, NOT_REVIEWED):
        marked = f"{MARK} {text}"
        assert scan(marked, known & look_up(marked)) == ()


def test_without_a_desk_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLIC_DIR", str(tmp_path))
    assert "clic up" in learning("drafts", exit_code=1)
    folder = Folder(tmp_path)
    folder.make_keys()
    folder.write(FILE, Installation(nats_url="nats://127.0.0.1:1").model_dump_json())
    assert "no address of intake" in learning("drafts", exit_code=1)
    url = f"http://127.0.0.1:{free_port()}"
    folder.write(FILE, Installation(nats_url="nats://127.0.0.1:1", services={"intake": url}).model_dump_json())
    assert "Is CLIC running?" in learning("drafts", exit_code=1)
