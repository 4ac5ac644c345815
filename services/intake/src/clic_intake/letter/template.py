"""The town's letters as templates: checked before anything is sent, filled in, set in type. Source: POL-18."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import NamedTuple

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, meta, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from clic_chassis.error import ClicError
from clic_chassis.town_file import LETTERS, Fault
from clic_contracts.town import Town
from clic_contracts.town_text import Letter
from clic_contracts.vocabulary import Language, LetterKind
from clic_intake.core.content import VARIABLES, Content, samples, variables

SUBJECT_CHARACTERS_MAX = 150
"""Of a subject: RFC 5322 has lines of 998 characters, but screens show some 60 and telephones 30."""

LETTERS_KEPT_MAX = 64
"""Compiled ones: a town has two per kind of letter, and each is compiled once, to be checked and to be filled in."""

_NARROW = re.compile(r" (?=[:;?!»](?:[\s.,)]|$))|(?<=«) ", re.MULTILINE)
"""Where French typography puts a space that does not break."""
_APOSTROPHE = re.compile(r"(?<=\w)'(?=\w)")
_BLANK_LINES = re.compile(r"\n\s*\n+")


class LetterFaultError(ClicError):
    """The town's letters cannot be used; the message lists every fault as `file:line: what is wrong. what to do`."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults


class Filled(NamedTuple):
    """A letter as it is read: a line and paragraphs between blank lines."""

    subject: str
    text: str


class Templates:
    """The letters of one town."""

    def __init__(self, town: Town) -> None:
        """Checks every letter.

        Raises:
            LetterFaultError: one names what no letter has, or cannot be filled in.
        """
        if faults := tuple(faults_of(town)):
            raise LetterFaultError(faults)
        self._templates = {(each.letter, each.language): _compiled(each.text).template for each in town.letters}

    def fill(self, letter: LetterKind, language: Language, content: Content) -> Filled:
        """A letter with this content."""
        return _filled(self._templates[letter, language], language, content)


def faults_of(town: Town) -> Iterator[Fault]:
    """Everything that is wrong with the templates of a town, with file and line.

    A name that no letter has is looked for in the template's text, also where no sample comes; then each is filled in
    with invented contents, everything known and nothing known.
    """
    for each in town.letters:
        file = f"{LETTERS}/{each.letter.value}.{each.language.value}.j2"
        try:
            yield from _faults_of(each, file, town)
        except TemplateSyntaxError as error:
            yield Fault(file, error.lineno, f"no template: {error.message}", "Correct the braces, tags and filters.")


def _faults_of(letter: Letter, file: str, town: Town) -> Iterator[Fault]:
    template = _compiled(letter.text)
    for name, line in template.unknown:
        known = ", ".join(sorted(VARIABLES))
        yield Fault(file, line, f"no letter has a variable {name}", f"Use one of: {known}.")
    if template.unknown:
        return
    for content in samples(letter.letter, letter.language, town):
        try:
            subject, text = _filled(template.template, letter.language, content)
        except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError) as error:
            yield Fault(file, _line_of(error), f"it cannot be filled in: {error}", "Correct the expression.")
            return
        if not subject or not text:
            yield Fault(file, 1, "it has no subject, or no text", "Write the subject on the first line, then the text.")
            return
        if len(subject) > SUBJECT_CHARACTERS_MAX:
            yield Fault(file, 1, f"its subject is longer than {SUBJECT_CHARACTERS_MAX} characters", "Shorten it.")
            return


def _line_of(error: Exception) -> int:
    """The line of a template that raised, as Jinja2 writes it into the traceback."""
    line, trace = 1, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


class _Compiled(NamedTuple):
    """A template, and the names in it that no letter has, each with its first line."""

    template: Template
    unknown: tuple[tuple[str, int], ...]


@lru_cache(maxsize=LETTERS_KEPT_MAX)
def _compiled(text: str) -> _Compiled:
    environment = _environment()
    tree = environment.parse(text)
    lines = {each.name: each.lineno for each in reversed(list(tree.find_all(nodes.Name)))}
    unknown = meta.find_undeclared_variables(tree) - VARIABLES
    return _Compiled(environment.from_string(text), tuple((name, lines[name]) for name in sorted(unknown)))


@cache
def _environment() -> ImmutableSandboxedEnvironment:
    """Towns write templates: they reach the variables and nothing else, and what is not there is an error."""
    return ImmutableSandboxedEnvironment(
        undefined=StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _filled(template: Template, language: Language, content: Content) -> Filled:
    subject, _, text = template.render(variables(content)).strip().partition("\n")
    text = _BLANK_LINES.sub("\n\n", text).strip()
    return Filled(_set(" ".join(subject.split()), language), _set(text, language))


def _set(text: str, language: Language) -> str:
    """In type: curly apostrophes, in French spaces that do not break; a clerk need not know how to type them."""
    text = _APOSTROPHE.sub("’", text)
    return _NARROW.sub("\u00a0", text) if language is Language.FR else text
