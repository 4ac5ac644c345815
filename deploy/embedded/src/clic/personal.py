"""`clic erase`, `clic person`, `clic retention`: what the town holds of people, for the person responsible for it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from clic_reporting.core.french import NBSP

from .desk_api import DeskApi, DeskError, asking

AGENT = "agent"
NONE = "Rien."

person = typer.Typer(help="A person's data: find it, export it, correct it, see who opened it.", no_args_is_help=True)
retention = typer.Typer(help="How long personal data is kept: what goes soon, and what went.")

As = Annotated[str, typer.Option("--as", help="As whom; it needs the role greffe.")]
ReferenceArgument = Annotated[
    str, typer.Argument(help="A request's reference, such as 2026-000017.", show_default=False)
]
Name = Annotated[str | None, typer.Option(help="The person's name.", show_default=False)]
Email = Annotated[str | None, typer.Option(help="An e-mail address.", show_default=False)]
Phone = Annotated[str | None, typer.Option(help="A telephone.", show_default=False)]
Reason = Annotated[str, typer.Option(help="Why it is opened; recorded with your name.", show_default=False)]


def erase(
    reference: ReferenceArgument,
    ground: Annotated[
        str, typer.Option(help="person_asked, court_order, entered_wrongly or another code.", show_default=False)
    ],
    agent: As = AGENT,
) -> None:
    """Erase a request's personal data, for ever: nobody can read it any more, and what is counted stays."""
    with asking(agent) as api:
        done = api.ask(f"/requests/{_request_id(api, reference)}/erase", {"ground": ground})
        typer.echo(f"Effacée{NBSP}: {reference}, {done['erased_at']}, motif {done['ground']}.")
        typer.echo(f"Les sauvegardes d’avant ne la rendent plus après la prochaine rotation{NBSP}: clic keys rotate.")


@person.command()
def find(name: Name = None, email: Email = None, phone: Phone = None, agent: As = AGENT) -> None:
    """Find a person's requests by name, e-mail address or telephone. A name alone proves nothing."""
    with asking(agent) as api:
        found = _found(api, name, email, phone)
        for each in found:
            by = ", ".join(words for key, words in (("by_contact", "coordonnée"), ("by_name", "nom")) if each[key])
            typer.echo(f"{each['reference'] or each['request_id']}  ({by})")
        if not found:
            typer.echo(NONE)


@person.command()
def export(
    file: Annotated[Path, typer.Argument(help="Where to: a file that ends in .json or .pdf.", show_default=False)],
    reason: Reason,
    *,
    requests: Annotated[
        list[str] | None, typer.Option("--request", help="A reference; several times. Or find the person:")
    ] = None,
    email: Email = None,
    phone: Phone = None,
    english: Annotated[bool, typer.Option("--english", help="A PDF in English.")] = False,
    agent: As = AGENT,
) -> None:
    """Export everything of a person's requests: JSON with files, or a PDF (A-2.1 art. 83, 84).

    By references, or by an e-mail address or telephone; never by name alone, which others have, too.
    """
    with asking(agent) as api:
        if file.suffix not in (".json", ".pdf"):
            raise DeskError(f"{file}: name a file that ends in .json or .pdf")
        ids = [_request_id(api, each) for each in requests or ()]
        if email or phone:
            ids += [each["request_id"] for each in _found(api, None, email, phone)]
        if not ids:
            raise DeskError("no request is named or found: give --request, --email or --phone")
        body = {
            "request_ids": list(dict.fromkeys(ids)),
            "reason": reason,
            "format": file.suffix[1:],
            "language": "en" if english else "fr",
        }
        _write(file, api.fetch("/persons/export", body))
        typer.echo(f"{len(body['request_ids'])} demande(s){NBSP}: {file}")


@person.command()
def correct(
    reference: ReferenceArgument,
    ground: Annotated[str, typer.Option(help="person_asked, entered_wrongly or returned_letter.", show_default=False)],
    *,
    name: Name = None,
    email: Email = None,
    phone: Phone = None,
    address: Annotated[str | None, typer.Option(help="A postal address.", show_default=False)] = None,
    agent: As = AGENT,
) -> None:
    """Correct a requester: give all that is right, since it takes the place of all that was known (A-2.1 art. 89)."""
    with asking(agent) as api:
        said = {"name": name, "email": email, "phone": phone, "address": address}
        requester = {key: value for key, value in said.items() if value}
        body = {"requester": requester, "ground": ground}
        done = api.ask(f"/requests/{_request_id(api, reference)}/correct", body)
        typer.echo(f"Rectifiée{NBSP}: {reference}, position {done['position']} du journal.")


@person.command()
def openings(reference: ReferenceArgument, agent: As = AGENT) -> None:
    """Show who opened what is sealed of a request, when and why (POL-30)."""
    with asking(agent) as api:
        found = api.ask(f"/requests/{_request_id(api, reference)}/openings")
        for each in found:
            typer.echo(f"{each['opened_at'][:16]}  {each['agent']}  {each['reason']}")
        if not found:
            typer.echo(NONE)


@retention.callback(invoke_without_command=True)
def show_retention(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what goes soon, if nothing happens.")] = False,
    register: Annotated[bool, typer.Option("--register", help="Print what was erased, when and why.")] = False,
    agent: As = AGENT,
) -> None:
    """Intake erases once a day what is kept too long, after it was announced for a week (A-2.1 art. 73)."""
    with asking(agent) as api:
        if dry_run == register:
            raise DeskError("say what to print: --dry-run or --register")
        if register:
            _show_register(api.ask("/erasures"))
        else:
            _show_plan(api.ask("/retention/plan"))


def _show_plan(plan: list[dict[str, Any]]) -> None:
    """By kind and month, references alone."""
    counts = Counter((each["kind"], each["closed_on"][:7]) for each in plan)
    for (kind, month), count in sorted(counts.items()):
        typer.echo(f"{kind}  {month}  {count}")
        for each in plan:
            if (each["kind"], each["closed_on"][:7]) == (kind, month):
                typer.echo(f"    {each['reference'] or each['request_id']}  s’efface le {each['goes_on']}")
    typer.echo(f"{len(plan)} en tout{NBSP}; rien n’a été changé.")


def _show_register(erasures: list[dict[str, Any]]) -> None:
    for each in erasures:
        when = (each["erased_at"] or "en cours")[:16]
        typer.echo(f"{when}  {each['reference'] or each['request_id']}  {each['ground']}  {each['actor']}")
    if not erasures:
        typer.echo(NONE)


def _found(api: DeskApi, name: str | None, email: str | None, phone: str | None) -> list[dict[str, Any]]:
    said = {"name": name, "email": email, "phone": phone}
    return list(api.ask("/persons/find", {key: value for key, value in said.items() if value}))


def _request_id(api: DeskApi, reference: str) -> str:
    return str(api.ask(f"/references/{reference}")["request_id"])


def _write(file: Path, content: bytes) -> None:
    """For its owner alone: it holds all that is known of somebody."""
    try:
        file.touch(mode=0o600)
        file.write_bytes(content)
    except OSError as error:
        raise DeskError(f"{file}: cannot be written ({error.strerror})") from error
