"""`clic knowledge`: drafts of articles that the desk wrote, into files of the town's folder (POL-40)."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from clic_chassis.town_file import ARTICLE_KEYS, ARTICLES

from .desk_api import DeskApi, DeskError, asking
from .learning import AGENT, PREFIX_MIN, As
from .town import town_dir

WIDTH = 120
"""Of a line of the file, but of texts, which stand as they were written."""

app = typer.Typer(
    help="Drafts of articles of the knowledge base, and their way into the town's folder.", no_args_is_help=True
)


@app.command()
def drafts(agent: As = AGENT) -> None:
    """List the drafts of articles, oldest first, without their texts."""
    with asking(agent) as api:
        found = api.ask("/knowledge/drafts")
    for each in found:
        on = dt.datetime.fromisoformat(each["written_at"]).date()
        state = f"exporté par {each['exported_by']}" if each["exported_by"] else "à exporter"
        typer.echo(f"{each['draft_id']}  {each['code']}  {on}  {each['written_by']}  {state}")
    if not found:
        typer.echo("Aucun brouillon d’article.")


@app.command()
def export(
    draft: Annotated[str, typer.Argument(help="A draft's id, or how it begins.", show_default=False)],
    town: Annotated[
        Path | None, typer.Option(help="The town's folder; the one that runs, if left out.", show_default=False)
    ] = None,
    agent: As = AGENT,
) -> None:
    """Write a draft into the town's folder, as knowledge/CODE.yaml. Its opening is recorded with your name (POL-30).

    It is searched once the town's folder is deployed; `clic town check` reads it first. A file that is there stays.
    """
    with asking(agent) as api:
        head = _find(api, draft)
        path = (town or town_dir()) / ARTICLES / f"{head['code']}.yaml"
        if path.exists():
            raise DeskError(f"{path} is there already: change it by hand, or move it away")
        article = api.ask(f"/knowledge/drafts/{head['draft_id']}/export", {})
        try:
            path.parent.mkdir(exist_ok=True)
            path.write_text(as_file(article), encoding="utf-8")
        except OSError as error:
            raise DeskError(
                f"the file cannot be written ({type(error).__name__}): name another folder by --town"
            ) from error
    typer.echo(f"Écrit : {path}. Relisez-le, puis `clic town check`.".replace(" :", "\u00a0:"))


def as_file(article: dict[str, Any]) -> str:
    """An article as the town's folder keeps it; its code is the file's name."""
    kept = {key: article[key] for key in ARTICLE_KEYS if article.get(key)}
    kept["reviewed_on"] = dt.date.fromisoformat(article["reviewed_on"])
    return yaml.dump(kept, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=WIDTH)


def _find(api: DeskApi, draft: str) -> dict[str, Any]:
    found = [each for each in api.ask("/knowledge/drafts") if each["draft_id"].startswith(draft)]
    if len(found) != 1 or len(draft) < PREFIX_MIN:
        raise DeskError(
            f"{len(found)} drafts have an id that begins with {draft!r}: give {PREFIX_MIN} characters or more of one. "
            "`clic knowledge drafts` lists them"
        )
    return dict(found[0])


class _Dumper(yaml.SafeDumper):
    """Texts of several lines stand as they read."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)
