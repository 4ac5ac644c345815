"""The docket: which obligations are open, by when, whose they are, and where they stand. Source: POL-29, POL-32."""

from clic_deadlines.core.docket_row import DocketRow

from .projection import DocketProjection
from .query import CursorError, Docket, Filters, Page

__all__ = ["CursorError", "Docket", "DocketProjection", "DocketRow", "Filters", "Page"]
