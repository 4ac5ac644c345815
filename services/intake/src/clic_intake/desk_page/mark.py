"""What has to be seen of a request at once."""

from __future__ import annotations

import datetime as dt

from clic_intake.core.worklist import Row
from clic_intake.web import Words
from clic_intake.worklist.query import Entry


def away(t: Words, due: dt.datetime, now: dt.datetime) -> str:
    """How far a due date is from now, to the hour or the day in the town."""
    days = abs((due.astimezone(t.zone).date() - now.astimezone(t.zone).date()).days)
    hours = int(abs((due - now).total_seconds()) // 3600)
    far = t.counted(days, t("jour", "day"), t("jours", "days")) if days else f"{hours}\u00a0h"
    return t(f"en retard de {far}", f"{far} late") if due <= now else t(f"dans {far}", f"in {far}")


def marks(t: Words, row: Row | Entry, now: dt.datetime) -> list[tuple[str, str]]:
    """What has to be seen at once: how it is drawn, and the word."""
    if isinstance(row, Row):
        owed = row.next_owed
        due_at, failed = owed.due_at if owed else None, len(row.undelivered)
        confidential = row.confidential_to is not None
    else:
        due_at, failed, confidential = row.due_at, row.letters_failed, row.confidential
    found = [
        ("grave", t("Urgente", "Urgent"), row.urgent),
        ("grave", t("En retard", "Late"), due_at is not None and due_at <= now),
        ("grave", t("Lettre non livrée", "Letter not delivered"), failed > 0),
        ("grave", t("Nouvelle de la personne", "News of the citizen"), row.heard_since is not None),
        ("", t("Confidentielle", "Confidential"), confidential),
        ("", t("Inhabituelle", "Unusual"), row.unusual),
        ("", t("En attente du citoyen", "Waiting for the citizen"), bool(row.missing)),
        ("", t("Données effacées", "Data erased"), row.erased),
    ]
    return [(look, word) for look, word, holds in found if holds]
