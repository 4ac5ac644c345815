"""Who reads internal figures, by role."""

from __future__ import annotations

import datetime as dt

import pytest
from starlette.requests import Request
from tests.reporting.board import agents

from clic_chassis.agents import Agent
from clic_chassis.clock import ManualClock
from clic_chassis.identity import NoRoleError
from clic_reporting.access import COOKIE, Access, AccessError, Reader, reader_of

DEPARTMENTS = ("clic", "greffe", "travaux_publics_voirie")
AT = dt.datetime(2026, 3, 2, 14, tzinfo=dt.UTC)


def of(*roles: str, name: str = "a.exemple") -> Reader | None:
    return reader_of(Agent(agent=name, roles=roles), DEPARTMENTS)


def request(token: str | None = None) -> Request:
    """A browser's request with a session's cookie, or without one."""
    headers = [] if token is None else [(b"cookie", f"{COOKIE}={token}".encode())]
    return Request({"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": headers})


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands."""
    return ManualClock(AT)


@pytest.fixture
def access(clock: ManualClock) -> Access:
    """Who may read in the sample town."""
    return Access(agents(), DEPARTMENTS, clock)


def test_the_desk_sees_every_department_and_no_confidential_request() -> None:
    """POL-26, POL-29."""
    assert of("agent", "desk") == Reader("a.exemple", None)


def test_the_direction_sees_every_figure_and_no_file() -> None:
    """POL-33: its lists name requests by reference."""
    reader = of("direction")

    assert reader is not None
    assert (reader.sees_all, reader.files, reader.confidential) == (True, False, frozenset())


def test_a_department_sees_its_own() -> None:
    """POL-29."""
    reader = of("travaux_publics_voirie", "agent")

    assert reader is not None
    assert (reader.sees_all, reader.may("travaux_publics_voirie"), reader.may("clic")) == (False, True, False)


def test_roles_add_up() -> None:
    """POL-26: who is of the desk and of the greffe sees all, and the greffe's confidential requests."""
    assert of("desk", "greffe") == Reader("a.exemple", None, frozenset({"greffe"}))
    assert of("clic", "greffe") == Reader("a.exemple", frozenset({"clic", "greffe"}), frozenset({"clic", "greffe"}))


@pytest.mark.parametrize("roles", [(), ("agent",), ("publisher:portail_web",), ("no_department",)])
def test_other_roles_read_nothing(roles: tuple[str, ...]) -> None:
    """POL-38: an agent's command or a publisher's submission is no right to read."""
    assert of(*roles) is None


def test_a_department_may_not_have_the_name_of_a_role(clock: ManualClock) -> None:
    """Its people would see everything."""
    with pytest.raises(AccessError, match="'desk'"):
        Access({}, ("clic", "desk"), clock)


async def test_who_enters_reads_as_they_would_with_their_token(access: Access) -> None:
    """POL-38: the public, a browser's session, and a machine's token."""
    token = await access.identity.enter("desk", "192.0.2.1")
    machine = Request({**request().scope, "headers": [(b"authorization", b"Bearer voirie")]})

    assert await access.reader(request()) is None
    assert await access.reader(request(token)) == Reader("desk.exemple", None)
    assert await access.reader(machine) == of("travaux_publics_voirie", name="voirie.exemple")


async def test_who_has_no_role_is_told_so(access: Access) -> None:
    """It says what is missing."""
    with pytest.raises(NoRoleError, match=r"publisher\.exemple .*department"):
        await access.identity.enter("publisher", "192.0.2.1")
