"""`clic town`: a town's folder, its letters among them."""

from __future__ import annotations

from .letter import letter
from .town import app
from .town_values import values

app.command()(letter)
app.command()(values)

__all__ = ["app"]
