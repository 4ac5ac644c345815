"""Pages as PDF for screen readers (PDF/UA-1), set by Typst: the same bytes from the same words on every machine."""

from __future__ import annotations

import datetime as dt
import functools
import json
from importlib import resources
from typing import Any, Final

import typst

from clic_chassis.error import ClicError

STANDARD: Final = "ua-1"
"""ISO 14289-1: a picture without words for it is refused. Source: SGQRI 008."""


class TypesettingError(ClicError):
    """The page could not be set: a fault of ours."""


def typeset(template: str, name: str, data: dict[str, Any], made_at: dt.datetime) -> bytes:
    """The PDF's bytes; `template` is a file of this package that reads `data` by its name.

    Raises:
        typst.TypstError: it cannot be set; the error may tell of `data`.
    """
    made = _compiler().compile(
        input=_template(template),
        format="pdf",
        pdf_standards=[STANDARD],
        sys_inputs={name: json.dumps(data, ensure_ascii=False)},
        timestamp=int(made_at.timestamp()),
    )
    assert isinstance(made, bytes)
    return made


@functools.cache
def _compiler() -> typst.Compiler:
    return typst.Compiler(font_paths=typst.Fonts(include_system_fonts=False, include_embedded_fonts=True))


@functools.cache
def _template(file: str) -> bytes:
    return resources.files("clic_intake").joinpath(file).read_bytes()
