"""`clic town`: a town's folder, its letters among them."""

from __future__ import annotations

from .letter import letter
from .town import app

app.command()(letter)

__all__ = ["app"]
