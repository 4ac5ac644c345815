"""Who of those that are known may ask at all: people who work on requests, by their roles."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, HTTPException

from clic_chassis.agents import Agent
from clic_chassis.identity import NoRoleError, current
from clic_contracts.permission import is_staff
from clic_contracts.town import Town
from clic_contracts.vocabulary import Code


def staff_of(town: Town, *also: Code) -> Callable[..., Awaitable[Agent]]:
    """A dependency as `current`, for the desk's and the departments' people, and whoever has one of the roles `also`.

    A publisher's token, an analyst's or an administrator's is answered with 403, whatever is asked for.
    """

    async def staff(agent: Annotated[Agent, Depends(current)]) -> Agent:
        must_be_staff(agent, town, *also)
        return agent

    return staff


def must_be_staff(agent: Agent, town: Town, *also: Code) -> None:
    """Raises `HTTPException`: 403, somebody works neither at the desk nor in a department, nor has a role of `also`."""
    if not is_staff(agent.roles, town) and not any(each in agent.roles for each in also):
        raise HTTPException(403, "this needs the role agent or a department's code, which an operator gives")


def entering(town: Town, *also: Code) -> Callable[[Agent], None]:
    """Who may open a session at the desk's entrance: as `staff_of`; raises `NoRoleError` for others."""

    def may_enter(agent: Agent) -> None:
        if not is_staff(agent.roles, town) and not any(each in agent.roles for each in also):
            raise NoRoleError(f"{agent.agent} has no role here: an operator gives agent or a department's code")

    return may_enter
