"""Which files a citizen may attach. What a file is, its bytes say and not its name or its sender. Source: POL-28."""

from __future__ import annotations

from collections.abc import Callable

from clic_chassis.error import RefusedError

BYTES_MAX = 10 * 1024 * 1024
"""Of one file: a telephone's picture has 3 to 6 MB."""
FILES_MAX = 10
"""Of one request."""
NAME_CHARS_MAX = 200
TEXT = "text/plain"
ALLOWED = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "image/heic": ".heic",
    "application/pdf": ".pdf",
    TEXT: ".txt",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/vnd.oasis.opendocument.text": ".odt",
    "application/vnd.oasis.opendocument.spreadsheet": ".ods",
}
"""Media type and extension. Pictures and documents; nothing that a browser would run (HTML, SVG), no archives."""

_MARKUP = ("<!doctype", "<html", "<script", "<svg", "<?xml", "<?php", "#!")
_WHITE = "\t\n\r\f"


class UnfitFileError(RefusedError):
    """A file may not be attached; the message says why and what to do instead."""

    code = "unfit_file"


def media_type(content: bytes, told_by: Callable[[bytes], str | None]) -> str:
    """The media type of a file (RFC 6838), `told_by` its bytes; what no signature tells is text, or is refused.

    Raises:
        UnfitFileError: it is empty, too large, or of a type that is not taken.
    """
    if not content:
        raise UnfitFileError("the file is empty: choose another")
    if len(content) > BYTES_MAX:
        raise UnfitFileError(f"the file has more than {BYTES_MAX // 1024**2} MB: send a smaller one")
    found = told_by(content) or (TEXT if _is_text(content) else None)
    if found not in ALLOWED:
        raise UnfitFileError("this kind of file is not taken: send a picture, a PDF, a text or an office document")
    return found


def file_name(name: str, media_type: str) -> str:
    """A name that is safe to show and to save under, with the extension of what the file is."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    clean = "".join(c for c in last if c.isprintable() and c not in '<>:"|?*').strip(" .")
    stem, dot, extension = clean.rpartition(".")
    if dot and f".{extension.lower()}" in (ALLOWED[media_type], *_SAME.get(media_type, ())):
        return f"{stem[:NAME_CHARS_MAX]}.{extension}" if stem else f"fichier.{extension}"
    return f"{clean[:NAME_CHARS_MAX] or 'fichier'}{ALLOWED[media_type]}"


_SAME: dict[str, tuple[str, ...]] = {"image/jpeg": (".jpeg",), "image/heic": (".heif",)}


def _is_text(content: bytes) -> bool:
    """Whether it is text that a browser would show and not run; UTF-8, or Windows-1252 as older programs write."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    if any(not (c.isprintable() or c in _WHITE) or c == "�" for c in text):
        return False
    return not text.lstrip().lower().startswith(_MARKUP)
