"""The newest calendar applied to what is open: an explicit command, previewed, and recorded on each (POL-29)."""

from .applier import Applied, Batch, CalendarApplier, ChangedInPlaceError, Moved
from .route import add_application_route

__all__ = ["Applied", "Batch", "CalendarApplier", "ChangedInPlaceError", "Moved", "add_application_route"]
