"""Limits explained in words: each text is read whole, as the citizen reads it."""

from __future__ import annotations

import pytest
from tests.deadlines.desk import ACCESS, RECEIVED, at, make
from tests.deadlines.explaining import Told, heard, plain, set_by, told

from clic_contracts.event import (
    ObligationEscalated,
    ObligationLifted,
    ObligationMet,
    ObligationMissed,
    ObligationPaused,
    ObligationRecounted,
    ObligationSet,
    ObligationWarned,
    RequestReceived,
)
from clic_contracts.town import Town
from clic_contracts.vocabulary import (
    Language,
    RecountReason,
)
from clic_deadlines.core.explain import explain
from clic_deadlines.core.standard import Rules

MOVED = "; une échéance ne tombe pas ce jour-là (Loi d’interprétation, art. 52)"
SATURDAY = "Le dernier jour selon la règle est le {}. Comme ce n’est pas un jour ouvrable, la Ville vise le {}."
PAUSED_DAYS = [
    {"first_on": "2026-05-16", "last_on": "2026-05-17", "counted": False, "why": "weekend"},
    {"first_on": "2026-05-18", "last_on": "2026-05-18", "counted": False, "why": "holiday"},
    {"first_on": "2026-05-19", "last_on": "2026-05-19", "counted": True, "why": "business_day"},
    {"first_on": "2026-05-20", "last_on": "2026-05-22", "counted": False, "why": "paused"},
    {"first_on": "2026-05-23", "last_on": "2026-05-24", "counted": False, "why": "weekend"},
    {"first_on": "2026-05-25", "last_on": "2026-05-28", "counted": True, "why": "business_day"},
]
ANSWER = {"obligation_id": "answer-1", "obligation": "answer"}
PAUSED: Told = (make(ObligationPaused, **ANSWER), "2026-05-20T10:15")
RESUMED: Told = (
    make(
        ObligationRecounted, **ANSWER, because="resumed", due_at="2026-05-29T00:00:00-04:00",
        due_strict_on="2026-05-28", due_prudent_on="2026-05-28", trace=PAUSED_DAYS,
    ),
    "2026-05-22T09:05",
)  # fmt: skip


def test_a_standard_is_explained_day_by_day(town: Town, rules: Rules) -> None:
    """POL-29: weekend, holiday by its name, business days with their sum."""
    found = told(town, "answer-1", set_by(rules, RECEIVED), RECEIVED)
    assert plain(found.text) == (
        "Demande 2026-004217 – Ville imaginaire\n"
        "\n"
        "La Ville doit vous répondre au plus tard le lundi 25 mai 2026.\n"
        "La règle est la norme de la Ville pour le sujet « Ville imaginaire » : 5 jours ouvrables.\n"
        "Le délai part du vendredi 15 mai 2026 à 16 h 20, quand la Ville a reçu votre demande. "
        "Ce jour-là ne compte pas.\n"
        "  – du samedi 16 au dimanche 17 mai : ne comptent pas – fin de semaine\n"
        "  – lundi 18 mai : ne compte pas – Journée nationale des patriotes\n"
        "  – du mardi 19 au vendredi 22 mai : 4 jours ouvrables (4 sur 5)\n"
        "  – du samedi 23 au dimanche 24 mai : ne comptent pas – fin de semaine\n"
        "  – lundi 25 mai : 1 jour ouvrable (5 sur 5)\n"
        "Le dernier jour est le lundi 25 mai 2026 : ce qui est fait avant minuit ce soir-là est fait à temps.\n"
        "Le compte est fait avec le calendrier 2026.1 de la Ville.\n"
        "Le délai court."
    )


@pytest.mark.parametrize(
    ("received_on", "counting", "dates"),
    [
        (
            "2026-03-17",
            ["du mercredi 18 mars au dimanche 5 avril : 19 jours (19 sur 20)",
             f"lundi 6 avril : ne compte pas – lundi de Pâques{MOVED}",
             "mardi 7 avril : 1 jour (20 sur 20)"],
            "Le dernier jour est le mardi 7 avril 2026 : ce qui est fait avant minuit ce soir-là est fait à temps.",
        ),
        (
            "2026-06-04",
            ["du vendredi 5 au mardi 23 juin : 19 jours (19 sur 20)",
             f"mercredi 24 juin : ne compte pas – fête nationale du Québec{MOVED}",
             "jeudi 25 juin : 1 jour (20 sur 20)"],
            "Le dernier jour est le jeudi 25 juin 2026 : ce qui est fait avant minuit ce soir-là est fait à temps.",
        ),
        (
            "2026-12-04",
            ["du samedi 5 au jeudi 24 décembre : 20 jours (20 sur 20)"],
            SATURDAY.format("jeudi 24 décembre 2026", "mercredi 23 décembre 2026"),
        ),
        (
            "2026-12-05",
            ["du dimanche 6 au jeudi 24 décembre : 19 jours (19 sur 20)",
             f"vendredi 25 décembre : ne compte pas – Noël{MOVED}",
             "samedi 26 décembre : 1 jour (20 sur 20)"],
            SATURDAY.format("samedi 26 décembre 2026", "mercredi 23 décembre 2026"),
        ),
        (
            "2026-03-14",
            ["du dimanche 15 mars au jeudi 2 avril : 19 jours (19 sur 20)",
             f"vendredi 3 avril : ne compte pas – Vendredi saint{MOVED}",
             "samedi 4 avril : 1 jour (20 sur 20)"],
            SATURDAY.format("samedi 4 avril 2026", "jeudi 2 avril 2026"),
        ),
    ],
)  # fmt: skip
def test_the_law_is_explained_with_its_articles(
    town: Town, rules: Rules, received_on: str, counting: list[str], dates: str
) -> None:
    """A-2.1 art. 47, I-16 art. 52 and 61: the vectors of the law, strict and prudent."""
    access = (ACCESS[0], f"{received_on}T09:00")
    found = told(town, "decide_access-1", set_by(rules, access), access, now=f"{received_on}T10:00")
    assert [plain(each) for each in found.counting] == counting
    assert plain(found.dates[0]) == dates
    assert plain(found.rule) == (
        "La règle est la Loi sur l’accès (RLRQ, c. A-2.1, art. 47), qui compte les jours à partir de la "
        "réception : 20 jours."
    )


def test_a_pause_is_explained_and_the_days_that_it_took(town: Town, rules: Rules) -> None:
    """POL-06, POL-21: from the asking to the reply no day counts; the limit before and after are both told."""
    own = [*set_by(rules, RECEIVED), PAUSED, RESUMED]
    found = told(town, "answer-1", own, RECEIVED, now="2026-05-25T10:00")
    assert plain(found.promise) == "La Ville doit vous répondre au plus tard le jeudi 28 mai 2026."
    assert [plain(each) for each in found.counting][2:] == [
        "mardi 19 mai : 1 jour ouvrable (1 sur 5)",
        "du mercredi 20 au vendredi 22 mai : ne comptent pas – la Ville attendait votre réponse",
        "du samedi 23 au dimanche 24 mai : ne comptent pas – fin de semaine",
        "du lundi 25 au jeudi 28 mai : 4 jours ouvrables (5 sur 5)",
    ]
    stopped, resumed = (plain(each) for each in found.since)
    assert stopped == (
        "Le mercredi 20 mai 2026 à 10 h 15, la Ville vous a demandé ce qui manquait : le délai s’est arrêté en "
        "attendant votre réponse."
    )
    assert resumed == (
        "Le vendredi 22 mai 2026 à 9 h 05, votre réponse est arrivée et le délai a repris : l’échéance passe du lundi "
        "25 mai 2026 au jeudi 28 mai 2026."
    )
    assert found.standing == "Le délai court."


def test_a_delay_that_stands_still_says_since_when_and_until_when(town: Town, rules: Rules) -> None:
    """POL-06: there is no date that holds."""
    own = [*set_by(rules, RECEIVED), PAUSED]
    found = told(town, "answer-1", own, RECEIVED, now="2026-06-25T10:00")
    assert plain(found.standing) == (
        "Le délai est arrêté depuis le mercredi 20 mai 2026 à 10 h 15. Il reprendra à votre réponse, et "
        "l’échéance sera alors "
        "recalculée."
    )
    english = told(town, "answer-1", own, RECEIVED, now="2026-06-25T10:00", language=Language.EN)
    assert plain(english.standing) == (
        "The time has stood still since Wednesday, May 20, 2026, at 10:15. It goes on with your reply, "
        "and the limit is then "
        "computed anew."
    )


def test_a_closing_is_called_as_the_calendar_that_counted_calls_it(town: Town, rules: Rules) -> None:
    """A later calendar may call it otherwise, or not have it."""
    received = (RECEIVED[0], "2026-12-21T16:20")
    named = town.model_dump(mode="json")
    named["calendar"]["closings"][1]["why"] = {"fr": "Congé des Fêtes", "en": "Holiday closing"}
    earlier, newest = named["calendar"], {**named["calendar"], "version": "2027.1", "effective_on": "2027-01-01"}
    newest["closings"] = []
    later = Town.model_validate({**named, "calendar": newest, "earlier_calendars": [earlier]})
    found = told(later, "answer-1", set_by(rules, received), received, now="2026-12-22T10:00")
    assert [plain(each) for each in found.counting] == [
        "du mardi 22 au mercredi 23 décembre : 2 jours ouvrables (2 sur 5)",
        "jeudi 24 décembre : ne compte pas – Congé des Fêtes",
        "vendredi 25 décembre : ne compte pas – Noël",
        "du samedi 26 au dimanche 27 décembre : ne comptent pas – fin de semaine",
        "du lundi 28 au jeudi 31 décembre : ne comptent pas – Congé des Fêtes",
        "vendredi 1er janvier 2027 : ne compte pas – jour de l’An",
        "du samedi 2 au dimanche 3 janvier 2027 : ne comptent pas – fin de semaine",
        "du lundi 4 au mercredi 6 janvier 2027 : 3 jours ouvrables (5 sur 5)",
    ]


def test_hours_are_told_as_hours(town: Town, rules: Rules) -> None:
    """Elapsed ones by the clock; opening hours day by day."""
    leak = (make(RequestReceived, subject="water_leak"), "2026-05-15T16:20")
    own = [
        (event.model_copy(update={"within": None}) if isinstance(event, ObligationSet) else event, when)
        for event, when in set_by(rules, leak)
    ]
    assert "vendredi 15 mai 2026 à 20 h 20" in plain(told(town, "answer-1", own, leak).promise)
    within = {"amount": 10, "unit": "hours"}
    clock = make(ObligationSet, **ANSWER, within=within, due_at="2026-05-16T02:20:00-04:00")
    found = told(town, "answer-1", [(clock, "2026-05-15T16:20")], leak)
    assert plain(found.rule).endswith(": 10 heures.")
    assert found.counting == ("Les heures se suivent, de jour comme de nuit, fins de semaine et jours fériés compris.",)
    trace = [
        {"first_on": "2026-05-15", "last_on": "2026-05-15", "counted": True, "why": "business_day", "minutes": 45},
        {"first_on": "2026-05-16", "last_on": "2026-05-18", "counted": False, "why": "closed"},
        {"first_on": "2026-05-19", "last_on": "2026-05-19", "counted": True, "why": "business_day", "minutes": 90},
    ]
    opening = make(ObligationSet, **ANSWER, within={"amount": 4, "unit": "business_hours"}, trace=trace)
    found = told(town, "answer-1", [(opening, "2026-05-15T16:20")], leak)
    assert [plain(each) for each in found.counting] == [
        "vendredi 15 mai : 45 min d’ouverture",
        "du samedi 16 au lundi 18 mai : ne comptent pas – hors des heures d’ouverture",
        "mardi 19 mai : 1 h 30 d’ouverture",
    ]
    english = told(town, "answer-1", [(opening, "2026-05-15T16:20")], leak, language=Language.EN)
    assert plain(english.counting[2]) == "Tuesday, May 19: 1 h 30 min of opening hours"


def test_a_citizens_recourse_is_told_with_its_most_generous_reading(town: Town) -> None:
    """A-2.1 art. 135: and that it is safer not to wait for it."""
    window = make(
        ObligationSet, obligation_id="review_window-1", obligation="review_window", due_strict_on="2026-07-04",
        due_prudent_on="2026-07-06", due_at="2026-07-05T00:00:00-04:00", within={"amount": 30, "unit": "calendar_days"},
        rule={"code": "review_after_decision"},
    )  # fmt: skip
    found = told(town, "review_window-1", [(window, "2026-06-04T10:00")], ACCESS, now="2026-06-05T10:00")
    assert plain(found.promise) == (
        "Vous pouvez demander à la Commission d’accès à l’information de réviser la décision, au plus "
        "tard le samedi 4 juillet "
        "2026."
    )
    assert "art. 135), qui compte les jours à partir de la décision : 30 jours." in plain(found.rule)
    assert plain(found.dates[0]) == (
        "Le dernier jour selon la lettre de la loi est le samedi 4 juillet 2026. Selon la lecture la "
        "plus généreuse, c’est le "
        "lundi 6 juillet 2026; il est plus sûr de ne pas attendre jusque-là."
    )
    assert found.standing == "Le délai court."
    over = told(town, "review_window-1", [(window, "2026-06-04T10:00")], ACCESS, now="2026-07-05T00:00")
    assert over.standing == "Ce délai est terminé."


def test_a_warning_of_a_limit_that_moved_says_nothing_of_the_one_that_stands(town: Town, rules: Rules) -> None:
    """It is told as something that happened; the new limit is no risk yet."""
    warned = make(ObligationWarned, **ANSWER, due_at="2026-05-26T00:00:00-04:00")
    own: list[Told] = [*set_by(rules, RECEIVED), (warned, "2026-05-23T12:00")]
    at_risk = told(town, "answer-1", own, RECEIVED, now="2026-05-24T10:00")
    assert at_risk.standing == "Le délai court et arrive bientôt à sa fin."
    moved = make(
        ObligationRecounted, **ANSWER, because="resumed", due_at="2026-06-09T00:00:00-04:00",
        due_strict_on="2026-06-08", due_prudent_on="2026-06-08", warn_at="2026-06-07T00:00:00-04:00",
    )  # fmt: skip
    found = told(town, "answer-1", [*own, (moved, "2026-05-25T10:00")], RECEIVED, now="2026-05-26T10:00")
    assert found.standing == "Le délai court."


def test_what_happened_since_is_told_in_order(town: Town, rules: Rules) -> None:
    """POL-29: warned, missed, each step of the escalation, and kept late."""
    own: list[Told] = [
        *set_by(rules, RECEIVED),
        (make(ObligationWarned, **ANSWER, due_at="2026-05-26T00:00:00-04:00"), "2026-05-23T12:00"),
        (make(ObligationMissed, **ANSWER, due_at="2026-05-26T00:00:00-04:00"), "2026-05-26T00:00"),
        (make(ObligationEscalated, **ANSWER, step=1, to="person"), "2026-05-26T00:00"),
        (make(ObligationEscalated, **ANSWER, step=2, to="head"), "2026-05-28T00:00"),
    ]
    found = told(town, "answer-1", own, RECEIVED, now="2026-05-29T10:00")
    assert [plain(each) for each in found.since] == [
        "Le samedi 23 mai 2026 à 12 h, le service responsable a été averti que l’échéance approchait.",
        "L’échéance du lundi 25 mai 2026 n’a pas été respectée.",
        "Le mardi 26 mai 2026, le retard a été signalé à la personne responsable.",
        "Le jeudi 28 mai 2026, le retard a été signalé à la direction du service.",
    ]
    assert found.standing == "L’échéance est passée. La Ville est en retard et doit encore le faire."
    met = make(ObligationMet, **ANSWER, met_at="2026-06-01T09:00:00-04:00", in_time=False, assumed=True)
    kept = told(town, "answer-1", [*own, (met, "2026-06-01T09:00")], RECEIVED, now="2026-06-02T10:00")
    assert plain(kept.since[-1]) == (
        "Le lundi 1er juin 2026 à 9 h, en retard, la Ville vous a répondu, selon ce que d’anciens "
        "dossiers laissent supposer."
    )
    assert kept.standing == "C’est fait, mais en retard."
    assert kept.promise.startswith("La Ville devait vous répondre")


def test_a_limit_that_another_replaced_names_it(town: Town, rules: Rules) -> None:
    """A-2.1 art. 47: an extension; the explanation of the new one tells its rule."""
    lifted = make(ObligationLifted, obligation_id="decide_access-1", obligation="decide_access", reason="replaced")
    extended = make(
        ObligationSet, obligation_id="decide_access-2", obligation="decide_access", rule={"code": "access_extended"},
        due_at="2026-04-17T00:00:00-04:00", due_strict_on="2026-04-16", due_prudent_on="2026-04-16",
        within={"amount": 30, "unit": "calendar_days"},
    )  # fmt: skip
    own = [*set_by(rules, ACCESS), (lifted, "2026-03-30T10:00"), (extended, "2026-03-17T09:00")]
    found = told(town, "decide_access-1", own, ACCESS)
    assert plain(found.since[0]) == (
        "Le lundi 30 mars 2026 à 10 h, cette échéance a été levée : une nouvelle échéance la remplace, "
        "le jeudi 16 avril 2026."
    )
    assert found.standing == "Cette échéance ne tient plus."
    new = told(town, "decide_access-2", own, ACCESS, now="2026-04-01T10:00")
    assert "art. 47), qui permet une seule prolongation, d’au plus 10 jours, annoncée à temps : 30 jours." in plain(
        new.rule
    )


def test_silence_on_an_access_request_is_told_as_the_law_takes_it(town: Town, rules: Rules) -> None:
    """A-2.1 art. 52: a refusal, and the town must still answer."""
    found = told(town, "decide_access-1", set_by(rules, ACCESS), ACCESS, now="2026-05-01T10:00")
    assert found.standing == (
        "L’échéance est passée. La loi considère ce silence comme un refus; la Ville doit encore rendre sa décision."
    )


def test_a_changed_calendar_and_what_was_known_later_are_told_apart(town: Town, rules: Rules) -> None:
    """POL-29: why a limit is another, and by which calendar it is counted now."""
    for because, begins in (
        (
            RecountReason.CALENDAR,
            "Le mercredi 20 mai 2026 à 9 h, le calendrier de la Ville a changé : l’échéance passe du ",
        ),
        (RecountReason.LATER_KNOWN, "La Ville a su plus tard ce qui s’était passé avant : l’échéance passe du "),
    ):
        moved = make(
            ObligationRecounted, **ANSWER, because=because, calendar_version="2026.2", due_strict_on="2026-05-27",
            due_prudent_on="2026-05-27", due_at="2026-05-28T00:00:00-04:00", trace=[],
        )  # fmt: skip
        found = told(town, "answer-1", [*set_by(rules, RECEIVED), (moved, "2026-05-20T09:00")], RECEIVED)
        assert [plain(each) for each in found.since] == [f"{begins}lundi 25 mai 2026 au mercredi 27 mai 2026."]
        assert plain(found.dates[-1]) == "Le compte est fait avec le calendrier 2026.2 de la Ville."


def test_what_is_not_owed_is_not_explained(town: Town, rules: Rules) -> None:
    """An id that no obligation has, and a story that is no request's."""
    own = heard(set_by(rules, RECEIVED))
    now = at("2026-05-18T10:00")
    assert explain("answer-2", own, heard([RECEIVED]), town, Language.FR, now) is None
    assert explain("answer-1", own, (), town, Language.FR, now) is None
