"""`clic knowledge`: a draft of the desk becomes a file of the town's folder, which the town's reader takes (POL-40)."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.place import TOWN_DIR
from typer.testing import CliRunner

from clic.desk_api import DeskApi
from clic.knowledge import app, as_file
from clic_chassis.town_file import read_town

RUNNER = CliRunner()
DRAFT_ID = "6f9619ff-8b86-5d11-b42d-00cf4fc964ff"
ARTICLE: dict[str, Any] = {
    "code": "visite_du_clocher",
    "title": {"fr": "Visiter le clocher", "en": "Visit the bell tower"},
    "text": {"fr": "Le clocher se visite :\n- le dimanche;\n- à 14 h.\n\nC’est gratuit.", "en": "On Sundays."},
    "subjects": ["event"],
    "words": ["cloche", "no", "13:00"],
    "reviewed_on": "2026-05-04",
}


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the town's folder, and a desk that has one draft."""
    folder = tmp_path / "town"
    shutil.copytree(TOWN_DIR, folder)
    monkeypatch.setattr(DeskApi, "of_folder", classmethod(lambda cls, agent, service: _Desk(agent)))
    return folder


class _Desk:
    """What the desk answers."""

    def __init__(self, agent: str) -> None:
        self.agent = agent

    def ask(self, path: str, body: Any = None) -> Any:
        if path == "/knowledge/drafts":
            return [
                {
                    "draft_id": DRAFT_ID, "code": ARTICLE["code"], "written_by": "alex.exemple",
                    "written_at": "2026-05-04T14:00:00Z", "exported_by": None, "exported_at": None,
                }
            ]  # fmt: skip
        assert (path, body) == (f"/knowledge/drafts/{DRAFT_ID}/export", {})
        return ARTICLE


def test_a_draft_becomes_an_article_of_the_town(town: Path) -> None:
    """POL-40: what comes back from the file is what was written, whatever YAML makes of such words."""
    told = RUNNER.invoke(app, ["export", DRAFT_ID[:6], "--town", str(town)])
    assert told.exit_code == 0, told.output

    article = read_town(town).article_by_code["visite_du_clocher"]
    assert article.model_dump(mode="json") == ARTICLE
    assert "    - le dimanche;" in as_file(ARTICLE)


def test_a_file_that_is_there_is_not_written_over(town: Path) -> None:
    RUNNER.invoke(app, ["export", DRAFT_ID, "--town", str(town)])
    again = RUNNER.invoke(app, ["export", DRAFT_ID, "--town", str(town)])

    assert again.exit_code == 1
    assert "is there already" in again.output


def test_drafts_are_listed_and_named_by_how_they_begin(town: Path) -> None:
    listed = RUNNER.invoke(app, ["drafts"])
    unknown = RUNNER.invoke(app, ["export", "6f", "--town", str(town)])

    assert "visite_du_clocher  2026-05-04  alex.exemple  à exporter" in listed.output
    assert unknown.exit_code == 1
