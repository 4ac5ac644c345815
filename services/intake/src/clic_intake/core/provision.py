"""Which provisions of the law a decision relied on, as a yearly account counts them: law and article, nothing else.

An agent writes a provision as a line of text. What is not an article of a law is left out of what this gives, whatever
it says: the account holds no personal data, also where somebody wrote some in that line. Source: A-2.1 art. 50.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

ACCESS_LAW = "A-2.1"
UNREADABLE = ""
"""A line that names no article."""
RANGE_MAX = 30
"""Articles of a range, `23 à 25`, that are told one by one."""

_LAW = re.compile(r"\b([A-Z]{1,2}-\d{1,2}(?:\.\d{1,3}){0,2})\b")
_NAMED: tuple[tuple[str, str], ...] = (
    ("code civil", "CCQ"),
    ("c.c.q", "CCQ"),
    ("ccq", "CCQ"),
    ("procédure civile", "C-25.01"),
    ("charte des droits", "C-12"),
    ("cités et villes", "C-19"),
)
_ARTICLE = r"\d{1,4}(?:\.\d{1,3}){0,3}(?!\.?\d|[- ]\d{3})"
_LIST = rf"{_ARTICLE}(?:\s*(?:,|et|ou|and|or|à|to|–|-)\s*{_ARTICLE})*"
_CITED = re.compile(rf"\b(?:articles?|arts?\.?|sections?|ss?\.)\s*({_LIST})", re.IGNORECASE)
_BARE = re.compile(r"\s*(\d{1,3}(?:\.\d{1,2}){0,2})\s*(?:[,(]?\s*(?:al|par|§).*)?", re.IGNORECASE | re.DOTALL)
_JOINED = re.compile(rf"(à|to|–|-)?\s*({_ARTICLE})")


def provisions_of(lines: Iterable[str]) -> tuple[str, ...]:
    """What these lines cite, each once, in the order of the articles: `A-2.1, art. 53`; `UNREADABLE` for the rest."""
    found = {each for line in lines if line.strip() for each in _cited(line)}
    return tuple(sorted(found, key=order))


def _cited(line: str) -> list[str]:
    law = _law(line)
    rest = _LAW.sub(" ", line)
    lists = _CITED.findall(rest) or ([bare[1]] if (bare := _BARE.fullmatch(rest)) else [])
    return [f"{law}, art. {each}" for listed in lists for each in _articles(listed)] or [UNREADABLE]


def _law(line: str) -> str:
    if found := _LAW.search(line):
        return found[1]
    return next((law for words, law in _NAMED if words in line.lower()), ACCESS_LAW)


def _articles(listed: str) -> list[str]:
    """`23, 24 et 28` are three; `23 à 25` are those between, too."""
    articles: list[str] = []
    for up_to, article in _JOINED.findall(listed):
        if up_to and article.isdigit() and articles and articles[-1].isdigit():
            first, last = int(articles[-1]) + 1, int(article)
            if last - first < RANGE_MAX:
                articles += [str(each) for each in range(first, last)]
        articles.append(article)
    return articles


def order(provision: str) -> tuple[bool, bool, str, list[int]]:
    """How provisions are ordered: the access law first, `art. 9` before `art. 53`, what cannot be read last."""
    law, _, article = provision.partition(", art. ")
    return (provision == UNREADABLE, law != ACCESS_LAW, law, [int(each) for each in article.split(".") if each])
