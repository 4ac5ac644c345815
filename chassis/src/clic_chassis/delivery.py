"""A message as a process takes it from its stream."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message of a stream."""

    stream: str
    subject: str
    sequence: int
    body: bytes
    headers: dict[str, str]
    tries: int = 0
    """How often it failed already, in this process."""
