"""HTTPS: the certificate that we show, taken anew when its files change; connections that are open go on."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import structlog

from .nats_credential import LOOK_EVERY_S, CredentialError, digest_of
from .pause import pause

log = structlog.get_logger()


class HttpCertificate:
    """A component that keeps a server's context as its files are."""

    name = "http-certificate"

    def __init__(self, certificate_file: Path, key_file: Path, *, look_every_s: float = LOOK_EVERY_S) -> None:
        """Read the files.

        Raises:
            CredentialError: they are not there, or do not belong together.
        """
        self._files = (certificate_file, key_file)
        self._look_every_s = look_every_s
        self._used = digest_of(self._files)
        self.context = _context(*self._files)

    async def run(self, stop: asyncio.Event) -> None:
        """Look until told to stop."""
        while not stop.is_set():
            await pause(stop, self._look_every_s)
            if (now := digest_of(self._files)) != self._used and now is not None:
                self._renew(now)

    def _renew(self, now: str) -> None:
        try:
            _context(*self._files)  # Tried beside: one file of two that was replaced must not spoil what is in use.
            self.context.load_cert_chain(*self._files)
        except (CredentialError, OSError) as error:
            log.warning("certificate_not_used", error=str(error))
            return
        self._used = now
        log.info("certificate_replaced")

    def not_ready(self) -> str | None:
        """Always ready: what was read at the start is good until the next is."""
        return None


def _context(certificate_file: Path, key_file: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(certificate_file, key_file)
    except OSError as error:  # ssl.SSLError is one.
        raise CredentialError(
            f"CLIC_HTTP_CERTIFICATE_FILE, CLIC_HTTP_KEY_FILE: {certificate_file} and {key_file} are no certificate "
            f"with its key ({error})"
        ) from error
    return context
