"""`contracts/README.md`: what is where, with every type that others send or hear."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from .event import EVENTS
from .example import INVALID, RECEIPTS
from .feed import FEED_EVENTS
from .submission import SUBMISSIONS
from .vocabulary import Language
from .word import FEED_WORDS, SUBMISSION_WORDS, Word

HEAD = """\
# The contracts

What CLIC's services and everybody else say to each other. Made from the code by `make fix`; change the models in
`src/clic_contracts/`, not this page.

| | |
|---|---|
| [docs/publishers](../docs/publishers/) | guides: a first event, the client, the feed, what changes and what does not |
| [reference](../docs/publishers/reference.html) | every type with its fields and examples, for people |
| [asyncapi.json](asyncapi.json) | AsyncAPI 3: addresses, messages, how one signs in |
| [schemas/](schemas/) | JSON Schema 2020-12, a file for each type and version |
| [examples/](examples/) | whole messages, valid and invalid, a folder for each type and version |
| [typescript/](typescript/) | types for TypeScript |
| [expectations/](expectations/) | what other teams count on, as they handed it in |
| [baseline](schemas/baseline/), [corpus](schemas/corpus/) | what was published: the code is held to it for ever |
| [CHANGELOG.md](CHANGELOG.md) | what changed |

Try a file without a server: `clic-contracts validate FILE`. Hold the code to the contracts: `make check`.
"""


def index() -> str:
    """The whole page."""
    return "\n".join((HEAD, *_submissions(), "", *_invalid(), "", *_receipts(), "", *_feed(), "", *_log(), ""))


def _submissions() -> Iterator[str]:
    yield "## Submissions"
    yield from _types((each.TYPE for each in SUBMISSIONS), SUBMISSION_WORDS, "submissions", "")


def _invalid() -> Iterator[str]:
    yield "### Invalid examples"
    yield "Each breaks one rule. *By* says who notices: the published schema, or the desk alone, where JSON Schema"
    yield "cannot say the rule or need not check it (that a date exists, that a request is named in one way)."
    yield ""
    yield "| example | breaks | where | by |"
    yield "|---|---|---|---|"
    for each in INVALID:
        where = ", ".join(f"`{error.pointer}`" for error in each.answer(Language.EN).errors)
        link = f"[{each.submission.TYPE} / {each.name}](examples/{each.path})"
        yield f"| {link} | {each.breaks.fr}. *{each.breaks.en}.* | {where} | {each.by} |"


def _receipts() -> Iterator[str]:
    yield "## Receipts"
    links = ", ".join(f"[{name}](examples/receipt.v1/{name}.json)" for name in RECEIPTS)
    yield f"`receipt.v1`: [schema](schemas/receipts/receipt.v1.json); {links}."


def _feed() -> Iterator[str]:
    yield "## The feed"
    yield from _types((each.TYPE for each in FEED_EVENTS), FEED_WORDS, "feed", "feed.")


def _log() -> Iterator[str]:
    yield "## The log"
    yield f"Internal: {len(EVENTS)} types of facts, kept for ever, read and written by CLIC's services alone; their"
    yield "schemas are in [schemas/events](schemas/events/). A stored schema only grows."


def _types(types: Iterable[str], words: Mapping[str, Word], schemas: str, prefix: str) -> Iterator[str]:
    """A table of types; `prefix` stands before a type in the name of its examples' folder."""
    yield "| type | | |"
    yield "|---|---|---|"
    for each in types:
        links = f"[schema](schemas/{schemas}/{each}.json), [example](examples/{prefix}{each}/valid.json)"
        yield f"| `{each}` | {_told(words[each])} | {links} |"


def _told(word: Word) -> str:
    return f"**{word.name.fr}**: {word.says.fr} *{word.name.en}: {word.says.en}*"
