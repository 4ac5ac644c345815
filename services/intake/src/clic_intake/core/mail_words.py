"""What the desk writes down of a mail: its text as a submission holds it, and a note on what was not taken of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from clic_contracts.submission import Requester
from clic_contracts.vocabulary import Reference

from .mail import Mail, Mark

TEXT_CHARS_MAX = 10_000
"""Of a submission's text (`clic_contracts.submission.Text`)."""
NAMES_MAX = 20
"""Attachments that a note names one by one."""
_NBSP = "\u00a0"

_NOT_READ = {
    Mark.HEADERS_CUT: "ses en-têtes sont trop longs",
    Mark.TOO_COMPLEX: "il est trop compliqué pour être lu ici",
    Mark.PARTS_CUT: "il a trop de parties",
    Mark.PART_UNREADABLE: "une de ses parties est illisible",
    Mark.TEXT_CUT: "son texte est trop long",
    Mark.UNREADABLE: "il est illisible",
}


def requester(mail: Mail) -> Requester | None:
    """Who wrote, by the sender's display name and address (POL-06); None: the mail does not say."""
    if mail.name is None and mail.address is None:
        return None
    return Requester(name=mail.name, email=mail.address)


def text_of(mail: Mail) -> tuple[str, bool]:
    """Subject, new words, signature and quotation, each set apart; and whether all of it fitted."""
    parts = [
        f"Objet{_NBSP}: {mail.subject}" if mail.subject else "",
        mail.words.said,
        f"[Signature]\n{mail.words.signature}" if mail.words.signature else "",
        f"[Texte cité]\n{mail.words.quoted}" if mail.words.quoted else "",
    ]
    text = "\n\n".join(each for each in parts if each)
    return text[:TEXT_CHARS_MAX], len(text) <= TEXT_CHARS_MAX


def note(
    marks: Collection[Mark],
    not_attached: Sequence[str],
    *,
    foreign_references: Sequence[Reference] = (),
    from_stranger: bool = False,
) -> str:
    """What an agent has to know of how a mail was taken; empty: nothing.

    It says the same of a reference that there is and of one that there is not: a forged one learns nothing (POL-30).
    """
    lines: list[str] = []
    if foreign_references:
        lines.append(
            f"L’objet du courriel cite {', '.join(foreign_references)}, mais son expéditeur n’est pas connu sous ce "
            "numéro. Le courriel a donc ouvert une nouvelle demande."
        )
    if from_stranger:
        lines.append(
            "Le courriel répond à une lettre de cette demande, mais vient d’une adresse qu’elle ne connaît pas."
        )
    reasons = [_NOT_READ[each] for each in Mark if each in marks]
    if reasons:
        lines.append(f"Le courriel n’a pas été repris en entier{_NBSP}: {', '.join(reasons)}.")
    if not_attached:
        names = ", ".join(f"«{_NBSP}{each}{_NBSP}»" for each in not_attached[:NAMES_MAX])
        more = f" et {len(not_attached) - NAMES_MAX} autres" if len(not_attached) > NAMES_MAX else ""
        lines.append(
            "Pièces jointes non versées au dossier (sorte, taille ou nombre de fichiers non admis)"
            f"{_NBSP}: {names}{more}."
        )
    if reasons or not_attached:
        lines.append("L’original du courriel est conservé, scellé.")
    return "\n".join(lines)
