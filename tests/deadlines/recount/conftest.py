"""The docket's tables, empty."""

from tests.deadlines.docket.conftest import book

__all__ = ["book"]
