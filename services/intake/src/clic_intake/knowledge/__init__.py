"""The knowledge base: asked before anything is transferred (POL-16), enriched by what it lacked (POL-40)."""

from .draft import NO_SUCH_DRAFT, ArticleDrafts
from .first_line import FirstLine
from .search import Knowledge

__all__ = ["NO_SUCH_DRAFT", "ArticleDrafts", "FirstLine", "Knowledge"]
