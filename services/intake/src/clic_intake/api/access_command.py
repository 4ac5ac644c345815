"""What agents command about an access request's path, and about what a person judges or an outside body does.

Source: POL-05 to POL-12, POL-20 to POL-24, POL-29, A-2.1 art. 25, 49, 135.
"""

from pydantic import Field

from clic_contracts.event import (
    AccessClassified,
    Event,
    RequestAdmitted,
    RequestHandedBack,
    RequestHandedOver,
    ReviewDecided,
    ReviewRequested,
    Sealed,
    ThirdPartyAnswered,
    ThirdPartyIdentified,
    ThirdPartyNotified,
)
from clic_contracts.submission import Day, Requester, ShortText, Text
from clic_contracts.vocabulary import AccessNature, BodyCode, Code, RequestId, ReviewOutcome, ThirdPartyPosition

from .stating import Command, Told


class ThirdParty(Requester):
    """Who a third party is, and how to reach them. Sealed at once; nothing of it leaves intake."""

    name: ShortText  # A third party is known by name, a requester may not be.


class Classify(Command):
    """What an access request is for, as the yearly account tells them apart (POL-04); a later one corrects it."""

    PATH = "classify"

    nature: AccessNature

    def _event(self, sealed: Sealed | None) -> Event:
        del sealed
        return AccessClassified(nature=self.nature)


class IdentifyThirdParty(Command):
    """A document that is asked for concerns a third party, who must be heard (A-2.1 art. 23 to 25)."""

    PATH = "identify-third-party"

    third_party: ThirdParty
    third_party_id: RequestId | None = Field(
        default=None, description="A UUID to name them by from then on; the story tells it where it is left out."
    )

    def _event(self, sealed: Sealed | None) -> Event:
        assert self.third_party_id is not None  # See `known_as`.
        return ThirdPartyIdentified(third_party_id=self.third_party_id, sealed=sealed)

    def known_as(self, third_party_id: RequestId) -> "IdentifyThirdParty":
        """The same, under this id where it has none."""
        return self if self.third_party_id is not None else self.model_copy(update={"third_party_id": third_party_id})


class NotifyThirdParty(Told):
    """A third party was told, and has twenty days to be heard; silence is consent (A-2.1 art. 25, 49)."""

    PATH = "notify-third-party"

    third_party_id: RequestId

    def _event(self, sealed: Sealed | None) -> Event:
        del sealed
        return ThirdPartyNotified(third_party_id=self.third_party_id, notice=self.delivery)


class TakeThirdPartyAnswer(Command):
    """A third party consents to a document being given, or objects, within their delay (A-2.1 art. 49)."""

    PATH = "third-party-answer"

    third_party_id: RequestId
    position: ThirdPartyPosition
    text: Text = ""

    def _event(self, sealed: Sealed | None) -> Event:
        return ThirdPartyAnswered(third_party_id=self.third_party_id, position=self.position, sealed=sealed)


class ReportReviewRequested(Command):
    """The citizen asked the Commission d'accès à l'information for a review (POL-24, A-2.1 art. 135)."""

    PATH = "review-requested"

    requested_on: Day = Field(description="When the Commission was asked; `occurred_at` is when the town knew.")
    text: Text = Field(default="", description="The Commission's file number, and what is asked; sealed.")

    def _event(self, sealed: Sealed | None) -> Event:
        return ReviewRequested(requested_on=self.requested_on, sealed=sealed)


class ReportReviewDecided(Command):
    """A review by the Commission d'accès à l'information ended (A-2.1 art. 135, 141)."""

    PATH = "review-decided"

    outcome: ReviewOutcome
    text: Text = Field(default="", description="What was decided; sealed.")

    def _event(self, sealed: Sealed | None) -> Event:
        return ReviewDecided(outcome=self.outcome, sealed=sealed)


class Admit(Command):
    """It is admissible, as a person judged (POL-05 to POL-09); of a complaint, by which criteria (POL-12)."""

    PATH = "admit"

    complaint_criteria: tuple[Code, ...] = Field(default=(), max_length=50)
    text: Text = Field(default="", description="On what ground; sealed.")

    def _event(self, sealed: Sealed | None) -> Event:
        return RequestAdmitted(complaint_criteria=self.complaint_criteria, sealed=sealed)

    def criteria(self) -> tuple[Code, ...]:
        """See `Command.criteria`."""
        return self.complaint_criteria


class HandOver(Command):
    """Work was given to an outside body; the town still answers for it (POL-29)."""

    PATH = "hand-over"

    to: BodyCode
    expected_on: Day | None = Field(
        default=None, description="By the end of this day, as agreed; the town's standard, if left out."
    )

    def _event(self, sealed: Sealed | None) -> Event:
        del sealed
        return RequestHandedOver(to=self.to, expected_on=self.expected_on)

    def bodies(self) -> dict[str, BodyCode]:
        """See `Command.bodies`."""
        return {"to": self.to}


class HandBack(Command):
    """The outside body is done with its part, or will not do it (POL-29)."""

    PATH = "hand-back"

    done: bool

    def _event(self, sealed: Sealed | None) -> Event:
        del sealed
        return RequestHandedBack(done=self.done)


ACCESS_COMMANDS: tuple[type[Command], ...] = (
    Classify,
    IdentifyThirdParty,
    NotifyThirdParty,
    TakeThirdPartyAnswer,
    ReportReviewRequested,
    ReportReviewDecided,
    Admit,
    HandOver,
    HandBack,
)
