"""How often somebody may do something: a bucket that leaks steadily, per key, within bounded memory.

The generic cell rate algorithm (GCRA, ITU-T I.371) keeps one instant per key: when its bucket will be empty again.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import math
from collections import OrderedDict
from dataclasses import dataclass

from clic_chassis.clock import Clock

KEYS_MAX = 10_000
"""Of which a rate remembers something; beyond it the one that was longest without an act is forgotten."""


@dataclass(frozen=True, slots=True)
class Rate:
    """`burst` acts at once, and `burst` again in every `within`."""

    burst: int
    within: dt.timedelta


class Limiter:
    """Counts acts by key."""

    def __init__(self, rate: Rate, clock: Clock, *, keys_max: int = KEYS_MAX) -> None:
        self._rate = rate
        self._clock = clock
        self._keys_max = keys_max
        self._empty_at: OrderedDict[str, dt.datetime] = OrderedDict()

    def __len__(self) -> int:
        return len(self._empty_at)

    def wait_s(self, key: str) -> int:
        """Whole seconds until one more act of a key is within the rate; 0: it is now. Nothing is counted."""
        now = self._clock.now()
        empty_at = self._empty_at.get(key, now)
        over = empty_at + self._each - now - self._rate.within
        return max(0, math.ceil(over.total_seconds()))

    def count(self, key: str) -> None:
        """An act of a key happened."""
        now = self._clock.now()
        self._empty_at[key] = max(self._empty_at.pop(key, now), now) + self._each
        while len(self._empty_at) > self._keys_max:
            self._empty_at.popitem(last=False)

    def take(self, key: str) -> int:
        """Count an act if it is within the rate: 0; otherwise the seconds to wait, and nothing is counted."""
        wait_s = self.wait_s(key)
        if not wait_s:
            self.count(key)
        return wait_s

    @property
    def _each(self) -> dt.timedelta:
        return self._rate.within // self._rate.burst  # Rounded down: a burst fits in.


def source_of(host: str | None) -> str:
    """Whom an address is counted as: itself; of IPv6 its network of 64 bits, which one customer has whole."""
    if host is None:
        return "unknown"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host[:64]
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
