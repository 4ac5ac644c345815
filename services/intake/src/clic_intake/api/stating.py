"""What every command of an agent is: a model that says what it states."""

import datetime as dt
from abc import ABC, abstractmethod
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from clic_contracts.event import Delivery, Event, RequestExtended, RequestRefused, Sealed
from clic_contracts.submission import Instant
from clic_contracts.vocabulary import BodyCode, Channel, Code, DeliveryProof, RequestId
from clic_intake.core.request import Extend, Record, Refuse, Statement


class Command(BaseModel, ABC):
    """What an agent says was done, or is to be so. The docstring is the route's description."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    PATH: ClassVar[str]

    occurred_at: Instant | None = Field(default=None, description="When it happened; now, if left out.")

    def statement(self, at: dt.datetime, sealed: Sealed | None) -> Statement:
        """What it states; `sealed` holds what is personal of it."""
        event = self._event(sealed)
        match event:
            case RequestRefused():
                return Refuse(event, at)
            case RequestExtended():
                return Extend(event, at)
            case _:
                return Record(event, at)

    @abstractmethod
    def _event(self, sealed: Sealed | None) -> Event:
        """What happened."""

    def others(self) -> tuple[RequestId, ...]:
        """Other requests that it names."""
        return ()

    def bodies(self) -> dict[str, BodyCode]:
        """Outside bodies that it names, by its field."""
        return {}

    def criteria(self) -> tuple[Code, ...]:
        """Criteria of the Direction générale's form that it names (POL-12)."""
        return ()


class Told(Command, ABC):
    """What somebody was told, and by which channel, as an agent says."""

    channel: Channel = Field(description="By which they were told.")

    @property
    def delivery(self) -> Delivery:
        """As an agent says."""
        return Delivery(channel=self.channel, proof=DeliveryProof.AGENT)
