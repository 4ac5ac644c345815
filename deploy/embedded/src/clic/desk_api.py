"""The services' HTTP APIs for commands of `clic`: asked as one of the installation's sample agents."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from clic_chassis.error import ClicError

from .connection import ConnectionUnknownError, clic_dir, read_installation
from .told import told

SERVICE = "intake"
TIMEOUT_S = 60.0
ANSWER_BYTES_MAX = 128 * 1024 * 1024
"""Of an answer: a person's export holds 64 MB of files at most, in base64."""

# Without a proxy: an http_proxy of the machine must not be asked about its own loopback.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class DeskError(ClicError):
    """The desk, or another service, did not do it; the message says why and how to mend it."""


class DeskApi:
    """Asks the desk, or another service."""

    def __init__(self, url: str, token: str, service: str = SERVICE) -> None:
        self._url = url
        self._token = token
        self._service = service

    @classmethod
    def of_folder(cls, agent: str, service: str = SERVICE) -> DeskApi:
        """A service of this installation, as the sample agent whose token is in the folder's `<agent>.token`.

        Raises:
            ConnectionUnknownError: there is no installation, or no such agent.
        """
        url = read_installation().services.get(service)
        if url is None:
            raise ConnectionUnknownError(f"{clic_dir()} names no address of {service}: run `clic up` again")
        folder = clic_dir()
        path = folder / f"{agent}.token"
        if Path(agent).name != agent or not path.is_file():
            known = ", ".join(sorted(each.stem for each in folder.glob("*.token")))
            raise ConnectionUnknownError(f"{folder} has no token of {agent!r}; it has those of: {known}")
        return cls(url, path.read_text(encoding="utf-8").strip(), service)

    def ask(self, path: str, body: Any = None, *, key: str | None = None) -> Any:
        """GET a path, or POST it a JSON body; gives the JSON that is answered, None where that is nothing.

        Raises:
            DeskError: it was refused, or nobody answers.
        """
        said = self.fetch(path, body, key=key)
        return json.loads(said) if said else None

    def fetch(self, path: str, body: Any = None, *, key: str | None = None) -> bytes:
        """As `ask`, but gives what is answered as it is. Raises as `ask`."""
        request = urllib.request.Request(  # noqa: S310 - the address that `clic up` wrote
            self._url + path,
            None if body is None else json.dumps(body).encode(),
            {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
            | ({"Idempotency-Key": key} if key else {}),
        )
        try:
            with _OPENER.open(request, timeout=TIMEOUT_S) as answer:
                said: bytes = answer.read(ANSWER_BYTES_MAX + 1)
        except urllib.error.HTTPError as error:
            raise DeskError(_refusal(self._service, error.code, error.read(ANSWER_BYTES_MAX))) from error
        except OSError as error:
            raise DeskError(
                f"{self._service} at {self._url} does not answer. Is CLIC running? `clic up` starts it."
            ) from error
        if len(said) > ANSWER_BYTES_MAX:
            raise DeskError(f"{self._service} answered more than {ANSWER_BYTES_MAX} bytes: ask for less")
        return said


def _refusal(service: str, status: int, body: bytes) -> str:
    """A problem (RFC 9457) as lines to read."""
    try:
        problem = json.loads(body)
        lines = [str(problem["detail"])]
        lines += [f"  • {each['detail']} {each['mend']}" for each in problem.get("errors", ())]
    except (ValueError, KeyError, TypeError):
        return f"{service} answered {status}, and no problem that can be read"
    return "\n".join(lines)


@contextmanager
def asking(agent: str, service: str = SERVICE) -> Iterator[DeskApi]:
    """The desk, or another service, asked as an agent; an error is told and ends the command."""
    with told():
        yield DeskApi.of_folder(agent, service)
