"""Several NATS servers in one URL, in the order in which a client tries them."""

from __future__ import annotations

import random


def in_any_order(url: str) -> list[str]:
    """The servers of a URL, separated by commas: not everybody on the first one."""
    servers = url.split(",")
    return random.sample(servers, len(servers))
