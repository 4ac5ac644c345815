"""A mail as the desk reads it: bytes in, what stands in them out. It never raises, and says what it could not read.

Only the standard library's `email` parses; this module bounds what it is given, since hostile mail is made to take a
parser's time and memory. What lies beyond a bound is not lost: the mail carries a mark, and its original is kept.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from email.message import Message
from email.parser import BytesParser
from email.policy import Compat32
from email.utils import getaddresses, parsedate_to_datetime
from enum import StrEnum
from itertools import count, islice

from .mail_text import Words, clean, decoded, header_text, set_apart

MAIL_BYTES_MAX = 25 * 1024 * 1024
"""What most mail servers take; larger ones are refused where mail comes in."""
HEADER_BLOCK_BYTES_MAX = 256 * 1024
"""Of the mail's own headers; Postfix takes 100 KB."""
HEADER_CHARS_MAX = 16_000
"""Of one header: some 200 Message-IDs in References."""
CONTENT_HEADER_CHARS_MAX = 2_000
"""Of Content-Type and the like: the library splits their parameters in quadratic time."""
HEADERS_MAX = 5_000
"""Over all parts."""
LINE_ENDS_MAX = 1_500_000
"""25 MB in base64 have 345,000 lines, two characters an end; a line costs the library some 80 bytes of memory."""
OPENINGS_MAX = 200
"""Words that open a part within a part (`boundary=`, `message/`): an upper bound of the depth, which the library
follows by recursion."""
WORK_MAX = 20_000_000
"""Line ends times openings: the library looks at each line for the end of each open part."""
PARTS_MAX = 200
HTML_CHARS_MAX = 500_000
NAME_CHARS_MAX = 200
SUBJECT_CHARS_MAX = 500
ADDRESS_CHARS_MAX = 254
"""RFC 5321, as erratum 1690 of RFC 3696 explains."""


NO_WORDS = Words()


class Mark(StrEnum):
    """What was not read of a mail."""

    HEADERS_CUT = "headers_cut"
    TOO_COMPLEX = "too_complex"  # More parts, lines or headers than anybody writes: only its headers were read.
    PARTS_CUT = "parts_cut"
    PART_UNREADABLE = "part_unreadable"
    TEXT_CUT = "text_cut"
    UNREADABLE = "unreadable"  # Nothing of it.


@dataclass(frozen=True, slots=True)
class File:
    """An attachment as it was sent; its name is the sender's, on one line."""

    name: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Mail:
    """What stands in a mail. All of it is what its sender says."""

    identity: str
    """Tells it from other mails, and is the same however often and by whichever way it is delivered: SHA-256."""
    address: str | None = None
    name: str | None = None
    subject: str = ""
    sent_at: dt.datetime | None = None
    arrived_at: dt.datetime | None = None
    """When the last server on its way took it (the topmost Received, RFC 5321 4.4)."""
    message_id: str | None = None
    answers: tuple[str, ...] = ()
    """Message-IDs of In-Reply-To and References, the nearest first."""
    words: Words = NO_WORDS
    files: tuple[File, ...] = ()
    """Attachments, then pictures that stand in the text."""
    report_type: str | None = None
    """What a notification reports (RFC 6522), `delivery-status` for one; None: it is none."""
    headers: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    """Values by lower-case name, in their order, each on one line."""
    marks: frozenset[Mark] = frozenset()


Read = Callable[[str], str]
"""HTML as text; may raise anything."""


def parse(raw: bytes, html_text: Read) -> Mail:
    """Read a mail. Never raises; what could not be read is marked."""
    block, body = _blocks(raw)
    marks = {Mark.HEADERS_CUT} if len(block) > HEADER_BLOCK_BYTES_MAX else set()
    block = block[:HEADER_BLOCK_BYTES_MAX]
    try:
        top = _parsed(block)
    except Exception:  # noqa: BLE001 - whatever hostile bytes make the library do, the mail is taken, with a mark
        return Mail(hashlib.sha256(raw).hexdigest(), marks=frozenset({Mark.UNREADABLE}))
    mail = _with_headers(Mail(_identity(top, body)), top)
    try:
        _check_work(raw)
        whole = _parsed(block + b"\r\n\r\n" + body)
        mail = _with_content(mail, whole, html_text, marks)
    except Exception:  # noqa: BLE001 - the same; what was read already stays
        marks.add(Mark.TOO_COMPLEX)
    return replace(mail, marks=frozenset(marks))


def message(raw: bytes) -> Message:
    """A mail's parts, for whoever reads more of it than `Mail` holds, within the same bounds.

    Raises:
        Exception: it is beyond a bound, or the library does not read it.
    """
    _check_work(raw)
    return _parsed(raw)


class _TooComplexError(Exception):
    """Beyond a bound: parsing it would take more than a mail is worth."""


def _check_work(raw: bytes) -> None:
    ends = raw.count(b"\n") + raw.count(b"\r")
    openings = sum(1 for _ in islice(_OPENING.finditer(raw), OPENINGS_MAX + 1))
    if ends > LINE_ENDS_MAX or openings > OPENINGS_MAX or ends * (1 + openings) > WORK_MAX:
        raise _TooComplexError


def _bounded() -> Compat32:
    """The library's own policy for one mail, with an end: headers are cut to a length, and counted over all parts."""
    seen = count()

    class Bounded(Compat32):
        def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
            if next(seen) >= HEADERS_MAX:
                raise _TooComplexError
            name, value = super().header_source_parse(sourcelines)
            bound = CONTENT_HEADER_CHARS_MAX if name.lower().startswith("content-") else HEADER_CHARS_MAX
            return name[:NAME_CHARS_MAX], value[:bound]

    return Bounded()


_OPENING = re.compile(rb"boundary[\s*0-9]*=|message/", re.IGNORECASE)
_BLANK_LINE = re.compile(rb"\r\n\r\n|\n\n|\r\r|\n\r\n")
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,900}>")
_ADDRESS = re.compile(r"[^@\s<>()\",;:\x00]+@[^@\s<>()\",;:\x00]+")


def _blocks(raw: bytes) -> tuple[bytes, bytes]:
    """The mail's own headers, and the rest."""
    found = _BLANK_LINE.search(raw)
    return (raw, b"") if found is None else (raw[: found.start()], raw[found.end() :])


def _parsed(raw: bytes) -> Message:
    return BytesParser(policy=_bounded()).parsebytes(raw)


def _identity(top: Message, body: bytes) -> str:
    """Over what a mail keeps on its way: not its traces (Received, Return-Path), which are new with each delivery."""
    digest = hashlib.sha256()
    for name in ("message-id", "date", "from", "subject"):
        for value in _values(top, name):
            digest.update(f"{name}: {header_text(value)}\n".encode())
    digest.update(body.replace(b"\r\n", b"\n").rstrip())
    return digest.hexdigest()


def _values(message: Message, name: str) -> Iterator[str]:
    """Raw values of a header; the library's own access may give objects for what is not ASCII."""
    return (str(value) for key, value in message.raw_items() if key.lower() == name)


# -- headers --------------------------------------------------------------------------------------------------------


def _with_headers(mail: Mail, top: Message) -> Mail:
    raw: dict[str, list[str]] = {}
    for name, value in top.raw_items():
        raw.setdefault(name.lower(), []).append(str(value))
    headers = {name: tuple(header_text(each) for each in values) for name, values in raw.items()}
    address, shown_name = _sender(headers, raw)
    ids = _MESSAGE_ID.findall(" ".join(headers.get("in-reply-to", ())))
    earlier = _MESSAGE_ID.findall(" ".join(headers.get("references", ())))
    return replace(
        mail,
        address=address,
        name=shown_name,
        subject=" ".join(headers.get("subject", ())[:1])[:SUBJECT_CHARS_MAX],
        sent_at=_date(headers.get("date", ("",))[0]),
        arrived_at=_date(headers.get("received", ("",))[0].rpartition(";")[2]),
        message_id=next(iter(_MESSAGE_ID.findall(" ".join(headers.get("message-id", ())))), None),
        answers=tuple(dict.fromkeys([*ids, *reversed(earlier)])),
        headers=headers,
    )


def _sender(headers: Mapping[str, tuple[str, ...]], raw: Mapping[str, list[str]]) -> tuple[str | None, str | None]:
    """Address and display name: of From, or of what comes next to it. The name may be the address, and is then none."""
    for header in ("from", "reply-to", "sender"):
        for value, shown in zip(raw.get(header, ()), headers.get(header, ()), strict=True):
            name, address = _mailbox(decoded(value.encode("utf-8", "surrogateescape"), None))
            address = address or next(iter(_ADDRESS.findall(shown)), "")
            if address and len(address) <= ADDRESS_CHARS_MAX:
                words = header_text(name)[:NAME_CHARS_MAX].strip(" '\"")
                return address, None if not words or "@" in words else words
    return None, None


def _mailbox(value: str) -> tuple[str, str]:
    try:
        for name, address in getaddresses([value.replace("\n", " ")]):
            if _ADDRESS.fullmatch(address):
                return name, address
    except (ValueError, IndexError, RecursionError):
        pass  # A thousand nested comments: the address is looked for without the grammar.
    return "", ""


def _date(value: str) -> dt.datetime | None:
    try:
        at = parsedate_to_datetime(value)
        return at.astimezone(dt.UTC) if at.tzinfo else at.replace(tzinfo=dt.UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


# -- parts ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Leaf:
    part: Message
    alternative: int
    """Of which parts only the best is read; 0: it stands for itself."""


def _with_content(mail: Mail, whole: Message, html_text: Read, marks: set[Mark]) -> Mail:
    leaves = list(islice(_leaves(whole), PARTS_MAX + 1))
    if len(leaves) > PARTS_MAX:
        marks.add(Mark.PARTS_CUT)
        leaves = leaves[:PARTS_MAX]
    texts: list[tuple[_Leaf, str]] = []
    files: list[File] = []
    inline: list[File] = []
    for leaf in leaves:
        try:
            kind = leaf.part.get_content_type()
            if _is_text(leaf.part, kind):
                texts.append((leaf, _text(leaf.part, kind, html_text, marks)))
            elif kind not in _SIGNATURES:
                (inline if leaf.part.get("Content-ID") else files).append(_file(leaf.part, len(files) + len(inline)))
        except Exception:  # noqa: BLE001 - one part that cannot be read is no reason to lose the others
            marks.add(Mark.PART_UNREADABLE)
    report_type = whole.get_param("report-type") if whole.get_content_type() == "multipart/report" else None
    return replace(
        mail,
        words=set_apart(_chosen(texts), mail.subject),
        files=(*files, *inline),
        report_type=str(report_type).lower() if report_type else None,
    )


_SIGNATURES = frozenset({"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"})
"""What proves a mail to its reader's program, and tells a person nothing."""


def _leaves(whole: Message) -> Iterator[_Leaf]:
    """Parts that hold something, in their order; without recursion."""
    numbers = count(1)
    waiting = [_Leaf(whole, 0)]
    while waiting:
        leaf = waiting.pop()
        part = leaf.part
        if part.get_content_maintype() == "multipart" and (within := _within(part)):
            number = leaf.alternative
            if not number and part.get_content_type() == "multipart/alternative":
                number = next(numbers)
            waiting += [_Leaf(each, number) for each in reversed(within)]
        else:
            yield leaf


def _is_text(part: Message, kind: str) -> bool:
    """Whether it is to be read rather than saved; a multipart that proved to have no parts is read as it stands."""
    if kind.startswith("multipart/"):
        return True
    return kind in ("text/plain", "text/html") and not part.get_filename() and not _is_attached(part)


def _is_attached(part: Message) -> bool:
    return part.get_content_disposition() == "attachment"


def _bytes(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b"".join(each.as_bytes() for each in _within(part))


def _within(part: Message) -> list[Message]:
    """The parts of a part."""
    inner = part.get_payload()
    return [each for each in inner if isinstance(each, Message)] if isinstance(inner, list) else []


def _text(part: Message, kind: str, html_text: Read, marks: set[Mark]) -> str:
    charset = part.get_param("charset")
    text = decoded(_bytes(part), charset if isinstance(charset, str) else None)
    if kind != "text/html":
        return text
    if len(text) > HTML_CHARS_MAX:
        marks.add(Mark.TEXT_CUT)
    return clean(html_text(text[:HTML_CHARS_MAX]))


def _chosen(texts: list[tuple[_Leaf, str]]) -> str:
    """Of alternatives the plain text, unless it is blank; of everything else all."""
    plain = {leaf.alternative for leaf, text in texts if not _is_html(leaf) and text.strip()}
    chosen = [t for leaf, t in texts if not (leaf.alternative and _is_html(leaf) and leaf.alternative in plain)]
    return "\n\n".join(each.strip("\n") for each in chosen if each.strip())


def _is_html(leaf: _Leaf) -> bool:
    return leaf.part.get_content_type() == "text/html"


def _file(part: Message, number: int) -> File:
    content = _bytes(part)
    try:
        name = header_text(part.get_filename() or "")
    except (LookupError, ValueError):  # RFC 2231 with a charset that nobody knows
        name = ""
    return File(name[:NAME_CHARS_MAX] or f"piece-jointe-{number + 1}", content)
