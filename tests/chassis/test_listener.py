"""Where a service listens: at once, and said where it cannot."""

from __future__ import annotations

import socket

import pytest

from clic_chassis.error import ClicError
from clic_chassis.listener import listen


def test_an_answer_does_not_wait_for_the_clients_acknowledgement() -> None:
    """Each connection sends at once: 40 ms of every answer were waiting."""
    with listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname(), timeout=5):
        connection, _ = listener.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0


def test_a_place_that_is_taken_is_named_with_its_variables() -> None:
    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(ClicError, match=rf"CLIC_HTTP_PORT.*127\.0\.0\.1:{port}"):
            listen("127.0.0.1", port)
