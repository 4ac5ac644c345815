"""GeoReport's two formats: the same answer as JSON and as XML, which of them is asked for, and how they map.

The mapping is the Spark convention (wiki.open311.org/JSON_and_XML_Conversion): a container of like elements is an
array, and the root's name is not in the JSON.
"""

from __future__ import annotations

import json
import re
from enum import StrEnum
from typing import Final
from xml.etree import ElementTree as ET

from starlette.requests import Request
from starlette.responses import Response

from clic_intake.core.open311 import Value

_ELEMENT_OF: Final = {
    "attributes": "attribute",
    "endpoints": "endpoint",
    "errors": "error",
    "formats": "format",
    "service_requests": "request",
    "services": "service",
    "values": "value",
}
"""What the elements of a container are called in XML."""

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold (2.2, Char)."""


class Format(StrEnum):
    """As a resource's name ends."""

    XML = "xml"
    JSON = "json"


_MEDIA: Final = {Format.XML: "text/xml", Format.JSON: "application/json"}
_FORMAT_OF_MEDIA: Final = {
    "application/json": Format.JSON,
    "application/xml": Format.XML,
    "text/xml": Format.XML,
}
ACCEPT_RANGES_MAX = 20
"""Of an Accept header, more are not looked at."""


def split(resource: str) -> tuple[str, str]:
    """A resource's name, and the format at its end: `services.json`; without one the format is empty."""
    name, dot, suffix = resource.rpartition(".")
    return (name, suffix) if dot else (resource, "")


def accepted(header: str) -> Format:
    """The format that an Accept header names first; XML where it names none, which is the format that is required."""
    for each in header.split(",")[:ACCEPT_RANGES_MAX]:
        media = each.partition(";")[0].strip().lower()
        if media in _FORMAT_OF_MEDIA:
            return _FORMAT_OF_MEDIA[media]
    return Format.XML


def format_of(request: Request) -> Format:
    """The format that an address names, where it exists; else the one that is accepted."""
    suffix = split(request.url.path)[1]
    return Format(suffix) if suffix in tuple(Format) else accepted(request.headers.get("accept", ""))


def answer(root: str, content: Value, form: Format, status: int = 200) -> Response:
    """An answer in UTF-8, with the Content-Type that the specification names; it varies by what was asked for."""
    body = _json(content) if form is Format.JSON else _xml(root, content)
    return Response(
        body, status, {"Content-Type": f"{_MEDIA[form]}; charset=utf-8", "Vary": "Accept, Accept-Language, Cookie"}
    )


def _json(content: Value) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def _xml(root: str, content: Value) -> bytes:
    text: bytes = ET.tostring(_element(root, content), encoding="unicode").encode()
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + text


def _element(name: str, content: Value) -> ET.Element:
    element = ET.Element(name)
    match content:
        case dict():
            element.extend(_element(key, value) for key, value in content.items())
        case list():
            element.extend(_element(_ELEMENT_OF[name], value) for value in content)
        case bool():
            element.text = "true" if content else "false"
        case None:
            pass
        case _:
            element.text = _NOT_XML.sub("\ufffd", str(content))
    return element
