"""The reference for people: every type that others send or hear, with its fields and examples, on one HTML page.

Made from the published schemas. A library was looked for: AsyncAPI's HTML template brings React and a browser to make
its page, json-schema-for-humans a page a schema with scripts; neither says a type in two languages.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from html import escape
from typing import Any

from .asyncapi import VERSION
from .deprecation import DEPRECATED
from .example import INVALID, RECEIPTS, Invalid
from .feed import FEED_EVENTS, NOT_TOLD, left_out, never_told
from .problem import Problem
from .reference_style import STYLE
from .schema import example_heard, example_submission
from .subject import feed_subject
from .submission import SUBMISSIONS
from .vocabulary import Language
from .word import FEED_WORDS, SUBMISSION_WORDS, Word

Schema = dict[str, Any]
SOURCE = "../../contracts"
"""From the page to the contracts' folder."""


def reference(made: dict[str, Schema], document: Schema) -> str:
    """The whole page, of all schemas by their paths and the AsyncAPI document."""
    body = "\n".join(
        part
        for chapter in (_doors(document), _submissions(made), _receipt(made), _feed(made), _values(made))
        for part in chapter
    )
    return "\n".join(
        (
            "<!doctype html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            "<title>CLIC: what is sent and what is heard</title>",
            f"<style>{STYLE}</style>",
            "</head>",
            "<body>",
            '<a class="skip" href="#content">To the content</a>',
            '<div class="page">',
            "<header>",
            "<h1>CLIC: what is sent and what is heard</h1>",
            f'<p class="soft">Version {VERSION} of the contracts.',
            '<span lang="fr">Chaque type est décrit en français et en anglais.</span> Guides:',
            '<a href="first-event.md">first event</a>, <a href="feed.md">the feed</a>,',
            '<a href="contract.md">what changes and what does not</a>.</p>',
            "</header>",
            *_navigation(),
            '<main id="content">',
            body,
            "</main>",
            "</div>",
            "</body>",
            "</html>",
            "",
        )
    )


def _navigation() -> Iterator[str]:
    chapters: tuple[tuple[str, str, list[tuple[str, str]]], ...] = (
        ("doors", "Where", []),
        ("submissions", "Submissions", [(each.TYPE, SUBMISSION_WORDS[each.TYPE].name.en) for each in SUBMISSIONS]),
        ("receipt", "Receipts", []),
        ("feed", "The feed", [(f"feed.{each.TYPE}", FEED_WORDS[each.TYPE].name.en) for each in FEED_EVENTS]),
        ("values", "Values", []),
    )
    yield '<nav aria-label="Contents">'
    for anchor, title, entries in chapters:
        yield f'<p><a href="#{anchor}">{title}</a></p>'
        if entries:
            yield "<ul>"
            yield from (f'<li><a href="#{name}">{escape(text)}</a></li>' for name, text in entries)
            yield "</ul>"
    yield "</nav>"


def _doors(document: Schema) -> Iterator[str]:
    yield '<section aria-labelledby="doors">\n<h2 id="doors">Where</h2>'
    yield '<div class="scroll" role="region" aria-label="Channels" tabindex="0"><table>'
    yield '<thead><tr><th scope="col">address</th><th scope="col">what</th></tr></thead><tbody>'
    for channel in document["channels"].values():
        if channel["address"] is not None and not channel.get("x-internal"):
            where = f"POST {channel['address']}" if channel["address"].startswith("/") else channel["address"]
            yield f"<tr><td><code>{escape(where)}</code></td><td>{_prose(channel['description'])}</td></tr>"
    yield "</tbody></table></div>"
    machines = (
        ("asyncapi.json",) * 2,
        ("schemas/", "schemas"),
        ("examples/", "examples"),
        ("typescript/", "TypeScript"),
    )
    links = ", ".join(f'<a href="{SOURCE}/{path}">{text}</a>' for path, text in machines)
    yield f"<p>For machines: {links}.</p>"
    yield "</section>"


def _submissions(made: dict[str, Schema]) -> Iterator[str]:
    yield '<section aria-labelledby="submissions">\n<h2 id="submissions">Submissions</h2>'
    yield "<p>What a publisher sends: a CloudEvent, whose <code>data</code> is as its type says. Unknown fields are "
    yield "refused, so that a misspelt one is not lost in silence.</p>\n<h3>The envelope</h3>"
    yield from _fields(made["envelopes/submission.v1.json"], always="required")
    for each in SUBMISSIONS:
        schema = made[f"submissions/{each.TYPE}.json"]
        yield from _head(each.TYPE, each.TYPE, SUBMISSION_WORDS[each.TYPE], f"submissions/{each.TYPE}.json")
        yield "<h4>Fields of <code>data</code></h4>"
        yield from _fields(schema, always="required")
        yield from _example("A valid example", each.TYPE, json.loads(example_submission(each)))
        for wrong in (invalid for invalid in INVALID if invalid.submission is each):
            yield from _invalid(wrong)
    yield "</section>"


def _invalid(wrong: Invalid) -> Iterator[str]:
    yield '<div class="broken">'
    yield f'<p class="lead" lang="fr">Refusé : {_prose(wrong.breaks.fr)}.</p>'
    yield f'<p class="lead">Refused: {_prose(wrong.breaks.en)}.</p>'
    french, english = wrong.answer(Language.FR), wrong.answer(Language.EN)
    yield "<ul>"
    for language, answer in (("fr", french), ("en", english)):
        yield from (f'<li lang="{language}">{line}</li>' for line in _told(answer))
    yield "</ul>"
    where = f"{SOURCE}/examples/{wrong.path}"
    refused_by = "the published schema refuses it too" if wrong.by == "schema" else "the desk alone refuses it"
    yield f'<p class="soft"><a href="{where}">{wrong.name}.json</a>: {refused_by}.</p>\n</div>'


def _told(answer: Problem) -> Iterator[str]:
    for each in answer.errors:
        yield f"<code>{escape(each.pointer or '/')}</code>: {escape(_short(each.detail))} – {escape(_short(each.mend))}"


def _short(text: str, most: int = 160) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _receipt(made: dict[str, Schema]) -> Iterator[str]:
    yield '<section aria-labelledby="receipt">\n<h2 id="receipt">Receipts</h2>'
    yield "<p>The one answer to each submission. The same over HTTP and on NATS.</p>"
    yield from _fields(made["receipts/receipt.v1.json"], always="always there")
    for name, example in RECEIPTS.items():
        yield from _example(f"A receipt: {name}", "receipt.v1", example)
    yield "</section>"


def _feed(made: dict[str, Schema]) -> Iterator[str]:
    yield '<section aria-labelledby="feed">\n<h2 id="feed">The feed</h2>'
    yield "<p>What subscribers hear. New fields, new values of lists and new types may come at any time: leave what "
    yield "you do not know.</p>\n<h3>The envelope</h3>"
    envelope = dict(made[f"feed/{FEED_EVENTS[0].TYPE}.json"])
    envelope["properties"] = {name: each for name, each in envelope["properties"].items() if name != "data"}
    envelope["properties"]["type"] = {"type": "string", "description": "The wire type, version included."}
    yield from _fields(envelope, always="always there")
    yield "<h3>Never told</h3>\n<ul>"
    yield from (f"<li>{_prose(each)}</li>" for each in NOT_TOLD)
    yield "</ul>\n<p>Types that stay inside: "
    yield ", ".join(f"<code>{each.TYPE}</code>" for each in never_told()) + ".</p>"
    for event in FEED_EVENTS:
        schema = made[f"feed/{event.TYPE}.json"]
        subject = feed_subject(event.TYPE, "<request id>")
        yield from _head(f"feed.{event.TYPE}", event.TYPE, FEED_WORDS[event.TYPE], f"feed/{event.TYPE}.json")
        yield f"<p>On <code>{escape(subject)}</code>. Left out: "
        yield ", ".join(f"<code>{pointer}</code>" for pointer in left_out(event)) + ".</p>"
        yield "<h4>Fields of <code>data</code></h4>"
        yield from _fields(schema["$defs"][event.__name__], always="always there")
        yield from _example("An example", event.TYPE, example_heard(event))
    yield "</section>"


def _values(made: dict[str, Schema]) -> Iterator[str]:
    """What fields refer to, once each."""
    inner = {event.__name__ for event in FEED_EVENTS}
    found: dict[str, Schema] = {}
    for path, schema in made.items():
        if path.startswith(("submissions/", "feed/", "receipts/")):
            found |= {name: each for name, each in schema.get("$defs", {}).items() if name not in {*inner, *found}}
    yield '<section aria-labelledby="values">\n<h2 id="values">Values</h2>'
    for name, schema in sorted(found.items()):
        yield f'<h3 id="value.{name}">{name}</h3>\n<p class="lead">{_prose(schema.get("description", ""))}</p>'
        if "enum" in schema:
            yield "<p>" + ", ".join(f"<code>{escape(str(each))}</code>" for each in schema["enum"]) + "</p>"
        else:
            yield from _fields(schema, always="required")
    yield "</section>"


def _head(anchor: str, wire_type: str, word: Word, path: str) -> Iterator[str]:
    names = f'<span lang="fr">{escape(word.name.fr)}</span> / {escape(word.name.en)}'
    yield f'<h3 id="{anchor}">{names} <code>{wire_type}</code></h3>'
    yield f'<p class="lead" lang="fr">{escape(word.says.fr)}</p>'
    yield f'<p class="lead">{escape(word.says.en)} <a href="{SOURCE}/schemas/{path}">Schema of {wire_type}</a></p>'
    if wire_type in DEPRECATED:
        yield f'<p class="gone">{_prose(str(DEPRECATED[wire_type]))}</p>'


def _fields(schema: Schema, *, always: str) -> Iterator[str]:
    if not schema.get("properties"):
        yield '<p class="soft">None.</p>'
        return
    required = schema.get("required", ())
    yield '<dl class="fields">'
    for name, each in schema["properties"].items():
        must = f' <span class="must">{always}</span>' if name in required else ""
        yield f"<div><dt><code>{escape(name)}</code>{must}</dt>"
        told = _prose(each.get("description", ""))
        yield f'<dd><span class="soft">{_kind(each)}</span>{"<br>" if told else ""}{told}</dd></div>'
    yield "</dl>"


def _kind(schema: Schema) -> str:
    """What a value may be, in words."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f'<a href="#value.{name}">{name}</a>' + _limits(schema)
    if "anyOf" in schema:
        ways = [_kind(each) for each in schema["anyOf"] if each.get("type") != "null"]
        return " or ".join(ways) + (", or null" if len(ways) < len(schema["anyOf"]) else "")
    if "const" in schema:
        return f"<code>{escape(json.dumps(schema['const']))}</code>"
    if "enum" in schema:
        return "one of " + ", ".join(f"<code>{escape(str(each))}</code>" for each in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}" + _limits(schema)
    if isinstance(schema.get("additionalProperties"), dict):
        return f"map of {_kind(schema['additionalProperties'])}" + _limits(schema)
    return escape(str(schema.get("type", "any value"))) + _limits(schema)


_LIMITS: dict[str, Callable[[Any], str]] = {
    "format": lambda value: f"{value}",
    "minLength": lambda value: f"at least {value} characters",
    "maxLength": lambda value: f"at most {value} characters",
    "minimum": lambda value: f"from {value}",
    "maximum": lambda value: f"to {value}",
    "minItems": lambda value: f"at least {value}",
    "maxItems": lambda value: f"at most {value}",
    "maxProperties": lambda value: f"at most {value}",
    "pattern": lambda value: f"as <code>{escape(value)}</code>",
    "default": lambda value: f"<code>{escape(json.dumps(value))}</code> where it is left out",
}


def _limits(schema: Schema) -> str:
    said = [say(schema[name]) for name, say in _LIMITS.items() if schema.get(name) is not None]
    return "".join(f", {each}" for each in said)


def _example(title: str, wire_type: str, example: Any) -> Iterable[str]:
    text = escape(json.dumps(example, ensure_ascii=False, indent=2))
    yield f"<details><summary>{escape(title)}</summary>"
    label = escape(f"{wire_type}: {title}")
    yield f'<pre tabindex="0" role="region" aria-label="{label}"><code>{text}</code></pre></details>'


def _prose(text: str) -> str:
    """A description, whose code stands between backticks."""
    parts = escape(text, quote=False).split("`")
    return "".join(f"<code>{part}</code>" if number % 2 else part for number, part in enumerate(parts))
