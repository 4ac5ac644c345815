"""The files that the dashboard's pages load: read once, named by their content, so that a browser may keep them."""

from __future__ import annotations

import hashlib
from importlib import resources
from typing import NamedTuple

_TYPES = {"dashboard.css": "text/css; charset=utf-8", "dashboard.js": "text/javascript; charset=utf-8"}
DIGEST_CHARACTERS = 12


class Asset(NamedTuple):
    """One file."""

    body: bytes
    media_type: str
    digest: str


class Assets:
    """The files by name."""

    def __init__(self) -> None:
        folder = resources.files("clic_reporting").joinpath("static")
        bodies = {name: folder.joinpath(name).read_bytes() for name in _TYPES}
        self._found = {
            name: Asset(body, _TYPES[name], hashlib.sha256(body).hexdigest()[:DIGEST_CHARACTERS])
            for name, body in bodies.items()
        }

    def get(self, name: str) -> Asset | None:
        """A file, or None."""
        return self._found.get(name)

    def address(self, name: str) -> str:
        """Where it is served; another content has another address."""
        return f"/dashboard/static/{name}?v={self._found[name].digest}"
