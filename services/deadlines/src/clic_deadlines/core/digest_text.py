"""A digest in words: subject, plain text, and HTML that every mail program shows, nothing loaded from anywhere."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from .digest import Digest, Line, Notice, Section, Topic
from .french import NBSP, counted, day, full_day

LINES_MAX = 40
"""Lines of a section that are written out; of more it says how many."""

_LABELS: Mapping[Topic, tuple[str, str]] = {
    Topic.LATE: ("en retard", "en retard"),
    Topic.DUE: ("à échéance", "à échéance"),
    Topic.AT_RISK: ("à risque", "à risque"),
    Topic.WAITING: ("en attente", "en attente"),
    Topic.NEW: ("nouvelle", "nouvelles"),
}


class _Tone(NamedTuple):
    """Colours of a topic: of its rule and number, and behind its number. All of 4.5 to 1 at least on white."""

    strong: str
    soft: str


_TONES: Mapping[Topic, _Tone] = {
    Topic.LATE: _Tone("#a61b1b", "#fdecec"),
    Topic.DUE: _Tone("#8a4b00", "#fff3e0"),
    Topic.AT_RISK: _Tone("#6b5900", "#fbf6d9"),
    Topic.WAITING: _Tone("#3d5166", "#eef2f6"),
    Topic.NEW: _Tone("#1c5c3a", "#e8f4ed"),
}
_INK, _QUIET, _RULE, _PAPER = "#1b2430", "#566270", "#dfe4ea", "#f3f5f7"
_TELEPHONE = (
    "@media (max-width:520px){body{padding:0!important}.side{padding-left:16px!important;padding-right:16px!important}"
    "thead{display:none}.line{display:block;padding:6px 0!important;border-bottom:1px solid #dfe4ea}"
    ".line td{display:block;width:auto!important;padding:1px 0!important;border:0!important}}"
)
"""What only programs with style sheets need: a line's cells one under the other where there is no room."""
_FONT = "font-family:'Segoe UI',Helvetica,Arial,sans-serif"


@dataclass(frozen=True, slots=True)
class Written:
    """A digest as a mail."""

    subject: str
    text: str
    html: str


def write(digest: Digest) -> Written:
    """A digest as a mail, in French: the town's departments read French."""
    return Written(_subject(digest), _text(digest), _html(digest))


def _subject(digest: Digest) -> str:
    if digest.notice is not Notice.DEPARTMENT:
        return f"Échéances dépassées au {day(digest.today)}{NBSP}: {digest.count(Topic.LATE)} à votre attention"
    counts = [(topic, digest.count(topic)) for topic in (Topic.LATE, Topic.DUE, Topic.AT_RISK)]
    told = ", ".join(f"{count} {_label(topic, count)}" for topic, count in counts if count)
    return f"Échéances du {day(digest.today)}{NBSP}: {told or 'rien ne presse'} – {digest.name}"


def _label(topic: Topic, count: int) -> str:
    return _LABELS[topic][count > 1]


def _title(digest: Digest) -> str:
    match digest.notice:
        case Notice.DEPARTMENT:
            return "Vos échéances"
        case Notice.HEAD:
            return "Échéances dépassées de votre service"
        case Notice.GENERAL_MANAGEMENT:
            return "Échéances dépassées, par service"


def _footer(digest: Digest) -> str:
    who = {
        Notice.DEPARTMENT: "Ce résumé part chaque jour ouvrable",
        Notice.HEAD: "Cet avis part chaque jour ouvrable où une échéance dépassée vous est signalée",
        Notice.GENERAL_MANAGEMENT: "Cet avis part chaque jour ouvrable où une échéance dépassée vous est signalée",
    }[digest.notice]
    return f"{who}. Il ne contient aucun renseignement personnel{NBSP}: le CLIC ouvre chaque dossier par son numéro."


def _more(section: Section) -> list[str]:
    """What is not written out."""
    left = len(section.lines) - LINES_MAX
    more = [f"et {counted(left, 'autre', 'autres')}, à voir au CLIC"] if left > 0 else []
    if section.hidden:
        more.append(counted(section.hidden, "demande confidentielle", "demandes confidentielles"))
    return more


# -- plain text -----------------------------------------------------------------------------------------------------


def _text(digest: Digest) -> str:
    parts = [f"{_title(digest)}\n{digest.name}\n{full_day(digest.today)}"]
    parts += [_section_text(each) for each in digest.sections if each.count]
    return "\n\n".join((*parts, f"-- \n{_footer(digest)}")) + "\n"


def _section_text(section: Section) -> str:
    head = f"{section.title.upper()} ({section.count})"
    limit = _columns(section)[2].lower()
    lines = [_line_text(each, limit) for each in section.lines[:LINES_MAX]]
    return "\n".join((head, *lines, *(f"  {each}" for each in _more(section))))


def _line_text(line: Line, limit: str) -> str:
    note = f" ({', '.join(line.notes)})" if line.notes else ""
    return f"- {line.reference}  {line.about}\n  {line.to_do} – {limit}{NBSP}: {line.due}{note}"


# -- HTML -----------------------------------------------------------------------------------------------------------


def _html(digest: Digest) -> str:
    """Tables and styles within: what mail programs without style sheets show the same."""
    sections = "".join(_section_html(each) for each in digest.sections if each.count)
    return (
        '<!doctype html>\n<html lang="fr">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(_subject(digest))}</title>\n<style>{_TELEPHONE}</style>\n</head>\n"
        f'<body style="margin:0;padding:24px 12px;background:{_PAPER};color:{_INK};{_FONT}">\n'
        '<table role="presentation" align="center" width="100%" cellpadding="0" cellspacing="0" '
        f'style="max-width:720px;margin:0 auto;background:#ffffff;border:1px solid {_RULE};border-radius:8px">\n'
        '<tr><td class="side" style="padding:28px 28px 8px">\n'
        f'<p style="margin:0;font-size:14px;color:{_QUIET}">{html.escape(digest.name)}</p>\n'
        f'<h1 style="margin:2px 0 0;font-size:24px;line-height:1.25;font-weight:600">{_title(digest)}</h1>\n'
        f'<p style="margin:4px 0 0;font-size:15px;color:{_QUIET}">{full_day(digest.today)}</p>\n'
        f"{_figures(digest)}</td></tr>\n{sections}"
        f'<tr><td class="side" style="padding:22px 28px 24px;font-size:13px;line-height:1.5;'
        f'color:{_QUIET}">{html.escape(_footer(digest))}</td></tr>\n</table>\n</body>\n</html>\n'
    )


def _figures(digest: Digest) -> str:
    """How many of each, at a glance; of a notice the sections themselves say it."""
    if digest.notice is not Notice.DEPARTMENT:
        return ""
    cells = []
    for n, each in enumerate(digest.sections):
        strong, soft = _TONES[each.topic] if each.count else (_QUIET, _PAPER)
        gap = ";border-left:6px solid #ffffff" if n else ""
        cells.append(
            f'<td width="20%" style="padding:10px 2px;background:{soft}{gap};text-align:center">'
            f'<span style="display:block;font-size:24px;line-height:1.1;font-weight:600;color:{strong}">{each.count}'
            f'</span><span style="font-size:13px;color:{strong}">{_label(each.topic, each.count)}</span></td>'
        )
    return (
        '<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="margin:16px 0 4px">'
        f"<tr>{''.join(cells)}</tr></table>\n"
    )


def _section_html(section: Section) -> str:
    strong = _TONES[section.topic].strong
    rows = "".join(_line_html(each) for each in section.lines[:LINES_MAX])
    more = "".join(
        f'<p style="margin:8px 0 0;font-size:14px;color:{_QUIET}">{html.escape(each)}</p>' for each in _more(section)
    )
    table = (
        '<table width="100%" cellpadding="0" cellspacing="0" style="border-collapse:collapse;font-size:14px;'
        f'line-height:1.4">\n<thead><tr>{"".join(map(_head_html, _columns(section)))}</tr></thead>\n'
        f"<tbody>\n{rows}</tbody></table>"
    )
    return (
        f'<tr><td class="side" style="padding:16px 28px 8px"><h2 style="margin:0 0 4px;font-size:17px;color:{strong}">'
        f'{html.escape(section.title)} <span style="font-weight:400">({section.count})</span></h2>\n'
        f"{table if section.lines else ''}{more}</td></tr>\n"
    )


def _columns(section: Section) -> tuple[str, ...]:
    match section.topic:
        case Topic.NEW:
            return ("Demande", "Nature", "Échéance")
        case Topic.WAITING:
            return ("Demande", "À faire ensuite", "Réponse attendue")
        case _:
            return ("Demande", "À faire", "Échéance")


def _head_html(name: str) -> str:
    return (
        f'<th scope="col" align="left" style="padding:4px 12px 4px 0;font-size:12px;font-weight:400;color:{_QUIET};'
        f'border-bottom:1px solid {_RULE}">{name}</th>'
    )


def _line_html(line: Line) -> str:
    cell = f"padding:8px 12px 8px 0;vertical-align:top;border-bottom:1px solid {_RULE}"
    notes = "".join(
        f'<br><span style="font-size:13px;color:{_QUIET}">{html.escape(each)}</span>' for each in line.notes
    )
    return (
        f'<tr class="line"><td width="38%" style="{cell}">'
        f'<strong style="font-weight:600">{html.escape(line.about)}</strong><br>'
        f'<span style="white-space:nowrap;color:{_QUIET}">{html.escape(line.reference)}</span></td>'
        f'<td width="24%" style="{cell}">{html.escape(line.to_do)}</td>'
        f'<td width="38%" style="{cell};padding-right:0">{html.escape(line.due)}{notes}</td></tr>\n'
    )
