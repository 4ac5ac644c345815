"""What one publisher may ask of the desk: how often, how large, how much at once. What is beyond is told so."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from time import monotonic

from clic_contracts.problem import Problem, Wording, problem
from clic_contracts.vocabulary import Language

from .publisher_admission import Quotas

MINUTE_S = 60.0
METERED_MAX = 10_000
"""Publishers whose rate is remembered; far more than a town has."""


class RateMeter:
    """How often each publisher asked: a bucket that holds a minute's worth, and fills by the second."""

    def __init__(self, quotas: Quotas, *, clock_s: Callable[[], float] = monotonic) -> None:
        self._quotas = quotas
        self._clock_s = clock_s
        self._left: dict[str, tuple[float, float]] = {}
        """What was left in a publisher's bucket, and when."""

    def wait_s(self, publisher: str, messages: int) -> int:
        """Count messages and give 0, or the whole seconds until the next is taken, and count nothing.

        A batch that is larger than what is left is taken whole: what comes next waits so much longer.
        """
        per_s = self._quotas.of(publisher).messages_per_minute / MINUTE_S
        now = self._clock_s()
        left, at = self._left.get(publisher, (per_s * MINUTE_S, now))
        left = min(per_s * MINUTE_S, left + (now - at) * per_s)
        if left < 1.0:
            return max(1, ceil((1.0 - left) / per_s))
        if publisher not in self._left and len(self._left) >= METERED_MAX:
            self._left.pop(next(iter(self._left)))
        self._left[publisher] = (left - messages, now)
        return 0


def too_often(wait_s: int) -> Wording:
    """That a publisher asked more often than its quota lets it."""
    return Wording(
        fr=f"Vous dépassez le nombre d’envois par minute convenu avec la Ville : attendez {wait_s} s.",
        en=f"You send more per minute than is agreed with the town: wait {wait_s} s.",
    )


def too_large(size_bytes: int, max_bytes: int, language: Language) -> Problem:
    """That a submission is larger than its publisher's quota lets it be."""
    return problem(
        "too-large",
        Wording(fr="L’envoi est trop volumineux", en="The submission is too large"),
        413,
        Wording(
            fr=f"{size_bytes} octets ; au plus {max_bytes} sont convenus avec la Ville. Abrégez le texte.",
            en=f"{size_bytes} bytes; at most {max_bytes} are agreed with the town. Shorten the text.",
        ),
        language=language,
    )


def too_many_pending(pending_max: int, language: Language) -> Problem:
    """That more submissions of a publisher wait than its quota lets it have; this one was not judged."""
    return problem(
        "quota",
        Wording(fr="Trop d’envois attendent déjà", en="Too many submissions are waiting already"),
        429,
        Wording(
            fr=f"Plus de {pending_max} de vos envois attendaient. Celui-ci n’a pas été examiné : renvoyez-le plus "
            "tard, avec le même identifiant et un autre en-tête Nats-Msg-Id.",
            en=f"More than {pending_max} of your submissions were waiting. This one was not judged: send it again "
            "later, with the same id and another header Nats-Msg-Id.",
        ),
        language=language,
    )
