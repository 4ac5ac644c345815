"""Open data does not undo what published reports hide: every world they leave possible has the same file. POL-38."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from random import Random
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from tests.reporting.attacker import Attacker
from tests.reporting.history import fact
from tests.reporting.open_data import onlooker
from tests.reporting.open_data.importing import recorded
from tests.reporting.open_data.reports import report
from tests.reporting.projected import Projected, town
from tests.reporting.town import on

from clic_contracts.envelope import Commit, Recorded, derive_id
from clic_contracts.event import InteractionRecorded, RequestClosed, RequestReceived, RequestRefused, RequestRouted
from clic_contracts.vocabulary import Service
from clic_reporting import ledger
from clic_reporting.core.period import Quarter
from clic_reporting.core.suppression import WIDTH, Reason
from clic_reporting.open_data.layout import INFORMATION, NATURES, OTHER, Cell, Layout
from clic_reporting.open_data.publication import UNTOLD_NOTHING, Asked, NotCoveredError, PublicationError, publish
from clic_reporting.open_data.silence import Silence

QUARTER = Quarter(2024, 1)
KINDS = ["request"] * 60 + ["report"] * 30 + ["complaint"] * 7 + ["comment"] * 2 + ["suggestion"]
CHANNELS = ["phone"] * 50 + ["email"] * 30 + ["web_form"] * 13 + ["counter"] * 4 + ["letter"] * 2 + ["fax"]
FATES = ["closed"] * 75 + ["open"] * 18 + ["refused"] * 5 + ["withdrawn"] * 2


FEW_KINDS = ["request"] * 60 + ["report"] * 33 + ["complaint"] * 7


def requests(
    seed: int,
    count: int,
    *,
    confidential: int,
    kinds: Sequence[str] = KINDS,
    access: str = "access_to_information",
    month_max: int = 3,
) -> list[Recorded]:
    """Months of an invented town; the first requests are confidential, and of the kind `access`."""
    chance = Random(seed)
    subjects = [each for each in town().subjects if each.department]
    weights = [1 / (n + 1) for n in range(len(subjects))]
    facts: list[Recorded] = []
    for n in range(count):
        request_id, at = derive_id("silence", f"{seed}-{n}"), on(chance.randint(1, month_max), chance.randint(1, 28))
        subject = chance.choices(subjects, weights)[0]
        said: dict[str, Any] = {"kind": chance.choice(kinds), "subject": subject.code, "sector": None}
        department = subject.department
        if n < confidential:
            said |= {"kind": access, "confidential": True}
            department = "greffe"
        facts.append(fact(RequestReceived, request_id, at, channel=chance.choice(CHANNELS), **said))
        facts.append(fact(RequestRouted, request_id, at, department=department, first_line=False, unusual=False))
        fate = chance.choice(FATES)
        if fate == "refused":
            facts.append(fact(RequestRefused, request_id, at))
        elif fate != "open":
            facts.append(fact(RequestClosed, request_id, at, reason="withdrawn" if fate == "withdrawn" else "answered"))
        if chance.random() < 0.2:
            contact, about = derive_id("silence", f"contact-{seed}-{n}"), None if n % 2 else request_id
            facts.append(
                fact(
                    InteractionRecorded, contact, at,
                    interaction_id=contact, about=about, channel=chance.choice(CHANNELS), subject=subject.code,
                )
            )  # fmt: skip
    return facts


@pytest_asyncio.fixture
async def connection(postgres_url: str) -> AsyncIterator[asyncpg.Connection]:
    """Reporting's database, empty."""
    connection = await asyncpg.connect(postgres_url)
    yield connection
    await connection.close()


async def project(connection: asyncpg.Connection, facts: list[Recorded]) -> Projected:
    projected = Projected(connection)
    await projected.prepare()
    await projected.begin()
    await projected.fold(recorded(facts), at_a_time=500)
    return projected


async def exported(connection: asyncpg.Connection, first: str = "2024-01", last: str = "2024-03") -> str:
    """The file of some months."""
    return "".join([piece async for _, piece in publish(connection, town(), Asked(first, last))])


def narrowed(publication: ledger.Publication, text: str) -> dict[str, float]:
    """Hidden counts that somebody who reads both narrows to less than is promised, with the width."""
    values = publication.edition.figures.values
    attacker = Attacker(
        [publication.edition], bounds=onlooker.bounds(onlooker.read(text), QUARTER, values), whole=False
    )
    hidden = [name for name in publication.edition.hidden if name.startswith(f"{QUARTER}/")]
    widths = {name: attacker.interval(name).width for name in hidden}
    return {name: width for name, width in widths.items() if width < WIDTH}


@pytest.mark.parametrize(("seed", "confidential"), [(1, 1), (2, 3), (3, 12)])
async def test_no_hidden_count_is_narrowed_by_counting_rows(
    connection: asyncpg.Connection, seed: int, confidential: int
) -> None:
    """POL-26, POL-38: with the rows as further equations, each hidden count still can be five others."""
    await project(connection, requests(seed, 400, confidential=confidential))
    publication = await report(connection)

    text = await exported(connection)

    assert len(onlooker.read(text)) > 200, "publishing nothing would be safe, too"
    assert narrowed(publication, text) == {}


async def test_without_the_rule_counting_rows_undoes_the_report(
    connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """POL-38: complaints, hidden so that access requests cannot be worked out, would be counted in the rows."""
    await project(connection, requests(4, 400, confidential=3, kinds=FEW_KINDS, month_max=1))
    publication = await report(connection)
    name = "2024-Q1/requests.by_kind.complaint"
    assert publication.reasons[name] is Reason.SECONDARY
    assert narrowed(publication, await exported(connection)) == {}

    monkeypatch.setattr(Silence, "of", lambda *_: UNTOLD_NOTHING)
    monkeypatch.setattr("clic_reporting.open_data.publication.shortened", lambda cells, absent, k: cells)
    found = narrowed(publication, await exported(connection))

    assert {name, "2024-Q1/requests.by_kind.access_to_information"} <= found.keys()


async def test_without_the_rule_what_is_absent_tells_the_confidential_requests(
    connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """POL-26: three complaints are confidential, and all others of the quarter stand in the file."""
    await project(connection, requests(5, 400, confidential=3, kinds=("complaint", "request"), access="complaint"))
    publication = await report(connection)
    name = "2024-Q1/requests.confidential"
    assert name in publication.hidden
    assert narrowed(publication, await exported(connection)) == {}

    monkeypatch.setattr("clic_reporting.open_data.publication.shortened", lambda cells, absent, k: cells)

    assert name in narrowed(publication, await exported(connection))


@pytest.mark.parametrize(("column", "field"), [("by_subject", "subject"), ("by_first_channel", "channel")])
async def test_the_file_is_the_same_in_another_world_that_the_report_leaves_possible(
    connection: asyncpg.Connection, column: str, field: str
) -> None:
    """POL-38: requests change places between hidden codes, and not a byte of the file does."""
    facts = requests(2, 400, confidential=3)
    await project(connection, facts)
    publication = await report(connection)
    before = await exported(connection)
    hidden = sorted(
        name.rpartition(".")[2] for name in publication.hidden if name.startswith(f"2024-Q1/requests.{column}.")
    )
    assert len(hidden) > 1, "nothing could change places"

    other = dict(zip(hidden, [*hidden[1:], hidden[0]], strict=True))
    changed = [
        each.model_copy(update={"data": each.data.model_copy(update={field: type(code)(other.get(code, code))})})
        if isinstance(each.data, RequestReceived) and (code := getattr(each.data, field))
        else each
        for each in facts
    ]
    await project(connection, changed)

    assert changed != facts
    assert await exported(connection) == before


async def test_what_is_corrected_later_is_not_in_the_file(connection: asyncpg.Connection) -> None:
    """POL-38: a report is not published again for one request, and the rows would tell it."""
    facts = requests(6, 300, confidential=3)
    projected = await project(connection, facts)
    await report(connection)
    before = await exported(connection)

    later = [each.model_copy(update={"recorded_at": on(2, 1, year=2025)}) for each in requests(7, 20, confidential=0)]
    await projected.fold([Commit(1_000 + n, Service.INTAKE, each.request_id, (each,)) for n, each in enumerate(later)])

    assert await exported(connection) == before


async def test_months_without_a_published_report_are_refused_with_what_to_do(connection: asyncpg.Connection) -> None:
    """POL-38: the report says what has to stay hidden, so it comes first."""
    facts = [*requests(8, 300, confidential=0), fact(RequestReceived, derive_id("silence", "later"), on(5, 1))]
    await project(connection, facts)
    with pytest.raises(NotCoveredError, match=r"2024-Q1: .*clic report 2024-Q1 --edition public --publish-by NAME"):
        await exported(connection)
    published = await report(connection)
    with pytest.raises(NotCoveredError, match="2024-Q2"):
        await exported(connection, last="2024-05")
    assert f"\n{published.position}-0" in await exported(connection)

    with pytest.raises(PublicationError, match="leave the day or position away"):
        [piece async for piece in publish(connection, town(), Asked("2024-01", "2024-03", "2024-06-01"))]
    await connection.execute("UPDATE reporting.checkpoint SET definition = 'another'")
    with pytest.raises(NotCoveredError, match="other definitions"):
        await exported(connection)


async def test_a_report_of_a_quarter_that_was_not_over_covers_what_was(connection: asyncpg.Connection) -> None:
    """What came since is in no report."""
    facts = [each.model_copy(update={"recorded_at": on(2, 29)}) for each in requests(9, 60, confidential=0)]
    projected = await project(connection, [])
    await projected.fold([Commit(n, Service.INTAKE, each.request_id, (each,)) for n, each in enumerate(facts, 1)])
    await report(connection)
    last = fact(RequestReceived, derive_id("silence", "last"), on(5, 1)).model_copy(update={"recorded_at": on(5, 1)})
    await projected.fold([Commit(len(facts) + 1, Service.INTAKE, last.request_id, (last,))])

    assert await exported(connection, last="2024-01")
    with pytest.raises(NotCoveredError, match="not all of these months were over"):
        await exported(connection)


def unsaid(*paths: str) -> Silence:
    return Silence.of([f"2024-Q1/{path}" for path in paths], QUARTER, Layout(town()))


def test_each_count_of_a_report_that_rows_tell_of_has_its_words() -> None:
    """POL-31 to POL-36, POL-38: hidden, they stand in no row; other counts and other quarters change nothing."""
    layout = Layout(town())
    subject = next(each for each in town().subjects if each.department)
    cell = layout.request(
        kind="complaint", subject=subject.code, sector="gare", first_channel="email", further={"phone": 2},
        department=subject.department, status="open",
    )  # fmt: skip
    contact = layout.contact(channel="voicemail", subject=subject.code)
    nothing = cell._replace(category=OTHER, unit="")
    no_status = cell._replace(status="")

    assert unsaid("requests.by_kind.complaint")(cell) is None
    assert unsaid("requests.received")(cell) is None
    assert unsaid("requests.by_kind.suggestion")(cell) == cell
    assert unsaid(f"requests.by_subject.{subject.code}")(cell) == nothing
    assert unsaid(f"requests.by_department.{subject.department}")(cell) == nothing
    assert unsaid("requests.by_status.open")(cell) == no_status
    for path in (
        "requests.pending_by_age.m0", f"requests.pending_by_department.{subject.department}", "due.waiting",
        "due.by_kind.answer.overdue",
        f"requests.treated_by_department.{subject.department}", f"due.by_department.{subject.department}.overdue",
        f"delays.by_department.{subject.department}.treated.requests", "delays.by_measure.treated.requests",
    ):  # fmt: skip
        assert unsaid(path)(cell) == no_status, path
    silent = unsaid("interactions.by_channel.phone")
    assert silent(cell) == cell._replace(counts=tuple(0 if n == 0 else count for n, count in enumerate(cell.counts)))
    assert silent(contact) == contact._replace(channel="", counts=(0,) * len(cell.counts)), "voicemail is a telephone"
    assert unsaid("interactions.follow_ups")(contact) is None
    assert unsaid("requests.pending_by_age.m12", "satisfaction.by_rating.1", "requests.transfers")(cell) == cell
    assert Silence.of(["2023-Q1/requests.by_kind.complaint"], QUARTER, layout)(cell) == cell


def test_complaints_of_the_direction_generale_are_a_count_of_their_own() -> None:
    """POL-33: two columns together tell it."""
    layout = Layout(town())
    cell = Cell(NATURES["complaint"], OTHER, "", "", (0,) * 9, layout.unit("direction_generale"), "")

    assert unsaid("requests.to_direction_generale")(cell) == cell._replace(unit="")
    assert INFORMATION not in unsaid("requests.received").natures
