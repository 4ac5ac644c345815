"""How long certificates are still good: those in files that a service uses or trusts, and the one that NATS shows."""

from __future__ import annotations

import datetime as dt
import ssl
from collections.abc import Mapping
from pathlib import Path

from cryptography import x509
from nats.aio.client import Client

from .telemetry import METRICS


def expires_at(path: Path) -> dt.datetime:
    """When the first certificate of a PEM file that ends, ends: with several that are trusted the soonest.

    Raises:
        OSError: it cannot be read.
        ValueError: it holds none.
    """
    return min(each.not_valid_after_utc for each in x509.load_pem_x509_certificates(path.read_bytes()))


def presented_by(client: Client) -> dt.datetime | None:
    """When the certificate ends that NATS showed us at this connection; None: it speaks without TLS."""
    writer = getattr(client._transport, "_io_writer", None)  # noqa: SLF001 - nats-py tells it nowhere else
    shown = writer.get_extra_info("peercert") if writer is not None else None
    if not shown:
        return None
    return dt.datetime.fromtimestamp(ssl.cert_time_to_seconds(shown["notAfter"]), dt.UTC)


def tell_expiry(files: Mapping[str, Path]) -> None:
    """Set the metric of each certificate. Raises as `expires_at`."""
    for name, path in files.items():
        METRICS.certificate_expiry.labels(name).set(expires_at(path).timestamp())
