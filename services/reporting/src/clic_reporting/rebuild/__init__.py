"""The rebuild: the same rows again from nothing, beside the live ones, then in their place."""

from __future__ import annotations

from .progress import Progress, RebuildError, Told
from .run import rebuild
from .swap import drop_old, go_back

__all__ = ["Progress", "RebuildError", "Told", "drop_old", "go_back", "rebuild"]
