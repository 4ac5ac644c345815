"""The limit for deciding on access in words: by the letter of the law, what moved it, and what the desk works to."""

from __future__ import annotations

import datetime as dt

from clic_intake.core.access import DECISION_DAYS
from clic_intake.core.access_path import Limit
from clic_intake.web import Words


def limit_lines(t: Words, limit: Limit | None, extended_days: int) -> tuple[str, ...]:
    """The limit by the letter of the law, what moved it there, and the day that the desk works to."""
    if limit is None:
        return (t("Échéance pas encore calculée", "Limit not counted yet"),)
    rule = _rule(t, limit, extended_days)
    lines = [
        t("Échéance de la loi", "Limit by law")
        + f"{t.colon} {t.day(limit.due_strict_on)}"
        + (f" – {rule}" if rule else "")
    ]
    moved = [
        step
        for step in limit.trace
        if step.why == "holiday" and not step.counted and step.last_on < limit.due_strict_on
    ]
    if moved and moved[-1].last_on == limit.due_strict_on - dt.timedelta(days=1):
        holiday = t.day(moved[-1].first_on)
        lines.append(
            t(
                f"Le délai tombait le {holiday}, un jour férié : il passe au jour suivant (I-16, art. 52)",
                f"The delay ended on {holiday}, a holiday: it goes on to the next day (I-16, s. 52)",
            )
        )
    if limit.due_prudent_on != limit.due_strict_on:
        lines.append(
            t(
                f"Ce jour-là le bureau est fermé : visez le {t.day(limit.due_prudent_on)}",
                f"The desk is closed on that day: aim for {t.day(limit.due_prudent_on)}",
            )
        )
    return tuple(lines)


def _rule(t: Words, limit: Limit, extended_days: int) -> str:
    """How the limit is counted, by the rule that set it."""
    match limit.rule:
        case "access_law":
            days = limit.within.amount if limit.within else DECISION_DAYS
            if days < DECISION_DAYS:
                return t(
                    f"{days} jours après la réception, le délai de la Ville",
                    f"{days} days after reception, the Town's own delay",
                )
            return t(f"{days} jours après la réception (art. 47)", f"{days} days after reception (s. 47)")
        case "access_extended":
            days = limit.within.amount if limit.within else DECISION_DAYS + extended_days
            return t(
                f"{days} jours après la réception, avec la prolongation (art. 47)",
                f"{days} days after reception, with the extension (s. 47)",
            )
        case "access_third_party":
            return t(
                "quinze jours après la réponse du tiers, ou la fin de son délai (art. 49)",
                "fifteen days after the third party's answer, or the end of their time (s. 49)",
            )
        case _:
            return ""
