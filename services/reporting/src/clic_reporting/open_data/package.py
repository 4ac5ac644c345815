"""What stands beside the file: a Frictionless data package that says what each column holds and what was done to it.

Source: Data Package (frictionlessdata.io), Table Schema.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from clic_contracts.town import Town
from clic_reporting.core.french import NBSP

from .layout import COUNTS, HEADER, INFORMATION, NATURES, STATUSES
from .publication import Publication

LICENCE = {
    "name": "CC-BY-4.0",
    "title": "Creative Commons Attribution 4.0 International",
    "path": "https://creativecommons.org/licenses/by/4.0/",
}
"""As Montréal publishes its own; rows that were imported from its file come under it."""
_COLUMNS: dict[str, str] = {
    "ID_UNIQUE": "Numéro de la ligne dans cette publication seulement; vide pour un contact sans demande.",
    "NATURE": "Requete (requêtes et signalements), Plainte, Commentaire (et suggestions), Information (contact sans "
    "demande).",
    "ACTI_NOM": f"Sujet, selon la Ville; «{NBSP}Autre{NBSP}» s’il n’était pas prévu, s’il est trop rare ou "
    "tu par le rapport.",
    "ARRONDISSEMENT": "La Ville.",
    "ARRONDISSEMENT_GEO": "Secteur; vide s’il est inconnu ou trop rare.",
    "DDS_DATE_CREATION": f"Mois de la réception, écrit comme son premier jour{NBSP}: le jour n’est pas publié.",
    "PROVENANCE_ORIGINALE": "Canal du premier contact; vide s’il est inconnu, trop rare ou tu par le rapport.",
    "UNITE_RESP_PARENT": "Service responsable; vide s’il n’y en a pas encore, si le sujet est trop rare ou tu "
    "par le rapport.",
    "DERNIER_STATUT": "État à la date du rapport du trimestre; vide s’il est trop rare ou tu par le rapport.",
}
_NEVER = f"Toujours vide{NBSP}: jamais publié, pour que personne ne soit reconnu."


def data_package(town: Town, publication: Publication, *, path: str, size: int, sha256: str) -> dict[str, Any]:
    """The package of one file. `path` is its name beside the package."""
    return {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": f"{town.code.replace('_', '-')}-requetes",
        "title": f"Demandes et contacts – {town.name.fr}",
        "description": _description(publication),
        "version": str(publication.position),
        "licenses": [LICENCE],
        "contributors": [{"title": town.name.fr, "roles": ["publisher"]}],
        "resources": [
            {
                "name": "requetes",
                "title": f"Demandes reçues, {publication.months}",
                "path": path,
                "format": "csv",
                "mediatype": "text/csv",
                "encoding": "utf-8",
                "bytes": size,
                "hash": f"sha256:{sha256}",
                "schema": {"fields": [_field(name) for name in HEADER], "missingValues": [""]},
            }
        ],
        "clic": {
            "position": publication.position,
            "definition": publication.definition,
            "firstMonth": f"{publication.first_on:%Y-%m}",
            "lastMonth": f"{publication.next_on - dt.timedelta(days=1):%Y-%m}",
            "k": publication.k,
            "rows": dict(sorted(publication.rows.items())),
            "reports": [
                {"period": each.period, "number": each.number, "position": each.position, "sha256": each.checksum}
                for part in publication.parts
                if (each := part.report) is not None
            ],
        },
    }


def _description(publication: Publication) -> str:
    return (
        f"Dans la disposition du fichier «{NBSP}Requêtes 311{NBSP}» de la Ville de Montréal. "
        f"Données anonymisées{NBSP}: chaque ligne, hormis son numéro, est identique à {publication.k - 1} autres au "
        "moins; ce qui est plus rare est généralisé (contacts répétés, secteur, canal, sujet, état), puis retiré. "
        "Le jour, l’adresse et la référence ne sont pas publiés. Les demandes d’accès à l’information et les autres "
        "demandes confidentielles n’y sont pas. "
        "Les lignes disent ce qui était connu au moment du rapport publié de leur trimestre, et taisent ce qu’il tait"
        f"{NBSP}: la nature (la ligne est alors retirée), le sujet, le canal, le service ou l’état dont il masque le "
        "nombre. Quelques lignes de plus sont retirées chaque mois, parmi les plus fréquentes, de "
        "sorte que leur nombre ne révèle pas celui des demandes confidentielles; combien l’ont été n’est pas publié."
    )


def _field(name: str) -> dict[str, Any]:
    if name in COUNTS:
        channel = name.removeprefix("PROVENANCE_").lower()
        return {
            "name": name,
            "type": "integer",
            "description": f"Nombre de contacts par ce canal ({channel}); 0 si le canal est tu.",
        }
    said: dict[str, Any] = {"name": name, "type": "string", "description": _COLUMNS.get(name, _NEVER)}
    if name == "DDS_DATE_CREATION":
        said["type"] = "date"
    if name == "NATURE":
        said["constraints"] = {"required": True, "enum": sorted({*NATURES.values(), INFORMATION})}
    if name == "DERNIER_STATUT":
        said["constraints"] = {"enum": sorted(STATUSES.values())}
    return said


def categories(town: Town) -> str:
    """The table with which `clic import montreal-311 --categories` finds the town's subjects again."""
    lines = [f'{each.code}: ["{each.name.fr}"]' for each in town.subjects]
    return "\n".join(["# Sujets de la Ville par catégorie (ACTI_NOM) de ses données ouvertes.", *lines, ""])
