"""How long certificates are still good: those in files that a service uses or trusts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path

from cryptography import x509

from .telemetry import METRICS


def expires_at(path: Path) -> dt.datetime:
    """When the first certificate of a PEM file that ends, ends: with several that are trusted the soonest.

    Raises:
        OSError: it cannot be read.
        ValueError: it holds none.
    """
    return min(each.not_valid_after_utc for each in x509.load_pem_x509_certificates(path.read_bytes()))


def tell_expiry(files: Mapping[str, Path]) -> None:
    """Set the metric of each certificate. Raises as `expires_at`."""
    for name, path in files.items():
        METRICS.certificate_expiry.labels(name).set(expires_at(path).timestamp())
