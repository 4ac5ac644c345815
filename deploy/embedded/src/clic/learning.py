"""`clic learning`: what exchanges with citizens taught, from the desk into the quarter's report (POL-37)."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.markup import escape
from rich.text import Text

from clic_reporting.core.french import NBSP

from .desk_api import DeskApi, DeskError, asking

ZONE = ZoneInfo("America/Toronto")
AGENT = "agent"
ID_CHARS = 36
PREFIX_MIN = 4
"""Characters of a draft's id at least, where it is not given whole."""

app = typer.Typer(
    help="What exchanges with citizens taught: record it, gather a quarter's, edit, scan, sign off and publish.",
    no_args_is_help=True,
)

As = Annotated[str, typer.Option("--as", help="As whom: agent, or reviewer, who signs off what agent wrote.")]
DraftId = Annotated[str, typer.Argument(help="A draft's id, or how it begins.", show_default=False)]
TextArgument = Annotated[str | None, typer.Argument(help="The text; or --file.", show_default=False)]
File = Annotated[Path | None, typer.Option("--file", help="A file with the text; - reads it from here.")]
From = Annotated[list[str] | None, typer.Option("--from", help="A learning that it is made from; several times.")]


@app.command()
def record(
    text: TextArgument = None,
    file: File = None,
    about: Annotated[str | None, typer.Option(help="The request's reference.", show_default=False)] = None,
    subject: Annotated[str | None, typer.Option(help="A subject of the town.", show_default=False)] = None,
    agent: As = AGENT,
) -> None:
    """Record what an exchange taught; about a request, it is sealed with that request's key.

    `--file -` leaves nothing in the shell's history.
    """
    with asking(agent) as api:
        path = "/learnings"
        if about is not None:
            path = f"/requests/{api.ask(f'/references/{about}')['request_id']}/learnings"
        body = {"text": _text(text, file)} | ({"subject": subject} if subject else {})
        typer.echo(f"Recorded: {api.ask(path, body)['learning_id']}")


@app.command("list")
def list_learnings(
    period: Annotated[str, typer.Argument(help="A quarter, such as 2026-Q2.", show_default=False)],
    reason: Annotated[str, typer.Option(help="Why they are opened; recorded with your name.", show_default=False)],
    agent: As = AGENT,
) -> None:
    """Gather a quarter's learnings. Their seals are opened, and who opens them and why is recorded (POL-30)."""
    with asking(agent) as api:
        after: str | None = None
        count = 0
        while True:
            page = api.ask("/learnings/gather", {"period": period, "reason": reason, "after": after})
            for each in page["learnings"]:
                _show_learning(each)
            count += len(page["learnings"])
            after = page["after"]
            if after is None:
                break
        if not count:
            typer.echo(f"Aucun apprentissage n’est consigné pour {period}.")


@app.command()
def edit(
    draft: Annotated[
        str, typer.Argument(help="A quarter begins a new draft; a draft's id changes it.", show_default=False)
    ],
    text: TextArgument = None,
    file: File = None,
    made_from: From = None,
    agent: As = AGENT,
) -> None:
    """Write the text that is to stand in the report; shows at once what the scan finds in it."""
    with asking(agent) as api:
        body: dict[str, Any] = {"text": _text(text, file)}
        if made_from:
            body["learnings"] = made_from
        if "-Q" in draft:
            _show_draft(api.ask("/learnings/drafts", {"period": draft, **body}))
            return
        summary = _find(api, draft)
        _show_draft(_do(api, summary, "edit", **body))


@app.command("drafts")
def list_drafts(
    period: Annotated[str | None, typer.Argument(help="Of this quarter alone.", show_default=False)] = None,
    agent: As = AGENT,
) -> None:
    """List drafts, without their texts."""
    with asking(agent) as api:
        drafts = api.ask("/learnings/drafts" + (f"?period={period}" if period else ""))
        for each in drafts:
            typer.echo(_heading(each))
        if not drafts:
            typer.echo("Aucun brouillon.")


@app.command()
def scan(draft: DraftId, agent: As = AGENT) -> None:
    """Show a draft and what the scan finds in it. That it was read is recorded (POL-30)."""
    with asking(agent) as api:
        _show_draft(_read(api, draft))


@app.command()
def confirm(
    draft: DraftId,
    finding: Annotated[str, typer.Argument(help="The finding's id, as `scan` shows it.", show_default=False)],
    reason: Annotated[str, typer.Option(help="Why it tells nothing of anybody.", show_default=False)],
    agent: As = AGENT,
) -> None:
    """Confirm that a finding is harmless, where that is allowed."""
    with asking(agent) as api:
        _show_draft(_do(api, _find(api, draft), "confirm", finding_id=finding, reason=reason))


@app.command("sign-off")
def sign_off(
    draft: DraftId,
    agent: As = AGENT,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Without showing it and asking.")] = False,
) -> None:
    """Sign a draft off: another person than who changed it last. It is shown first, and asked about."""
    with asking(agent) as api:
        read = _find(api, draft) if yes else _read(api, draft)
        if not yes:
            _show_draft(read)
            typer.confirm(f"Signer cette version{NBSP}?", abort=True)
        signed = _do(api, read, "sign-off")
        typer.echo(f"Signé par {signed['signed_by']}. `clic learning publish {signed['draft_id'][:8]}` le publie.")


@app.command()
def publish(draft: DraftId, agent: As = AGENT) -> None:
    """Publish a draft that was signed off: it stands in the quarter's reports from then on, and cannot be erased."""
    with asking(agent) as api:
        # Said again after it was published, the draft is gone, and its whole id still says which it was.
        draft_id = draft if len(draft) == ID_CHARS else _find(api, draft)["draft_id"]
        done = api.ask(f"/learnings/drafts/{draft_id}/publish", {})
        typer.echo(f"Publié pour {done['period']}, à la position {done['position']} du journal{NBSP}:")
        typer.echo(f"  {done['text']}")


@app.command("published")
def list_published(
    period: Annotated[str, typer.Argument(help="A quarter, such as 2026-Q2.", show_default=False)],
    agent: As = AGENT,
) -> None:
    """List what was published for a quarter, and what of it was withdrawn."""
    with asking(agent) as api:
        found = api.ask(f"/learnings/publications?period={period}")
        for each in found:
            withdrawn = ", retiré" if each["is_withdrawn"] else ""
            typer.echo(f"{each['publication_id']}  position {each['position']}{withdrawn}")
            typer.echo("    " + each["text"].replace("\n", "\n    "))
        if not found:
            typer.echo(f"Rien n’est publié pour {period}.")


@app.command()
def withdraw(
    publication: Annotated[str, typer.Argument(help="As `published` lists it.", show_default=False)],
    ground: Annotated[str, typer.Option(help="Why: error, personal_data or outdated.", show_default=False)],
    agent: As = AGENT,
) -> None:
    """Take a published text out of every report. The log keeps it; a mended one is published anew."""
    with asking(agent) as api:
        done = api.ask(f"/learnings/publications/{publication}/withdraw", {"ground": ground})
        typer.echo(f"Retiré des rapports de {done['period']}. Le journal le conserve.")


@app.command()
def discard(draft: DraftId, agent: As = AGENT) -> None:
    """Let a draft go that nobody publishes."""
    with asking(agent) as api:
        _do(api, _find(api, draft), "discard")
        typer.echo("Brouillon abandonné.")


@app.command()
def readings(agent: As = AGENT) -> None:
    """See who read unreviewed learnings and drafts, when and why, newest first (POL-30)."""
    with asking(agent) as api:
        found = api.ask("/learnings/readings")
        for each in found:
            what = "apprentissages" if each["what"] == "gather" else "brouillon"
            at = dt.datetime.fromisoformat(each["read_at"]).astimezone(ZONE)
            typer.echo(
                f"{at:%Y-%m-%d %H:%M}  {each['agent']}  {what} {each['period']} ({each['learnings']})  {each['reason']}"
            )
        if not found:
            typer.echo("Aucune lecture.")


# -- asking -------------------------------------------------------------------------------------------------------


def _text(text: str | None, file: Path | None) -> str:
    if (text is None) == (file is None):
        raise DeskError("give the text, or a file that holds it (--file), and not both")
    if text is not None:
        return text
    assert file is not None
    try:
        return sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DeskError(f"{file}: cannot be read as UTF-8 ({type(error).__name__})") from error


def _find(api: DeskApi, draft: str) -> dict[str, Any]:
    """What is known of a draft by how its id begins."""
    found = [each for each in api.ask("/learnings/drafts") if each["draft_id"].startswith(draft)]
    if len(draft) < PREFIX_MIN or len(found) != 1:
        raise DeskError(
            f"{len(found)} drafts have an id that begins with {draft!r}: give {PREFIX_MIN} characters or more of one. "
            "`clic learning drafts` lists them"
        )
    return dict(found[0])


def _read(api: DeskApi, draft: str) -> dict[str, Any]:
    return dict(api.ask(f"/learnings/drafts/{_find(api, draft)['draft_id']}"))


def _do(api: DeskApi, draft: dict[str, Any], verb: str, **body: Any) -> Any:
    return api.ask(f"/learnings/drafts/{draft['draft_id']}/{verb}", {"version": draft["version"], **body})


# -- showing ------------------------------------------------------------------------------------------------------


def _show_learning(learning: dict[str, Any]) -> None:
    on = dt.datetime.fromisoformat(learning["occurred_at"]).astimezone(ZONE).date()
    about = f"demande {learning['reference']}" if learning["reference"] else "sans demande"
    parts = [learning["learning_id"], str(on), about, learning["subject"], learning["actor"]]
    typer.echo("  ".join(part for part in parts if part))
    unread = {"erased": "[effacé]", "withheld": "[confidentiel]"}
    typer.echo("    " + (learning["text"] or unread[learning["state"]]).replace("\n", "\n    "))


def _heading(draft: dict[str, Any]) -> str:
    signed = f"signé par {draft['signed_by']}" if draft["signed_by"] else "à signer"
    changed = f"version {draft['version']}, modifié par {draft['edited_by']}, {signed}"
    return f"{draft['draft_id'][:8]}  {draft['period']}  {changed}"


def _show_draft(draft: dict[str, Any]) -> None:
    """A draft with its findings marked, and what is to be done about each."""
    console = Console(highlight=False, soft_wrap=True)
    console.print(escape(_heading(draft)), style="bold")
    text = Text(draft["text"])
    for each in draft["findings"]:
        text.stylize("bold green" if each["confirmed"] else "bold red", each["start"], each["end"])
    console.print(text)
    for each in draft["findings"]:
        where = f"caractères {each['start'] + 1} à {each['end']}"
        settled = f"Confirmé{NBSP}: {each['confirmed']}" if each["confirmed"] else each["mend"]
        excerpt = f"«{NBSP}{each['excerpt']}{NBSP}»"
        console.print(escape(f"  {each['finding_id']}  {excerpt} – {each['label']} ({where}). {settled}"))
    if draft["is_clean"]:
        console.print("Rien dans ce texte ne s’oppose à la signature.")
