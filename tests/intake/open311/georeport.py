"""GeoReport's rules as tests ask for them: the schema of its XML, and the Spark convention from XML to JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lxml import etree

SCHEMA = etree.RelaxNG(etree.parse(str(Path(__file__).with_name("georeport_v2.rng"))))
_CONTAINERS = {"attributes", "endpoints", "errors", "formats", "service_requests", "services", "values"}
_BOOLEANS = {"metadata", "required", "variable"}
_NUMBERS = {"order"}


def valid(xml: bytes) -> etree._Element:
    """The root of an answer that is valid, with the declaration that the specification asks for."""
    assert xml.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n')
    root = etree.fromstring(xml)
    SCHEMA.assertValid(root)
    return root


def spark(element: etree._Element) -> Any:
    """An element as the convention maps it to JSON; codes stay strings."""
    children = list(element)
    if element.tag in _CONTAINERS:
        return [spark(each) for each in children]
    if children:
        return {str(each.tag): spark(each) for each in children}
    if element.tag in _BOOLEANS:
        return {"true": True, "false": False}[element.text or ""]
    if element.tag in _NUMBERS:
        return int(element.text or "")
    return element.text
