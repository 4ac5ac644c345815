"""What tests of learnings do with a desk that works: record, gather, draft, and look what the log and tables hold."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from tests.intake.service.office import Office, now

from clic_chassis.http import PROBLEM_TYPE
from clic_contracts.submission import RequestSubmission

NAME, EMAIL, PHONE, ADDRESS = "Zzyxwine Exemple-Zzyx", "zzyx@exemple.invalid", "450 555-0177", "77, rue Zzyxwinoise"
SECRETS = ("Zzyx", "zzyx", PHONE)
REPORT = RequestSubmission(
    kind="report", channel="phone", text="Zzyxtrou.", requester={"name": NAME, "email": EMAIL, "phone": PHONE}
)
ACCESS = RequestSubmission(kind="access_to_information", channel="letter", requester=REPORT.requester)
LESSON = f"{NAME} (zzyx) n’a pas reçu l’avis de travaux : la liste d’envoi datait de deux ans."
TODAY = now().astimezone(ZoneInfo("America/Toronto"))
PERIOD = f"{TODAY.year}-Q{(TODAY.month - 1) // 3 + 1}"
PLAIN = "Les avis de travaux partent trop tard : la liste d’envoi est revue chaque trimestre."
PLANTED = f"Selon {NAME} ({EMAIL}, {PHONE}), du {ADDRESS}, les avis de travaux partent trop tard."
WHY = "revue du trimestre"


async def registered(office: Office, submission: RequestSubmission = REPORT, event_id: str = "appel-1") -> str:
    receipt = await office.submit(submission, event_id)
    assert receipt.request_id is not None
    return receipt.request_id


async def ask(
    office: Office, path: str, body: Any, *, token: str = "reviewer", key: str = "", status: int = 200
) -> Any:
    answer = await office.ask(path, body, token=token, headers=[("Idempotency-Key", key)] if key else [])
    assert answer.status_code == status, answer.text
    if status >= 400:
        assert answer.headers["content-type"] == PROBLEM_TYPE
    return answer.json() if answer.content else None


async def record(office: Office, text: str = LESSON, about: str | None = None, **more: Any) -> Any:
    path = f"/requests/{about}/learnings" if about else "/learnings"
    options = {name: more.pop(name) for name in ("token", "key", "status") if name in more}
    return await ask(office, path, {"text": text, **more}, **{"token": "desk", **options})


async def gather(office: Office, token: str = "reviewer", **more: Any) -> Any:
    return await ask(office, "/learnings/gather", {"period": PERIOD, "reason": WHY, **more}, token=token)


async def draft(office: Office, text: str, **more: Any) -> Any:
    return await ask(office, "/learnings/drafts", {"period": PERIOD, "text": text, **more})


async def do(office: Office, what: Any, verb: str, *, token: str = "reviewer", status: int = 200, **body: Any) -> Any:
    body = {"version": what["version"], **body} if verb != "publish" else {}
    return await ask(office, f"/learnings/drafts/{what['draft_id']}/{verb}", body, token=token, status=status)


async def in_log(office: Office, kind: type[Any]) -> list[Any]:
    return [
        event async for commit in office.runtime.log.read() for event in commit.events if isinstance(event.data, kind)
    ]


async def erase(office: Office, request_id: str) -> None:
    await office.runtime.pool.execute(
        "UPDATE request SET wrapped_key = NULL, erased_at = now() WHERE request_id = $1", request_id
    )


async def everything_in_tables(office: Office) -> list[str]:
    """Which secrets stand in clear in intake's database."""
    pool = office.runtime.pool
    tables = await pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    rows = [str(row) for table in tables for row in await pool.fetch(f"SELECT * FROM {table['tablename']}")]
    return [secret for secret in SECRETS for row in rows if secret in row]
