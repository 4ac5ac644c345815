"""The secret of a citizen's tracking link: derived from the request's key, so that erasing ends the link (POL-18)."""

from __future__ import annotations

import hmac

from clic_chassis.error import NotFoundError
from clic_contracts.vocabulary import RequestId
from clic_intake.register import Register

from .attachments import ErasedError

PURPOSE = "tracking link 1"


class Tracking:
    """Gives and checks secrets; nothing is stored of them."""

    def __init__(self, register: Register) -> None:
        self._register = register

    async def secret(self, request_id: RequestId) -> str:
        """The secret of a request: 22 characters of base64url, 128 bits.

        Raises:
            NotFoundError: there is no such request.
            ErasedError: the request was erased.
            RetryableError: the database is away.
        """
        key = (await self._register.entry(request_id, with_key=True)).key
        if key is None:
            raise ErasedError("the personal data of this request was erased: its link is gone")
        return key.token(PURPOSE)

    async def is_right(self, request_id: RequestId, secret: str) -> bool:
        """Whether a secret is the request's; of an unknown or erased request none is. Compared in constant time.

        Raises:
            RetryableError: the database is away.
        """
        try:
            key = (await self._register.entry(request_id)).key
        except NotFoundError:
            return False
        expected = PURPOSE if key is None else key.token(PURPOSE)
        return hmac.compare_digest(expected.encode(), secret.encode()) and key is not None
