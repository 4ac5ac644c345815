"""What can be found of the town's articles, and what may become one. Source: POL-16, POL-17, POL-40."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from clic_chassis.error import RefusedError
from clic_contracts.envelope import Recorded
from clic_contracts.event import RequestRouted
from clic_contracts.town import Town
from clic_contracts.town_text import Article
from clic_contracts.vocabulary import ClosingReason, Code, Language, SubjectCode

from .state import Request
from .term import plain

SEARCH_DEFINITION = 1
"""Part of an index's version: count it up when `indexed` gives other texts for the same articles."""
ASKED_CHARS_MAX = 2_000
"""Of a question, more is not looked at."""
_TELL_NOTHING = frozenset({
    "a", "as", "bonjour", "ca", "cela", "comment", "etaient", "etais", "etait", "ete", "etes", "fut", "il", "ils",
    "les", "lui", "madame", "merci", "meme", "monsieur", "or", "ou", "pourquoi", "puis", "quand", "quel", "quelle",
    "quelles", "quels", "quoi", "sans", "si", "sil", "svp",
})  # fmt: skip
"""What PostgreSQL's French dictionary lets through: « les », what it knows with its accent alone, words of courtesy."""


class NoArticleError(RefusedError):
    """An article is made from a request that was answered and that nothing foresaw. Source: POL-36, POL-40."""

    code = "no_article"


@dataclass(frozen=True, slots=True)
class Indexed:
    """What can be found of an article in one language, accents and case folded."""

    code: Code
    title: str
    """Its title, and words that people use for it."""
    subjects: str
    body: str


@dataclass(frozen=True, slots=True)
class Hit:
    """An article that was found, and how many of the words asked for it holds."""

    code: Code
    words: int
    is_given: bool
    """It is of the subject that was asked about."""


def indexed(town: Town, language: Language) -> tuple[Indexed, ...]:
    """The town's articles as they are indexed in a language."""
    return tuple(_indexed(each, town, language) for each in town.articles)


def _indexed(article: Article, town: Town, language: Language) -> Indexed:
    english = language is Language.EN
    names = [town.subject_by_code[code].name for code in article.subjects]
    return Indexed(
        code=article.code,
        title=asked(" ".join((article.title.en if english else article.title.fr, *article.words))),
        subjects=asked(" ".join(each.en if english else each.fr for each in names)),
        body=plain(article.text.en if english else article.text.fr),
    )


def asked(question: str) -> str:
    """A question as it is looked up: « Nids-de-poule » and "NIDS DE POULE" are the same, « déchet » and "dechet" too.

    Plurals are the dictionary's, and so are most words that tell nothing.
    """
    words = plain(question[:ASKED_CHARS_MAX]).replace("'", " ").split()
    return " ".join(word for word in words if word.strip(".,;:?!()") not in _TELL_NOTHING)


def of_subject(town: Town, subject: SubjectCode | None) -> tuple[Code, ...]:
    """The articles that the town gives about a subject."""
    return tuple(each.code for each in town.articles if subject is not None and subject in each.subjects)


def worth_showing(hits: Sequence[Hit]) -> tuple[Code, ...]:
    """Of what was found, in its order, what is not far behind the best: a long text meets a word of most articles."""
    best = max((each.words for each in hits), default=0)
    return tuple(each.code for each in hits if each.is_given or 2 * each.words > best)


def may_become_article(request: Request, events: Iterable[Recorded]) -> None:
    """Only what was answered teaches an answer, and only what nothing foresaw is not taught yet. Source: POL-40.

    Raises:
        NoArticleError: it was not answered, or a rule or subject foresaw it.
    """
    if not (request.answered_since or request.closed_as is ClosingReason.ANSWERED):
        raise NoArticleError("the request was not answered: answer it first, then write down what answered it")
    routed = [each.data for each in events if isinstance(each.data, RequestRouted)]
    if not any(each.unusual for each in routed):
        raise NoArticleError(
            "the request is not unusual, a rule or a subject of the town foresaw it: change the article of its subject "
            "in the town's folder knowledge/"
        )
