"""The layout of Montréal's « Requêtes 311 », and how a request or a contact is written in it.

The words are the city's, so that whoever reads its file reads ours, and `clic import montreal-311` too.
"""

from __future__ import annotations

from typing import NamedTuple

from clic_contracts.town import Town
from clic_contracts.vocabulary import Channel, Kind

COUNTS = (
    "PROVENANCE_TELEPHONE", "PROVENANCE_COURRIEL", "PROVENANCE_PERSONNE", "PROVENANCE_COURRIER",
    "PROVENANCE_TELECOPIEUR", "PROVENANCE_INSTANCE", "PROVENANCE_MOBILE", "PROVENANCE_MEDIASOCIAUX",
    "PROVENANCE_SITEINTERNET",
)  # fmt: skip
"""Columns that count the contacts by each channel."""
HEADER = (
    "ID_UNIQUE", "NATURE", "ACTI_NOM", "TYPE_LIEU_INTERV", "RUE", "RUE_INTERSECTION1", "RUE_INTERSECTION2",
    "LOC_ERREUR_GDT", "ARRONDISSEMENT", "ARRONDISSEMENT_GEO", "LIN_CODE_POSTAL", "DDS_DATE_CREATION",
    "PROVENANCE_ORIGINALE", *COUNTS, "UNITE_RESP_PARENT", "LOC_LONG", "LOC_LAT", "LOC_X", "LOC_Y", "DERNIER_STATUT",
    "DATE_DERNIER_STATUT",
)  # fmt: skip

INFORMATION = "Information"
"""A contact that opened no request."""
NATURES: dict[str, str] = {
    Kind.REQUEST: "Requete",
    Kind.REPORT: "Requete",
    Kind.COMPLAINT: "Plainte",
    Kind.COMMENT: "Commentaire",
    Kind.SUGGESTION: "Commentaire",
}
"""Kinds that are published; the city's file knows no others. Access requests are confidential (POL-26)."""
STATUSES: dict[str, str] = {
    "closed": "Terminée",
    "refused": "Refusée",
    "withdrawn": "Annulée",
    "voided": "Supprimée",
    "reopened": "Réactivée",
    "open": "Prise en charge",
}
_PHONE, _EMAIL, _COUNTER, _LETTER, _FAX, _COUNCIL, _MOBILE, _SOCIAL, _WEB = range(len(COUNTS))
CHANNELS: dict[str, tuple[str, int]] = {
    Channel.PHONE: ("Téléphone", _PHONE),
    Channel.VOICEMAIL: ("Téléphone", _PHONE),
    Channel.EMAIL: ("Courriel", _EMAIL),
    Channel.COUNTER: ("En personne", _COUNTER),
    Channel.LETTER: ("Courrier", _LETTER),
    Channel.FAX: ("Télécopieur", _FAX),
    Channel.COUNCIL: ("Instance", _COUNCIL),
    Channel.ELECTED_OFFICIAL: ("Instance", _COUNCIL),
    Channel.MOBILE_APP: ("Mobile", _MOBILE),
    Channel.MESSENGER: ("Médias sociaux", _SOCIAL),
    Channel.SOCIAL_MEDIA: ("Médias sociaux", _SOCIAL),
    Channel.WEB_FORM: ("Site internet", _WEB),
}
"""Channel → what the file calls it, and which of its columns counts it. What is unknown stays empty."""
OTHER = "Autre"
"""The category of what no subject foresaw, and of what is too rare to be told apart."""


class Cell(NamedTuple):
    """Everything that the file says of a row but its month and its id."""

    nature: str
    category: str
    sector: str
    channel: str
    counts: tuple[int, ...]
    unit: str
    status: str


class Layout:
    """Rows in a town's words."""

    def __init__(self, town: Town) -> None:
        self._town = town
        self.place = town.name.fr

    def category(self, subject: str | None) -> str:
        """The name of a subject."""
        found = self._town.subject_by_code.get(subject or "")
        return found.name.fr if found else OTHER

    def unit(self, department: str | None) -> str:
        """The name of a department."""
        found = self._town.department_by_code.get(department or "")
        return found.name.fr if found else ""

    def request(
        self,
        *,
        kind: str,
        subject: str | None,
        sector: str | None,
        first_channel: str,
        further: dict[str, int],
        department: str | None,
        status: str,
    ) -> Cell:
        """A request; `further` counts its contacts after the first, by channel."""
        counts = [0] * len(COUNTS)
        for channel, contacts in ((first_channel, 1), *further.items()):
            if channel in CHANNELS:
                counts[CHANNELS[channel][1]] += contacts
        return Cell(
            nature=NATURES[kind],
            category=self.category(subject),
            sector=sector or "",
            channel=CHANNELS[first_channel][0] if first_channel in CHANNELS else "",
            counts=tuple(counts),
            unit=self.unit(department),
            status=STATUSES[status],
        )

    def contact(self, *, channel: str, subject: str | None) -> Cell:
        """A contact that opened no request."""
        name, column = CHANNELS.get(channel, ("", None))
        counts = tuple(int(each == column) for each in range(len(COUNTS)))
        return Cell(INFORMATION, self.category(subject), "", name, counts, "", "")

    def row(self, row_id: str, month: str, cell: Cell) -> tuple[str, ...]:
        """A row of the file, in the order of `HEADER`. Days, streets and positions are never told."""
        said = {
            "ID_UNIQUE": row_id,
            "NATURE": cell.nature,
            "ACTI_NOM": cell.category,
            "ARRONDISSEMENT": self.place,
            "ARRONDISSEMENT_GEO": cell.sector,
            "DDS_DATE_CREATION": f"{month}-01",
            "PROVENANCE_ORIGINALE": cell.channel,
            **dict(zip(COUNTS, map(str, cell.counts), strict=True)),
            "UNITE_RESP_PARENT": cell.unit,
            "DERNIER_STATUT": cell.status,
        }
        return tuple(said.get(column, "") for column in HEADER)


def _without_further_contacts(cell: Cell) -> Cell:
    column = next((column for name, column in CHANNELS.values() if name == cell.channel), None)
    return cell._replace(counts=tuple(int(each == column) for each in range(len(COUNTS))))


def _without_sector(cell: Cell) -> Cell:
    return cell._replace(sector="")


def _without_channel(cell: Cell) -> Cell:
    return cell._replace(channel="", counts=(0,) * len(COUNTS))


def _without_subject(cell: Cell) -> Cell:
    return cell._replace(category=OTHER, unit="")


def _without_status(cell: Cell) -> Cell:
    return cell._replace(status="")


STEPS = {
    "further contacts not counted": _without_further_contacts,
    "sector left blank": _without_sector,
    "channel left blank": _without_channel,
    "category « Autre », unit left blank": _without_subject,
    "status left blank": _without_status,
}
"""What is given up for a rare row, from the least to the most; month and nature never are, so that the figures of a
quarter by nature hold but for the rows that are left out."""
