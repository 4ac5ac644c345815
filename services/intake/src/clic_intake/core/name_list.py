"""Words about names that the recognition of names needs, each in the form that `term.plain` gives."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


PARTICLES = _words("a al d da de del den der des di do dos du e el et l la le les ten van von y")
"""They stand in names and in every sentence, and make no difference to a name."""

TITLES = _words(
    """docteur docteure dr dre famille m madame mademoiselle maitre me mesdames messieurs mlle mlles mm mme mmes
    monsieur mr mrs ms sieur dame"""
)
"""What follows is a name, with or without a capital."""

SAME = {"st": "saint", "ste": "sainte"}

NOT_FAMILY = _words(
    """anonyme association bonjour centre citoyen citoyenne client comite compagnie conseil cooperative ecole
    fondation groupe inc inconnu inconnue internet locataire ltee mairie personne police proprietaire saint sainte
    secretariat service societe syndicat test ville voisin voisine"""
)
"""What stands in the field of a name and is nobody's: alone it is not looked for."""

COMMON = _words(
    """allard bon beau bellefleur blanc boucher boulanger brun caron charpentier chartier chevalier cloutier cote
    couture dion ferme fleur fontaine forest forget fortin gagne gendron grand gras hardy hebert houle jardin jasmin
    jeune labelle lalonde langlois laplante large lavoie leclair lemay levesque loyer marchand marin martin mercier
    meunier morin page papineau parent paris pelletier perle petit pierre plante poirier prince prudent renaud richard
    riviere rose rouge roy sauvage savoie serre simple tanguay tessier trottier vallee vert viens ville villeneuve
    voyer"""
)
"""Family names that are words, or towns, too: at the beginning of a sentence their capital tells nothing."""

PLACES = _words(
    """allee aqueduc arena autoroute avenue av bibliotheque boise boul boulevard carrefour caserne centre chalet
    chemin college cote cour croissant ecole eglise gare garderie golf hopital hotel impasse lac manoir marche mont
    montagne montee musee parc pavillon piscine piste place plage pointe pont promenade quai quartier rang residence
    riviere rivieres route rue ruelle ruisseau salle secteur sentier square stade station terrain terrasse verger
    viaduc village ville"""
)
"""After one of these a name is a place's: « rue Laforest », « Mont-Saint-Hilaire »."""
