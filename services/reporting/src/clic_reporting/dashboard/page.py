"""The dashboard's pages as HTML, in French or in English."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined

from clic_chassis.identity import IdentityError, NoRoleError, TooManyTriesError
from clic_chassis.identity.oidc import ProviderAwayError
from clic_contracts.town import Town
from clic_contracts.vocabulary import Language
from clic_reporting.access import Reader
from clic_reporting.core.dashboard import RISK_BUSINESS_DAYS, Month, Rate
from clic_reporting.core.figure import AGES, NONE
from clic_reporting.core.label import Labels, label
from clic_reporting.core.language import Words, words

from .asset import Assets
from .chart import chart_addresses
from .figures import ZONE, Page, Standing
from .selection import Selection, Show

_SHOWS: dict[Show, tuple[str, str]] = {
    Show.PENDING: ("En attente", "Pending"),
    Show.LATE: ("Obligations en retard", "Late obligations"),
    Show.RISK: ("Obligations à risque", "Obligations at risk"),
    Show.DUE_TODAY: ("À échéance aujourd’hui", "Due today"),
    Show.DUE_WEEK: ("À échéance cette semaine", "Due this week"),
    Show.TODAY: ("Reçues aujourd’hui", "Received today"),
    Show.QUARTER: ("Reçues ce trimestre", "Received this quarter"),
}
_AGES: dict[str, tuple[str, str]] = {
    "m0": ("Reçues ce mois-ci", "Received this month"),
    "m1_2": ("Le mois dernier ou le précédent", "Last month or the one before"),
    "m3_5": ("Il y a 3 à 5 mois", "3 to 5 months ago"),
    "m6_11": ("Il y a 6 à 11 mois", "6 to 11 months ago"),
    "m12": ("Il y a 12 mois ou plus", "12 months ago or more"),
}
_STATUSES: dict[str, tuple[str, str]] = {
    "open": ("En traitement", "In progress"),
    "reopened": ("Rouverte", "Reopened"),
    "closed": ("Fermée", "Closed"),
    "refused": ("Refusée", "Refused"),
    "withdrawn": ("Retirée", "Withdrawn"),
    "voided": ("Annulée", "Voided"),
}
_KINDS: dict[str, tuple[str, str]] = {
    "request": ("Requête", "Request"),
    "report": ("Signalement", "Report"),
    "complaint": ("Plainte", "Complaint"),
    "comment": ("Commentaire", "Comment"),
    "suggestion": ("Suggestion", "Suggestion"),
    "access_to_information": ("Accès à l’information", "Access to information"),
}
_COMPARED: dict[str, tuple[str, str]] = {"received": ("Reçues", "Received"), "treated": ("Traitées", "Treated")}
NBSP = "\u00a0"
_MONTHS: dict[Language, tuple[str, ...]] = {
    Language.FR: (
        "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre",
        "décembre",
    ),
    Language.EN: (
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ),
}  # fmt: skip


class Look:
    """Who looks at a page, in which language, and at which address."""

    def __init__(
        self, language: Language, path: str, query: Mapping[str, str], *, name: str | None, form_key: str
    ) -> None:
        """`name` is whose session it is, None: nobody's; `form_key` is what forms of the page send back."""
        self.language = language
        self.name = name
        self.form_key = form_key
        self._path = path
        self._query = dict(query)

    def in_other(self) -> str:
        """The same page in the other language."""
        other = Language.FR if self.language is Language.EN else Language.EN
        return f"{self._path}?{urlencode({**self._query, 'lang': other})}"


class DashboardPages:
    """The pages of one town."""

    def __init__(self, town: Town, assets: Assets, file_link: str | None = None) -> None:
        """`file_link` leads to a request's file: an address with `{reference}` or `{request_id}` in it."""
        self._departments = [each.code for each in town.departments]
        self._subjects = [each.code for each in town.subjects]
        self._labels = {language: Labels(town, language) for language in Language}
        self._file_link = file_link
        self._environment = Environment(
            loader=PackageLoader("clic_reporting", "templates/dashboard"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        self._environment.globals |= {"asset": assets.address, "NONE": NONE, "Show": Show}

    def state(
        self,
        found: Standing,
        look: Look,
        reader: Reader,
        *,
        department: str | None,
        now: dt.datetime,
        standing: str | None,
    ) -> str:
        """The dashboard of all that a reader sees, or of one department. `standing`: why the figures stand still."""
        said = self._said(look)
        return self._rendered(
            "state.html.j2",
            look,
            own=[self._labels[look.language].department(each) for each in sorted(reader.departments or ())],
            state=found.state,
            oldest=found.oldest,
            position=found.position,
            at=now.astimezone(ZONE),
            department=department,
            whole=reader.sees_all and department is None,
            standing=standing,
            charts=chart_addresses(found.state.months, look.language),
            ages=[(said(*_AGES[age]), found.state.ages[age]) for age in AGES],
            compared=[(said(*_COMPARED[each.name]), each) for each in found.state.compared],
            risk_days=RISK_BUSINESS_DAYS,
            list_of=lambda show, **more: Selection(show, **{"department": department, **more}).address(),
        )  # fmt: skip

    def requests(self, found: Page, look: Look, reader: Reader, selection: Selection, *, now: dt.datetime) -> str:
        """A page of a list."""
        said = self._said(look)
        departments = self._departments if reader.departments is None else sorted(reader.departments)
        return self._rendered(
            "requests.html.j2",
            look,
            reader=reader,
            page=found,
            selection=selection,
            at=now.astimezone(ZONE),
            now=now,
            shows=[(show, said(*names)) for show, names in _SHOWS.items()],
            show_name=said(*_SHOWS[selection.show]),
            departments=departments,
            subjects=self._subjects,
            file_link=self._link if reader.files and self._file_link else None,
            of_obligations=selection.show in (Show.LATE, Show.RISK, Show.DUE_TODAY, Show.DUE_WEEK),
        )

    def enter(self, look: Look, *, then: str, why: str | None = None, with_provider: bool = False) -> str:
        """The page where an agent gives their token, or goes to the town's provider."""
        return self._rendered("enter.html.j2", look, then=then, why=why, with_provider=with_provider)

    def refused(self, look: Look, *, status: HTTPStatus, department: str) -> str:
        """A department's page that the reader may not see, or that there is none of."""
        said, name = self._said(look), self._labels[look.language].department(department)
        if status is HTTPStatus.NOT_FOUND:
            title = said("Ce service n’existe pas", "There is no such department")
            why = said(f"La Ville n’a pas de service « {name} ».", f"The town has no department “{name}”.")
        else:
            title = said("Ces chiffres ne vous sont pas ouverts", "These figures are not open to you")
            why = said(
                f"Vos rôles ne donnent pas à lire « {name} ». L’administration de CLIC peut vous donner le rôle de ce "
                "service.",
                f"Your roles do not read “{name}”. CLIC’s administrator can give you this department’s role.",
            )
        return self._rendered("refused.html.j2", look, title=title, why=why)

    def why(self, look: Look, error: IdentityError) -> str:
        """Why somebody may not enter, for them to read."""
        said = self._said(look)
        match error:
            case TooManyTriesError(wait_s=wait_s):
                return said(f"Trop d’essais{NBSP}: attendez {wait_s} s.", f"Too many tries: wait {wait_s} s.")
            case NoRoleError():
                return said(
                    "Ce jeton est connu, mais ne donne rien à lire ici. L’administration peut y joindre un rôle.",
                    "This token is known, but reads nothing here. CLIC’s administrator can give it a role to read by.",
                )
            case ProviderAwayError():
                return said(
                    "Le service d’identité de la Ville ne répond pas; réessayez dans un instant.",
                    "The town’s identity service does not answer; try again in a moment.",
                )
            case _:
                return said("Ce jeton n’est celui de personne.", "This token is nobody’s.")

    def _link(self, row: Any) -> str:
        assert self._file_link is not None
        return self._file_link.replace("{reference}", row.reference).replace("{request_id}", row.request_id)

    def _said(self, look: Look) -> Words:
        return words(look.language)

    def _rendered(self, template: str, look: Look, **values: Any) -> str:
        said, labels = words(look.language), self._labels[look.language]
        return self._environment.get_template(template).render(
            t=said,
            look=look,
            town=labels.town,
            name_department=lambda code: labels.department(code or NONE),
            name_subject=lambda code: labels.subject(code or NONE),
            name_kind=lambda code: said(*_KINDS.get(code, (code, code))),
            name_status=lambda code: said(*_STATUSES.get(code, (code, code))),
            name_obligation=lambda code: label(labels.obligations, code),
            clock=lambda instant: said.clock(instant.astimezone(ZONE)),
            date=lambda instant: said.day(instant.astimezone(ZONE).date()),
            iso=lambda instant: instant.astimezone(ZONE).isoformat(timespec="minutes"),
            month=lambda day: f"{_MONTHS[look.language][day.month - 1]} {day.year}",
            rate=lambda each: said.share(each.met, each.measured),
            change=lambda now, then: _change(now, then, said),
            away=lambda due, now: _away(due, now, said),
            trend=lambda months, field: _trend(months, field, said, look.language),
            percent=lambda part, whole: round(100 * part / whole, 1) if whole else 0,
            **values,
        )


def _change(now: int, then: int, said: Words) -> str:
    """« +12 % »; nothing where there is nothing to compare with."""
    if not then:
        return ""
    percent = round(100 * (now - then) / then)
    sign = "+" if percent > 0 else "−" if percent < 0 else "±"  # noqa: RUF001 - the true minus sign
    return f"{sign}{said.number(abs(percent))}{said(NBSP, '')}%"


def _away(due: dt.datetime, now: dt.datetime, said: Words) -> str:
    """How far a due instant is from now, to the hour or the day."""
    late = due <= now
    hours = int(abs((due - now).total_seconds()) // 3600)
    days = abs((due.astimezone(ZONE).date() - now.astimezone(ZONE).date()).days)
    told = (
        said.counted(days, said("jour", "day"), said("jours", "days"))
        if days
        else said(f"{hours}{NBSP}h", f"{hours}{NBSP}h")
    )
    if late:
        return said(f"en retard de {told}", f"{told} late")
    return said(f"dans {told}", f"in {told}")


def _trend(months: tuple[Month, ...], field: str, said: Words, language: Language) -> str:
    """A chart in words: where it begins and ends, its highest and its lowest."""

    def value(each: Month) -> float | None:
        if field == "on_time":
            found: Rate = each.on_time
            return found.met / found.measured if found.measured else None
        return int(getattr(each, field))

    def told(each: Month) -> str:
        shown = (
            said.share(each.on_time.met, each.on_time.measured)
            if field == "on_time"
            else said.number(int(getattr(each, field)))
        )
        return f"{shown} ({_MONTHS[language][each.month.month - 1]} {each.month.year})"

    known = [each for each in months if value(each) is not None]
    if not known:
        return said("aucune donnée", "no data")
    highest, lowest = max(known, key=lambda each: value(each) or 0), min(known, key=lambda each: value(each) or 0)
    return said(
        f"de {told(known[0])} à {told(known[-1])}; le plus haut {told(highest)}, le plus bas {told(lowest)}",
        f"from {told(known[0])} to {told(known[-1])}; highest {told(highest)}, lowest {told(lowest)}",
    )
