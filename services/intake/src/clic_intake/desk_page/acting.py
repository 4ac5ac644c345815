"""Doing what a filled form means, whoever of intake's parts does it."""

from __future__ import annotations

from pydantic import BaseModel

from clic_chassis.agents import Agent
from clic_chassis.clock import Clock
from clic_contracts.vocabulary import RequestId
from clic_intake.api.command import Command
from clic_intake.api.commanding import Commands
from clic_intake.api.letter import AnswerByLetter, ExtendByLetter, NotifyByLetter
from clic_intake.duplicate.splitting import Part, Splits
from clic_intake.letter.command import Answer, Extension, LetterCommands, ThirdPartyNotice

from .form import SplitOff

AGAIN, WENT_OUT = "again", "went-out"
"""What can be said of a letter that may not have arrived."""


class Acts:
    """Does what agents mean by a form: once for each form, and on what they have seen."""

    def __init__(self, commands: Commands, letters: LetterCommands, splits: Splits, clock: Clock) -> None:
        self._commands = commands
        self._letters = letters
        self._splits = splits
        self._clock = clock

    async def do(self, request_id: RequestId, command: BaseModel, agent: Agent, *, key: str, seen: int) -> None:
        """Do it. Raises as `Commands.do`."""
        if isinstance(command, Command):
            await self._commands.do(request_id, command, agent, key=key, seen=seen)
            return
        await self._commands.must_be_unmoved(request_id, agent, key=key, seen=seen)
        cause = f"{agent.actor}\n{key}"
        match command:
            case AnswerByLetter():
                await self._letters.answer(
                    request_id, Answer(**command.model_dump()), cause_id=cause, actor=agent.actor
                )
            case ExtendByLetter():
                extension = Extension(**command.model_dump())
                await self._letters.extend(request_id, extension, cause_id=cause, actor=agent.actor)
            case NotifyByLetter():
                notice = ThirdPartyNotice(**command.model_dump())
                await self._letters.notify(request_id, notice, cause_id=cause, actor=agent.actor)
            case SplitOff(kind=kind, subject=subject, text=text):
                await self._splits.split(
                    request_id,
                    [Part(kind, text, subject)],
                    cause_id=cause,
                    agent=agent.agent,
                    at=self._clock.now(),
                    timed=False,
                )
            case _:
                raise AssertionError(f"no part of intake does {type(command).__name__}")

    async def settle(self, request_id: RequestId, letter_id: RequestId, what: str, agent: Agent, *, key: str) -> None:
        """Say what is to become of a letter: `AGAIN` or `WENT_OUT`. Raises as `LetterCommands` and `Commands.do`."""
        await self._commands.must_be_unmoved(request_id, agent, key=key, seen=None)
        settle = self._letters.again if what == AGAIN else self._letters.went_out
        await settle(request_id, letter_id, cause_id=f"{agent.actor}\n{key}", actor=agent.actor)
