"""An export on paper: a PDF that is tagged for screen readers (PDF/UA-1), set by Typst from `export.typ`.

As reporting sets its report (`clic_reporting.document.pdf`): services share no code, and here is little of it.
"""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import typst

from clic_contracts.town import Town
from clic_contracts.vocabulary import Language
from clic_intake.core.told import content_lines, fact_words
from clic_intake.typesetting import TypesettingError, typeset
from clic_intake.web import Words


def pdf(export: dict[str, Any], town: Town, language: Language) -> bytes:
    """The PDF's bytes: everything of an export but files' contents."""
    made_at = dt.datetime.fromisoformat(export["made_at"])
    data = _data(export, town, language)
    try:
        return typeset("personal/export.typ", "export", data, made_at)
    except typst.TypstError as error:
        raise TypesettingError(f"an export could not be set as a PDF ({type(error).__name__})") from None


def _data(export: dict[str, Any], town: Town, language: Language) -> dict[str, Any]:
    """What the template sets: words, nothing to compute."""
    words = Words(language, ZoneInfo(town.calendar.timezone))

    def when(text: str) -> str:
        return words.clock(dt.datetime.fromisoformat(text))

    def request(each: dict[str, Any]) -> dict[str, Any]:
        return {
            "title": each["reference"] or words("Échange sans demande", "Contact without a request"),
            "requester": [list(line) for line in content_lines(each["requester"] or {}, language)],
            "facts": [
                {
                    "when": when(fact["occurred_at"]),
                    "what": fact_words(fact["type"], language),
                    "lines": [list(line) for line in content_lines(fact["content"] or {}, language)],
                }
                for fact in each["facts"]
            ],
            "files": [
                f"{file['name'] or file['attachment_id']} ({file['media_type']}, {file['size_bytes']} "
                f"{words('octets', 'bytes')})"
                for file in each["files"]
            ],
            "openings": [[when(o["opened_at"]), o["agent"], o["reason"]] for o in each["openings"]],
        }

    return {
        "language": language.value,
        "town": words.name(town.name),
        "title": words("Renseignements personnels détenus par la Ville", "Personal information held by the Town"),
        "lead": words(
            f"Établi le {when(export['made_at'])}. Motif : {export['reason']}",
            f"Made on {when(export['made_at'])}. Reason: {export['reason']}",
        ),
        "words": {
            "requester": words("Ce que la Ville sait de vous", "What the Town knows of you"),
            "facts": words("Ce qui s’est passé", "What happened"),
            "files": words("Fichiers", "Files"),
            "openings": words("Qui a consulté ces renseignements", "Who consulted this information"),
            "when": words("Quand", "When"),
            "who": words("Qui", "Who"),
            "why": words("Pourquoi", "Why"),
            "none": words("Rien.", "Nothing."),
            "page": words("page", "page"),
            "of": words("de", "of"),
        },
        "requests": [request(each) for each in export["requests"]],
    }
