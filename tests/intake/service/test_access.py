"""Who may do what over HTTP: a line for each route, tried with every role; and what is confidential is not there."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import httpx
import pytest
from tests.intake.service.office import AGENTS, Office, now
from tests.intake.service.test_api import ACCESS, NOBODY, registered

from clic_chassis.decider import Fact
from clic_chassis.testing import wait_until
from clic_contracts.envelope import derive_id
from clic_contracts.event import RequestRouted
from clic_contracts.town import Town
from clic_contracts.vocabulary import Service

IN_CHARGE = "travaux_publics_voirie"
WHY = "Répondre à la demande."
LETTER = derive_id("letter", "exemple")
LESSON = {"text": "Les gens demandent où déposer leurs branches."}
ARTICLE = {
    "code": "branches",
    "title": {"fr": "Branches", "en": "Branches"},
    "text": {"fr": "Déposez-les au bord de la rue.", "en": "Leave them at the roadside."},
}


class Line(NamedTuple):
    """Whose route it is, and a body that fits: any of the roles suffices."""

    roles: frozenset[str]
    body: Any = None


def lines(town: Town) -> dict[str, Line]:
    """The matrix. A new route needs a line here."""
    staff = frozenset({"agent", *town.department_by_code})
    treat = frozenset({"agent", IN_CHARGE})
    review, greffe = frozenset({"reviewer"}), frozenset({"greffe"})
    commands: dict[str, dict[str, Any]] = {
        "acknowledge": {"channel": "phone"},
        "ask": {"channel": "phone", "missing": ["name"]},
        "complete": {"requester": {"name": "Camille Exemple"}},
        "answer": {"channel": "phone"},
        "close": {},
        "refuse": {"criterion": "unfounded", "text": "Une rumeur."},
        "note": {"text": "Une note."},
        "promise": {"due_on": "2030-01-02"},
        "extend": {"channel": "phone"},
        "merge": {"into": NOBODY},
        "undo-merge": {},
        "void": {"reason": "entered_in_error"},
        "reopen": {"reason": "not_satisfied"},
        "rate": {"score": 5},
        "assign": {"to": "agent:noa.exemple"},
        "take": {},
        "give-back": {},
        "describe": {"public_text": "Un nid-de-poule."},
        "abusive": {"channel": "phone", "text": "Des insultes."},
        "split": {"parts": [{"kind": "report", "text": "Une lampe éteinte.", "subject": "street_light"}]},
        "letters": {"text": "Bonjour."},
        "letters/extension": {"days": 10, "text": "Les plans sont aux archives."},
        "letters/third-party": {"third_party_id": NOBODY},
        "classify": {"nature": "administrative_documents"},
        "identify-third-party": {"third_party": {"name": "Dominique Exemple"}},
        "notify-third-party": {"third_party_id": NOBODY, "channel": "letter"},
        "third-party-answer": {"third_party_id": NOBODY, "position": "objects"},
        "review-requested": {"requested_on": "2026-01-02"},
        "review-decided": {"outcome": "upheld"},
        "admit": {},
        "hand-over": {"to": "hydro_quebec"},
        "hand-back": {"done": True},
        "article": ARTICLE,
        "open": {"reason": WHY},
    }
    one = "/requests/{request_id}"
    draft = "/learnings/drafts/{draft_id}"
    return {
        "POST /events": Line(frozenset({"publisher:portail_web"}), {}),
        "GET /references/{reference}": Line(staff),
        f"GET {one}": Line(staff),
        **{f"POST {one}/{name}": Line(treat, body) for name, body in commands.items()},
        f"GET {one}/admissibility": Line(staff),
        f"GET {one}/duplicates": Line(staff),
        f"GET {one}/openings": Line(frozenset({"greffe", "administrator"})),
        f"POST {one}/learnings": Line(staff, LESSON),
        f"POST {one}/attachments": Line(treat, b"%PDF-1.7 exemple"),
        f"POST {one}/attachments/{{attachment_id}}/open": Line(treat, {"reason": WHY}),
        f"POST {one}/letters/{{letter_id}}/again": Line(treat, {}),
        f"POST {one}/letters/{{letter_id}}/went-out": Line(treat, {}),
        f"POST {one}/correct": Line(
            treat | greffe, {"requester": {"name": "Camille Exemple"}, "ground": "person_asked"}
        ),
        f"POST {one}/erase": Line(greffe, {"ground": "person_asked"}),
        "POST /persons/find": Line(frozenset({"agent", "greffe"}), {"name": "Camille Exemple"}),
        "POST /persons/export": Line(greffe, {"request_ids": [NOBODY], "reason": WHY}),
        "GET /openings": Line(frozenset({"greffe", "administrator"})),
        "GET /erasures": Line(frozenset({"greffe", "administrator"})),
        "GET /retention/plan": Line(frozenset({"greffe", "administrator"})),
        "GET /access-register": Line(greffe),
        "GET /worklists/counts": Line(staff),
        "GET /worklists/search": Line(staff),
        "GET /worklists/{name}": Line(staff),
        "GET /letters": Line(staff),
        "GET /mails": Line(frozenset({"agent"})),
        "POST /mails/{mail_id}/open": Line(staff, {"reason": WHY}),
        "POST /mails/{mail_id}/take": Line(frozenset({"agent"}), {"reason": WHY}),
        f"GET {one}/mails": Line(staff),
        "GET /knowledge": Line(staff),
        "POST /knowledge/answers": Line(staff, {"articles": ["inconnu"], "channel": "phone"}),
        "GET /knowledge/drafts": Line(staff),
        "POST /knowledge/drafts/{draft_id}/export": Line(staff, {}),
        "POST /learnings": Line(staff | review, LESSON),
        "POST /learnings/gather": Line(review, {"period": "2026-Q1", "reason": WHY}),
        "GET /learnings/readings": Line(greffe),
        "POST /learnings/drafts": Line(review, {"period": "2026-Q1", "text": "Un texte.", "learnings": []}),
        "GET /learnings/drafts": Line(review),
        f"GET {draft}": Line(review),
        f"POST {draft}/edit": Line(review, {"version": 1, "text": "Un texte.", "learnings": []}),
        f"POST {draft}/confirm": Line(review, {"version": 1, "finding": "x", "reason": WHY}),
        f"POST {draft}/sign-off": Line(review, {"version": 1}),
        f"POST {draft}/publish": Line(review, {}),
        f"POST {draft}/discard": Line(review, {"version": 1}),
        "GET /learnings/publications": Line(review),
        "POST /learnings/publications/{publication_id}/withdraw": Line(review, {"ground": "error"}),
    }


HIDDEN = {
    "/", "/login", "/logout", "/openapi.json", "/docs", "/static/{name}", "/static-offline-docs", "/open311",
    "/demande", "/suivi", "/desk",
}  # fmt: skip
"""Beginnings of what is no API: pages and files, and Open311, which have tests of their own."""


def address(path: str, request_id: str, reference: str) -> str:
    """A route's address, of a request and of other things that are not there."""
    filled = path.replace("{request_id}", request_id).replace("{reference}", reference).replace("{name}", "all")
    for name in ("attachment_id", "letter_id", "mail_id", "draft_id", "publication_id"):
        filled = filled.replace(f"{{{name}}}", LETTER)
    query = {
        "/worklists/search": f"?reference={reference}",
        "/knowledge": "?q=branches",
        "/access-register": "?year=2026",
        "/openings": "?by=alex.exemple",
        "/learnings/publications": "?period=2026-Q1",
    }
    return filled + query.get(path, "")


async def asked(office: Office, method: str, path: str, body: Any, token: str | None) -> httpx.Response:
    """An answer, to nobody from an address of their own: they are not to be slowed down."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    given: dict[str, Any] = {"json": body} if isinstance(body, dict) else {"content": body}
    if isinstance(body, bytes):
        headers["Content-Type"] = "application/octet-stream"
    transport = httpx.ASGITransport(office.wiring.http, client=(f"2001:db8:0:{next(_ADDRESSES):x}::1", 1))  # type: ignore[arg-type]  # there is one
    async with httpx.AsyncClient(transport=transport, base_url="http://intake") as http:
        return await http.request(method, path, headers=headers, **given)


def _counted() -> Iterator[int]:
    yield from range(1, 65_536)


_ADDRESSES = _counted()


def operations(office: Office) -> Iterator[tuple[str, str]]:
    """Method and path of each route of the OpenAPI document."""
    assert office.wiring.http is not None
    for path, methods in office.wiring.http.openapi()["paths"].items():
        for method in methods:
            yield method.upper(), path


async def in_charge(office: Office, request_id: str, department: str) -> None:
    """Have routing give a request to a department."""
    routed = RequestRouted(department=department, rule=None, first_line=False, unusual=False)
    await office.runtime.decisions(Service.ROUTING).decide(
        request_id, lambda _: (Fact(routed, now()),), cause_id=department, actor="service:routing"
    )


async def reference_of(office: Office, request_id: str, token: str = "desk") -> str:
    """What a citizen names."""
    return str((await office.ask(f"/requests/{request_id}", token=token)).json()["reference"])


# -- the matrix -------------------------------------------------------------------------------------------------------


async def test_every_route_has_a_line(office: Office) -> None:
    """A route that nobody thought about fails here, and so does a line whose route is gone."""
    assert office.wiring.http is not None
    assert {f"{method} {path}" for method, path in operations(office)} == set(lines(office.runtime.town))
    shown = {path for _, path in operations(office)}
    others = {str(getattr(each, "path", "")) for each in office.wiring.http.routes} - shown
    assert [each for each in others if not any(each == top or each.startswith(f"{top}/") for top in HIDDEN)] == []


async def test_a_route_lets_in_its_roles_and_no_others(office: Office) -> None:
    """POL-30: 401 to nobody, 403 to a role that does not suffice, neither to one that does."""
    request_id = await registered(office)
    reference = await reference_of(office, request_id)
    await in_charge(office, request_id, IN_CHARGE)
    wrong: list[str] = []
    for name, line in lines(office.runtime.town).items():
        method, path = name.split()
        # Those who may not come first: what the others do changes the request.
        for token in (None, *sorted(AGENTS, key=lambda each: bool(line.roles.intersection(AGENTS[each]["roles"])))):
            answer = await asked(office, method, address(path, request_id, reference), line.body, token)
            suffices = token is not None and not line.roles.isdisjoint(AGENTS[token]["roles"])
            expected = (
                answer.status_code not in (401, 403) if suffices else answer.status_code == (403 if token else 401)
            )
            if not expected or answer.status_code >= 500:
                wrong.append(f"{name} as {token}: {answer.status_code} {answer.text[:300]}")
    assert wrong == []


@pytest.mark.parametrize("token", ["analyst", "administrator", "portal", "finances"])
async def test_who_does_not_treat_a_request_opens_no_seal(office: Office, token: str) -> None:
    """POL-30: nor is anything recorded as opened."""
    request_id = await registered(office)
    await in_charge(office, request_id, IN_CHARGE)

    assert (await office.ask(f"/requests/{request_id}/open", {"reason": WHY}, token=token)).status_code == 403
    assert await office.runtime.pool.fetchval("SELECT count(*) FROM opening") == 0


async def test_the_department_in_charge_is_the_last_that_was_chosen(office: Office) -> None:
    """POL-16, POL-30: whoever gave a request away treats it no more."""
    request_id = await registered(office)
    seal = f"/requests/{request_id}/open"
    for department, statuses in ((IN_CHARGE, (200, 403)), ("finances", (403, 200))):
        await in_charge(office, request_id, department)
        found = [(await office.ask(seal, {"reason": WHY}, token=token)).status_code for token in ("roads", "finances")]
        assert tuple(found) == statuses


# -- what is confidential ---------------------------------------------------------------------------------------------


def blind(tokens: Iterable[str], role: str) -> list[str]:
    """Those of the tokens that have not the role."""
    return [each for each in tokens if role not in AGENTS[each]["roles"]]


async def test_what_is_confidential_is_answered_as_what_is_not_there(office: Office) -> None:
    """POL-26: by every route, for every role: status, headers and body are the same, but for the answer's own id."""
    request_id = await registered(office, ACCESS)
    hidden, unknown = await reference_of(office, request_id, "greffe"), "2026-999999"
    told: list[str] = []
    for name, line in lines(office.runtime.town).items():
        method, path = name.split()
        if "{request_id}" not in path and "reference" not in address(path, "", "reference"):
            continue
        for token in blind(AGENTS, "greffe"):
            answers = [
                await asked(office, method, address(path, each, reference), line.body, token)
                for each, reference in ((request_id, hidden), (NOBODY, unknown))
            ]
            first, second = ((each.status_code, each.content, sorted(each.headers.items())) for each in answers)
            if first != second or (token == "desk" and first[0] not in (403, 404)):
                told.append(f"{name} as {token}: {first} {second}")
    assert told == []
    assert await office.runtime.pool.fetchval("SELECT count(*) FROM opening") == 0


async def test_what_is_confidential_is_not_joined_to_by_who_may_not_see_it(office: Office) -> None:
    """POL-26: a command on another request that names it is answered as one that names nothing."""
    public, request_id = await registered(office), await registered(office, ACCESS, "appel-2")
    answers = [await office.ask(f"/requests/{public}/merge", {"into": each}) for each in (request_id, NOBODY)]

    assert [each.status_code for each in answers] == [404, 404]
    assert answers[0].content == answers[1].content


async def test_a_split_names_what_is_confidential_to_its_role_alone(office: Office) -> None:
    """POL-26: the story of what it was split from does not tell that it is there."""
    request_id = await registered(office)
    parts = [{"kind": "access_to_information", "text": "Le rapport."}, {"kind": "report", "text": "Une lampe."}]
    split = await office.ask(f"/requests/{request_id}/split", {"parts": parts})
    assert split.status_code == 200, split.text
    access, report = split.json()["into"]

    for token, seen in (("desk", [report]), ("greffe", [access, report])):
        events = (await office.ask(f"/requests/{request_id}", token=token)).json()["events"]
        assert [each["data"]["into"] for each in events if each["type"] == "request.split.v1"] == [seen]


async def test_lists_and_counts_hold_nothing_confidential(office: Office) -> None:
    """POL-26."""
    await registered(office, ACCESS)

    async def there() -> bool:
        answer = await office.ask("/worklists/counts", token="greffe")
        return answer.status_code == 200 and bool(answer.json()["counts"]["pending"])  # 503: it is being made.

    await wait_until(there, 20, what="the list to hold the request")
    for token, count in (("desk", 0), ("greffe", 1)):
        counts = (await office.ask("/worklists/counts", token=token)).json()["counts"]
        listed = (await office.ask("/worklists/all", token=token)).json()["requests"]
        assert (counts["pending"], counts["unassigned"], len(listed)) == (count, count, count)


async def test_the_same_is_done_for_what_is_confidential_and_what_is_not_there(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """POL-26, timing: one load of the log and one answer from one place, by the id and by the reference."""
    request_id = await registered(office, ACCESS)
    hidden = await reference_of(office, request_id, "greffe")
    loaded: list[str] = []
    load = type(office.runtime.log).load

    async def counted(self: Any, service: Service, about: str) -> Any:
        loaded.append(service)
        return await load(self, service, about)

    monkeypatch.setattr(type(office.runtime.log), "load", counted)
    work: list[list[str]] = []
    for path in (
        f"/requests/{request_id}", f"/requests/{NOBODY}", f"/references/{hidden}", "/references/2026-999999",
    ):  # fmt: skip
        loaded.clear()
        assert (await office.ask(path)).status_code == 404
        work.append(list(loaded))
    assert work == [[Service.INTAKE]] * 4


async def test_neither_takes_longer(office: Office) -> None:
    """POL-26: what can be told apart by the clock is told; the medians of a hundred are within each other's noise."""
    request_id = await registered(office, ACCESS)
    times: dict[str, list[float]] = {request_id: [], NOBODY: []}
    for _ in range(100):
        for each, taken in times.items():
            began = time.perf_counter()
            await office.ask(f"/requests/{each}")
            taken.append(time.perf_counter() - began)
    hidden, unknown = (statistics.median(each) for each in times.values())
    spread = max(statistics.stdev(each) for each in times.values())
    assert abs(hidden - unknown) < max(spread, unknown)
