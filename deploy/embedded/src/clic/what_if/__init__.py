"""`clic what-if`: the log folded under other rules."""

from .command import what_if as what_if
