"""`clic doctor`: what is wrong with an installation, why it matters, and how to mend it."""

from __future__ import annotations

from .command import doctor

__all__ = ["doctor"]
