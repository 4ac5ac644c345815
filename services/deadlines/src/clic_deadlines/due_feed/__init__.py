"""A department's limits as a calendar that programs subscribe to (RFC 5545)."""

from .feed import Feed
from .route import add_feed_route
from .token import FeedTokens

__all__ = ["Feed", "FeedTokens", "add_feed_route"]
