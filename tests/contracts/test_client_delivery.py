"""What a cluster says of a submission that is published again while its first try is being agreed on."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, cast

import pytest
from nats.js.api import PubAck
from nats.js.errors import APIError, BadRequestError

from clic_contracts.client.connection import Connection
from clic_contracts.client.delivery import Outgoing, deliver

OUT = Outgoing("clic.inbox.portail_web.x", "1", "once", b"{}")


class Server:
    """Stands for a connection whose server answers in turn."""

    def __init__(self, *answers: Exception | PubAck) -> None:
        self._answers = list(answers)

    async def client(self, timeout_s: float) -> Server:
        """See `Connection`."""
        del timeout_s
        return self

    def jetstream(self) -> Server:
        """See nats-py's client."""
        return self

    async def publish(self, *_: object, **__: object) -> PubAck:
        """The next answer."""
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def unless_denied(self, subjects: tuple[str, ...], answer: Coroutine[Any, Any, Any]) -> Any:
        """See `Connection`."""
        del subjects
        return await answer


async def test_what_is_still_in_process_is_tried_again() -> None:
    """Error 10158: the retry was quicker than three servers agree."""
    in_process = APIError(code=409, err_code=10158, description="duplicate message id is in process")
    server = cast("Connection", Server(in_process, PubAck(stream="CLIC_INBOX", seq=7, duplicate=True)))
    delivered = await deliver(server, OUT, tries=2, timeout_s=1.0)
    assert (delivered.is_there, delivered.is_duplicate) == (True, True)


@pytest.mark.parametrize(
    "error",
    [
        BadRequestError(code=400, err_code=10060, description="expected stream does not match"),
        APIError(code=409, err_code=10999, description="something else"),
    ],
)
async def test_what_the_server_refuses_is_not_tried_again(error: APIError) -> None:
    """Trying the same again at once would change nothing; a bad request never will."""
    delivered = await deliver(cast("Connection", Server(error)), OUT, tries=2, timeout_s=1.0)
    assert (delivered.is_there, delivered.is_final) == (False, isinstance(error, BadRequestError))
