"""Which subject of the town a foreign category stands for."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from pathlib import Path

import yaml

from clic_chassis.error import ClicError
from clic_contracts.town import Town
from clic_contracts.vocabulary import SubjectCode

WORDS_CACHED_MAX = 4096
"""A file says the same few hundred categories, channels and statuses again and again."""

_RETIRED = re.compile(r"^\s*\*?\s*(?:[YZ]\s*-\s*)?")


class CategoryFileError(ClicError):
    """The table of categories cannot be used; the message says where and how to mend it."""


@lru_cache(maxsize=WORDS_CACHED_MAX)
def readable(category: str) -> str:
    """A category without the marks of retired ones (`*`, `*Z-`, `Y-`) and without double spaces."""
    return " ".join(_RETIRED.sub("", category).split())


@lru_cache(maxsize=WORDS_CACHED_MAX)
def plain(text: str) -> str:
    """Lower case, without accents, single spaces: for comparing alone."""
    decomposed = unicodedata.normalize("NFKD", " ".join(text.split()).casefold().replace("\u2019", "'"))
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def read_categories(town: Town, path: Path | None = None) -> Mapping[str, SubjectCode]:
    """Subjects by plain category, out of a file of `subject: [category, …]`; by default the one that CLIC brings.

    Raises:
        CategoryFileError: it is not such a file, a category stands twice, or a subject is not the town's.
    """
    name = str(path) if path else "montreal_311.yaml"
    try:
        text = (path or resources.files(__package__) / "montreal_311.yaml").read_text(encoding="utf-8")
        table = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise CategoryFileError(f"{name}: cannot be read: {error}") from error
    if not isinstance(table, dict) or not all(isinstance(v, list) for v in table.values()):
        raise CategoryFileError(f"{name}: write `subject: [category, …]`, one line for each subject")
    wrong: list[str] = []
    subjects: dict[str, SubjectCode] = {}
    for subject, categories in table.items():
        if subject not in town.subject_by_code:
            wrong.append(f"{name}: {subject}: the town has no such subject; add it to subjects.yaml, or remove it here")
        for category in categories:
            key = plain(readable(str(category)))
            if key in subjects:
                wrong.append(f"{name}: {subject}: {category} stands twice; remove one")
            subjects[key] = subject
    if wrong:
        raise CategoryFileError("\n".join(wrong))
    return subjects
