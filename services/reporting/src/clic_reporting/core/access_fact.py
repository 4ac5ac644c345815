"""What reporting reads of the facts of an access request's path: see `clic_reporting.core.fact`.

Never which third party it is (POL-26, POL-38).
"""

from __future__ import annotations

from clic_contracts import event as catalogue
from clic_contracts.vocabulary import AccessNature, ReviewOutcome, ThirdPartyPosition

from .fact import Fact, LimitData, Part


class ClassifiedData(Part):
    """Of `access.classified.v1`."""

    nature: AccessNature


class Classified(Fact, tag=catalogue.AccessClassified.TYPE):
    """What an access request is for."""

    data: ClassifiedData


class ThirdPartyIdentified(Fact, tag=catalogue.ThirdPartyIdentified.TYPE):
    """A document that is asked for concerns a third party."""


class ThirdPartyNotified(Fact, tag=catalogue.ThirdPartyNotified.TYPE):
    """A third party was told."""


class ThirdPartyAnsweredData(Part):
    """Of `access.third_party_answered.v1`."""

    position: ThirdPartyPosition


class ThirdPartyAnswered(Fact, tag=catalogue.ThirdPartyAnswered.TYPE):
    """A third party consents or objects."""

    data: ThirdPartyAnsweredData


class ReviewRequested(Fact, tag=catalogue.ReviewRequested.TYPE):
    """The Commission was asked for a review."""


class ReviewDecidedData(Part):
    """Of `access.review_decided.v1`."""

    outcome: ReviewOutcome


class ReviewDecided(Fact, tag=catalogue.ReviewDecided.TYPE):
    """A review ended."""

    data: ReviewDecidedData


class DeemedRefused(Fact, tag=catalogue.AccessDeemedRefused.TYPE):
    """An access request was not decided in time, which the law takes for a refusal."""

    data: LimitData
