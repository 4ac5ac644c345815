"""Sealing personal data: AES-256-GCM under a key per request, wrapped by the deployment's key. Source: POL-30.

Erasing destroys the wrapped key, and with it every copy of what it sealed.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from clic_chassis.error import ClicError
from clic_chassis.settings import SettingsError
from clic_contracts.event import Sealed

ALGORITHM = "A256GCM"
KEY_BYTES = 32
NONCE_BYTES = 12
DIGEST_BYTES = 16
"""Of a digest in an index: a collision among ten million is as likely as a guessed key of 80 bits."""


class SealError(ClicError):
    """A seal cannot be opened: the key is erased, or it was sealed for another request."""


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class RequestKey:
    """The key of one request."""

    def __init__(self, request_id: str, raw: bytes, randomness: Callable[[int], bytes] = os.urandom) -> None:
        self._request_id = request_id.encode()
        self._raw = raw
        self._cipher = AESGCM(raw)
        self._randomness = randomness

    def seal(self, content: Mapping[str, Any]) -> Sealed:
        """Seal a JSON object for this request alone: its id is authenticated with it."""
        nonce = self._randomness(NONCE_BYTES)
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
        return Sealed(
            algorithm=ALGORITHM,
            nonce=_encode(nonce),
            ciphertext=_encode(self._cipher.encrypt(nonce, text, self._request_id)),
        )

    def open(self, sealed: Sealed) -> dict[str, Any]:
        """What was sealed.

        Raises:
            SealError: it was sealed under another key, for another request, in another way, or was changed.
        """
        if sealed.algorithm != ALGORITHM:
            raise SealError(f"the seal is {sealed.algorithm!r}; this code opens {ALGORITHM}")
        try:
            text = self._cipher.decrypt(_decode(sealed.nonce), _decode(sealed.ciphertext), self._request_id)
        except (InvalidTag, ValueError) as error:  # ValueError: no base64, or a nonce of another length
            raise SealError("the seal does not open with this request's key") from error
        content: dict[str, Any] = json.loads(text)
        return content

    def seal_bytes(self, content: bytes, place: str) -> bytes:
        """Seal a piece of a file for this request and this place alone: nonce, ciphertext and tag."""
        nonce = self._randomness(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, content, self._request_id + b"\n" + place.encode())

    def open_bytes(self, sealed: bytes, place: str) -> bytes:
        """What `seal_bytes` sealed. Raises as `open`."""
        try:
            return self._cipher.decrypt(
                sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], self._request_id + b"\n" + place.encode()
            )
        except (InvalidTag, ValueError) as error:  # ValueError: it was cut short
            raise SealError("the file does not open with this request's key") from error

    def token(self, purpose: str) -> str:
        """A secret for this purpose alone (HMAC-SHA256, its first 16 bytes, base64url); gone with the key."""
        return _encode(hmac.digest(self._raw, b"token\n" + purpose.encode(), "sha256")[:DIGEST_BYTES])

    def digest(self, content: bytes) -> str:
        """Tells whether content is the same, to nobody without the key; forgotten with it."""
        return "hmac-sha256:" + hmac.new(self._raw, b"digest\n" + content, hashlib.sha256).hexdigest()


class MasterKey:
    """The deployment's key: wraps the requests' keys."""

    def __init__(self, raw: bytes, randomness: Callable[[int], bytes] = os.urandom) -> None:
        if len(raw) != KEY_BYTES:
            raise SettingsError(f"the master key has {len(raw)} bytes; it must have {KEY_BYTES}")
        self._raw = raw
        self._cipher = AESGCM(raw)
        self._randomness = randomness
        self.key_id = hashlib.sha256(b"clic key id\n" + raw).hexdigest()[:16]

    @classmethod
    def read(cls, path: Path) -> MasterKey:
        """Read it from a file that holds 32 bytes in base64.

        Raises:
            SettingsError: the file cannot be read or does not hold such a key.
        """
        try:
            return cls(base64.b64decode(path.read_text(encoding="ascii").strip(), validate=True))
        except (OSError, ValueError, SettingsError) as error:
            raise SettingsError(
                f"CLIC_MASTER_KEY_FILE: {path}: {error}. Make one: head -c 32 /dev/urandom | base64"
            ) from error

    def digester(self, purpose: str) -> Callable[[str], bytes]:
        """A keyed digest (HMAC-SHA256, its first 16 bytes) under a key of this purpose alone (HKDF, RFC 5869).

        The same words have the same digest, which tells nothing to whoever has not the deployment's key.
        """
        key = HKDFExpand(hashes.SHA256(), KEY_BYTES, b"clic " + purpose.encode()).derive(self._raw)
        return lambda words: hmac.digest(key, words.encode(), "sha256")[:DIGEST_BYTES]

    def new_wrapped(self, request_id: str) -> bytes:
        """A new key for a request, wrapped."""
        nonce = self._randomness(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, self._randomness(KEY_BYTES), request_id.encode())

    def unwrap(self, request_id: str, wrapped: bytes) -> RequestKey:
        """The key of a request.

        Raises:
            SealError: it was wrapped by another deployment key or for another request.
        """
        try:
            raw = self._cipher.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], request_id.encode())
        except (InvalidTag, ValueError) as error:  # ValueError: it was cut short
            raise SealError("the request's key does not unwrap with this deployment's key") from error
        return RequestKey(request_id, raw, self._randomness)
