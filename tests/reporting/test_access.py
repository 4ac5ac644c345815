"""Who reads internal figures, by role, by session and by token."""

from __future__ import annotations

import datetime as dt

import pytest
from starlette.requests import Request
from tests.reporting.board import agents

from clic_chassis.agents import Agent
from clic_chassis.clock import ManualClock
from clic_reporting.access import (
    ADDRESSES_MAX,
    COOKIE,
    SESSION_LIFE,
    SESSIONS_MAX,
    TRIES_MAX,
    TRIES_WITHIN,
    Access,
    AccessError,
    NoRoleError,
    Reader,
    TooManyTriesError,
    UnknownTokenError,
    reader_of,
)

DEPARTMENTS = ("clic", "greffe", "travaux_publics_voirie")
AT = dt.datetime(2026, 3, 2, 14, tzinfo=dt.UTC)


def of(*roles: str) -> Reader | None:
    return reader_of(Agent(agent="a.exemple", roles=roles), DEPARTMENTS)


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


def test_a_token_opens_a_session_that_ends(access: Access, clock: ManualClock) -> None:
    """A token is given once a day."""
    token = access.enter("desk", "192.0.2.1")

    assert access.reader(request(token)) == Reader("desk.exemple", None)
    clock.set(AT + SESSION_LIFE)
    assert access.reader(request(token)) is None


def test_without_or_with_another_session_nobody_is_known(access: Access) -> None:
    """The token of an agent is not the token of a session."""
    access.enter("desk", "192.0.2.1")

    assert [access.reader(request(each)) for each in (None, "", "desk", "x" * 500)] == [None] * 4


def test_who_has_no_role_is_told_so(access: Access) -> None:
    """It says what is missing."""
    with pytest.raises(NoRoleError, match=r"publisher\.exemple .*department"):
        access.enter("publisher", "192.0.2.1")


def test_tries_are_bounded_by_address_and_time(access: Access, clock: ManualClock) -> None:
    """Others are not kept out by one who tries."""
    for _ in range(TRIES_MAX):
        with pytest.raises(UnknownTokenError):
            access.enter("wrong", "192.0.2.1")

    with pytest.raises(TooManyTriesError) as refused:
        access.enter("desk", "192.0.2.1")
    assert refused.value.wait_s == 1 + TRIES_WITHIN.total_seconds()
    assert access.enter("desk", "192.0.2.2")
    clock.set(AT + TRIES_WITHIN)
    assert access.enter("desk", "192.0.2.1")


def test_leaving_takes_the_form_of_the_page(access: Access) -> None:
    """Another site's form cannot end a session."""
    token = access.enter("desk", "192.0.2.1")
    session = access.session(request(token))

    assert session is not None
    assert not access.leave(request(token), "guessed")
    assert access.session(request(token)) == session
    assert access.leave(request(token), session.form_key)
    assert access.session(request(token)) is None


def test_sessions_and_addresses_are_bounded(access: Access) -> None:
    """The oldest goes first."""
    first, second = access.enter("desk", ""), access.enter("voirie", "")
    for _ in range(SESSIONS_MAX - 1):
        access.enter("greffe", "")
    for n in range(ADDRESSES_MAX + 1):
        with pytest.raises(UnknownTokenError):
            access.enter("wrong", str(n))

    assert access.session(request(first)) is None
    assert access.session(request(second)) is not None
    assert len(access._tries.at) == ADDRESSES_MAX
