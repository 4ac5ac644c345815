"""The words of `clic what-if`, French first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from clic_contracts.vocabulary import Language


@dataclass(frozen=True, slots=True)
class Words:
    """What a table says, in one language."""

    about: str
    was: str
    would: str
    met: str
    late: str
    missed: str
    share: str
    all: str
    nobody: str
    unforeseen: str
    confidential: str
    title: str
    nothing: str
    differ: str
    explained: str
    left_out: str
    earlier: str
    applied: str


WORDS: Mapping[Language, Words] = {
    Language.FR: Words(
        about="service, objet",
        was="était",
        would="serait",
        met="tenues",
        late="tard",
        missed="échues",
        share="%",
        all="Tout",
        nobody="Aucun service",
        unforeseen="objet non prévu",
        confidential="confidentiel",
        title="Demandes reçues du {first} au {last} : {requests}",
        nothing="Aucune demande n’a été reçue du {first} au {last}.",
        differ="{differ} échéances sur {all} auraient une autre issue. Rien n’a été écrit.",
        explained="tard : tenue après l’échéance ; échue : pas encore tenue ; % : à temps, de ce qui est dû.",
        left_out="{count} lignes d’objets où rien ne changerait sont omises ; --all les montre.",
        earlier="Posées par d’autres versions des règles ({versions}) : {count}, dont {differ} diffèrent.",
        applied="Déplacées par `clic calendar apply` : {count}, dont {differ} diffèrent.",
    ),
    Language.EN: Words(
        about="department, subject",
        was="was",
        would="would",
        met="met",
        late="late",
        missed="missed",
        share="%",
        all="All",
        nobody="No department",
        unforeseen="no subject foresaw it",
        confidential="confidential",
        title="Requests received from {first} to {last}: {requests}",
        nothing="No request was received from {first} to {last}.",
        differ="{differ} limits of {all} would end otherwise. Nothing was written.",
        explained="late: kept after its limit; missed: due and not kept yet; %: kept in time, of what is due.",
        left_out="{count} rows of subjects of which nothing would differ are left out; --all shows them.",
        earlier="Set by other versions of the rules ({versions}): {count}, of which {differ} differ.",
        applied="Moved by `clic calendar apply`: {count}, of which {differ} differ.",
    ),
}
