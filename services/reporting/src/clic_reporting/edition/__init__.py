"""What is hidden of an edition, so that nobody can work out a small count of it (POL-38, docs/decisions/0015)."""

from .choice import Choice as Choice
from .choice import choose as choose
from .search import UnsafeEditionError as UnsafeEditionError
from .search import prove as prove
