"""Sealing personal data: AES-256-GCM under a key per request, wrapped by the deployment's key. Source: POL-30.

Erasing destroys the wrapped key, and with it every copy of what it sealed.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from clic_chassis.error import ClicError, RefusedError
from clic_chassis.settings import SettingsError
from clic_contracts.event import Sealed

ALGORITHM = "A256GCM"
KEY_BYTES = 32
NONCE_BYTES = 12
DIGEST_BYTES = 16
"""Of a digest in an index: a collision among ten million is as likely as a guessed key of 80 bits."""
INDEX_PURPOSES = ("names of requesters 1", "contacts of requesters 1", "places of requests 1", "identities of mails 1")
"""What digests are made for. Each has a key of its own, kept in the register: digests outlive the deployment's key."""
RING_KEYS_MAX = 3
"""Deployment keys at once: the one that wraps, and those before it until nothing is wrapped by them."""

log = structlog.get_logger()


class SealError(ClicError):
    """A seal cannot be opened: the key is erased, or it was sealed for another request."""


class KeyLostError(RefusedError):
    """What is sealed opens with no key that is left: it was lost with the register, and nobody erased it."""

    code = "key_lost"

    def __init__(self) -> None:
        super().__init__(
            "the key of what is sealed here is lost, and no backup of the keys had it: what was written cannot be read "
            "any more; ask the citizen again",
            fr="la clé de ce qui est scellé ici est perdue, et aucune sauvegarde des clés ne l’avait : ce qui a été "
            "écrit ne peut plus être lu ; demandez-le de nouveau à la personne",
        )


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


class _Wrapper:
    """One key of the deployment."""

    def __init__(self, raw: bytes) -> None:
        if len(raw) != KEY_BYTES:
            raise SettingsError(f"the master key has {len(raw)} bytes; it must have {KEY_BYTES}")
        self.raw = raw
        self.cipher = AESGCM(raw)
        self.key_id = hashlib.sha256(b"clic key id\n" + raw).hexdigest()[:16]


class MasterKey:
    """The deployment's key, which wraps the requests' keys; and those before it, while those are wrapped anew.

    It reads its file again when asked to, so that a rotation needs no restart.
    """

    def __init__(
        self, raw: bytes, *previous: bytes, randomness: Callable[[int], bytes] = os.urandom, path: Path | None = None
    ) -> None:
        self._ring = _ring((raw, *previous))
        self._randomness = randomness
        self._path = path
        self._index_keys: dict[str, bytes] = {}

    @classmethod
    def read(cls, path: Path) -> MasterKey:
        """Read it from a file of 32 bytes in base64 a line: the key that wraps, then those that may still unwrap.

        Raises:
            SettingsError: the file cannot be read or does not hold such keys.
        """
        return cls(*read_ring(path), path=path)

    def refresh(self, newest: str | None = None) -> bool:
        """Read the file again; whether other keys stand in it.

        What is known stays where the file cannot be read, or lacks the key that wraps now: a rotation keeps it beside,
        until it is over; then the file begins with the `newest` key that the register knows.
        """
        if self._path is None:
            return False
        try:
            ring = _ring(read_ring(self._path))
        except SettingsError as error:
            log.warning("master_key_not_read", error=str(error))
            return False
        ids = [each.key_id for each in ring]
        if self.key_id not in ids and ids[0] != newest:
            log.error(
                "master_key_replaced", mend="put the key that wraps now into its file too, on a line after the new"
            )
            return False
        changed = ids != [each.key_id for each in self._ring]
        self._ring = ring
        return changed

    @property
    def key_id(self) -> str:
        """Tells the key that wraps from others, and nothing of it."""
        return self._ring[0].key_id

    @property
    def previous_ids(self) -> list[str]:
        """Of the keys that only unwrap."""
        return [each.key_id for each in self._ring[1:]]

    def adopt_index_key(self, purpose: str, raw: bytes) -> None:
        """Digest for a purpose with a key of its own, which stays when the deployment's key is another one."""
        self._index_keys[purpose] = raw

    def first_index_key(self, purpose: str) -> bytes:
        """The key of a purpose that has none yet: derived (HKDF, RFC 5869), as older indexes have it."""
        return HKDFExpand(hashes.SHA256(), KEY_BYTES, b"clic " + purpose.encode()).derive(self._ring[0].raw)

    def digester(self, purpose: str) -> Callable[[str], bytes]:
        """A keyed digest (HMAC-SHA256, its first 16 bytes) under a key of this purpose alone.

        The same words have the same digest, which tells nothing to whoever has not the deployment's key.
        """
        if purpose not in INDEX_PURPOSES:
            raise ValueError(f"name {purpose!r} in INDEX_PURPOSES: its digests would not outlive the deployment's key")
        key = self._index_keys.get(purpose) or self.first_index_key(purpose)
        return lambda words: hmac.digest(key, words.encode(), "sha256")[:DIGEST_BYTES]

    def new_wrapped(self, request_id: str) -> bytes:
        """A new key for a request, wrapped."""
        return self.wrap(request_id, self._randomness(KEY_BYTES))

    def wrap(self, name: str, raw: bytes) -> bytes:
        """A key of this name, wrapped."""
        nonce = self._randomness(NONCE_BYTES)
        return nonce + self._ring[0].cipher.encrypt(nonce, raw, name.encode())

    def rewrap(self, name: str, wrapped: bytes) -> bytes:
        """The same key, wrapped by the key that wraps now. Raises as `unwrap`."""
        return self.wrap(name, self.unwrap_raw(name, wrapped))

    def unwrap(self, request_id: str, wrapped: bytes) -> RequestKey:
        """The key of a request.

        Raises:
            SealError: it was wrapped by another deployment key or for another request.
        """
        return RequestKey(request_id, self.unwrap_raw(request_id, wrapped), self._randomness)

    def unwrap_raw(self, name: str, wrapped: bytes) -> bytes:
        """The bytes of a key. Raises as `unwrap`."""
        for each in self._ring:
            try:
                return each.cipher.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], name.encode())
            except (InvalidTag, ValueError):  # ValueError: it was cut short
                continue
        raise SealError("the request's key does not unwrap with this deployment's key")


def read_ring(path: Path) -> tuple[bytes, ...]:
    """The keys of a file, the one that wraps first.

    Raises:
        SettingsError: it cannot be read or does not hold such keys; the message names the variable and a mend.
    """
    try:
        lines = path.read_text(encoding="ascii").split()
        keys = tuple(base64.b64decode(line, validate=True) for line in lines)
        _ring(keys)
    except (OSError, ValueError, SettingsError) as error:
        raise SettingsError(
            f"CLIC_MASTER_KEY_FILE: {path}: {error}. Make one: head -c 32 /dev/urandom | base64"
        ) from error
    return keys


def _ring(keys: Sequence[bytes]) -> tuple[_Wrapper, ...]:
    if not 1 <= len(keys) <= RING_KEYS_MAX:
        raise SettingsError(f"it holds {len(keys)} keys; there must be one, and {RING_KEYS_MAX} at most")
    return tuple(_Wrapper(each) for each in keys)
