"""Remembers how far an import came, so that it goes on there."""

from __future__ import annotations

import json
from pathlib import Path

from clic_chassis.error import ClicError


class StateFileError(ClicError):
    """The state of an earlier run cannot be used; the message says how to mend it."""


class Watermark:
    """The last line of a file up to which everything has its receipt, kept in a small JSON file.

    `into` names the CLIC that it was imported into, where it is not the one of the folder in which the state is kept.
    """

    def __init__(self, path: Path, digest: str, publisher: str, into: str = "") -> None:
        self._path = path
        self._belongs_to = {"file_sha256": digest, "publisher": publisher, "into": into}

    def line(self) -> int:
        """The last line that needs no publishing; 0 where there is no state, or it is of another import.

        Raises:
            StateFileError: there is a state, and it is none of ours.
        """
        try:
            said = json.loads(self._path.read_text(encoding="utf-8"))
            belongs = {key: said[key] for key in self._belongs_to} == self._belongs_to
            return int(said["line"]) if belongs else 0
        except FileNotFoundError:
            return 0
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StateFileError(
                f"{self._path}: cannot be read ({error}). Remove it, or use --no-resume: nothing is added twice."
            ) from error

    def reached(self, line: int) -> None:
        """Write how far it came; the old state stays until the new one is whole.

        Raises:
            StateFileError: it cannot be written.
        """
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            new = self._path.with_name(self._path.name + ".new")
            new.write_text(json.dumps({**self._belongs_to, "line": line}) + "\n", encoding="utf-8")
            new.replace(self._path)
        except OSError as error:
            raise StateFileError(f"{self._path}: cannot be written ({error}). Name another with --state.") from error
