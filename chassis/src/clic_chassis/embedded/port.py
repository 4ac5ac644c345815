"""Ports of the loopback: which are free, which are taken, and what a server there says."""

from __future__ import annotations

import http.client
import json
import socket
import urllib.error
import urllib.request
from http import HTTPStatus
from typing import Any

LOOPBACK = "127.0.0.1"
ASK_TIMEOUT_S = 2.0

# Without a proxy: an http_proxy of the machine must not be asked about its own loopback.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def free_port() -> int:
    """A TCP port of the loopback that nothing listens on, and that for a minute the system gives to nobody by itself.

    A connection to it that has ended (TIME_WAIT) holds it: whoever asks for any port gets another, also in other
    processes, while a server that sets SO_REUSEADDR, as servers do, may listen there.
    """
    with (
        socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listening,
        socket.socket(socket.AF_INET, socket.SOCK_STREAM) as asking,
    ):
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((LOOPBACK, 0))
        listening.listen(1)
        asking.connect(listening.getsockname())
        listening.accept()[0].close()  # Who closes first is the one that waits.
        port: int = listening.getsockname()[1]
    return port


def is_free(port: int) -> bool:
    """Whether a server could listen there now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: a connection that is still closing (TIME_WAIT) does not hold the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def ask(url: str) -> tuple[int, Any]:
    """The status and JSON body that a server of the loopback answers with; status 0 when it does not answer."""
    try:
        with _OPENER.open(url, timeout=ASK_TIMEOUT_S) as answer:
            return answer.status, _json(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, _json(error.read())
    except (OSError, http.client.HTTPException):  # The latter: it ended in the middle of its answer.
        return 0, None


def well(url: str) -> bool:
    """Whether a health page of the loopback answers that all is well."""
    return ask(url)[0] == HTTPStatus.OK


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None
