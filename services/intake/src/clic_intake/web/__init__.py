"""What every page of the desk is made of: one look, two languages, forms that say what is wrong; also of agents' pages.

`add_web(api, town)` once; then `page(request, "citizen/templates/start.html", **values)`. Templates extend
`web/templates/base.html` and take their fields from the macros of `web/templates/form.html`.
"""

from .field import NOTHING_FILLED, Filled
from .language import language_of
from .page import add_web, page, words_of
from .words import Words

__all__ = ["NOTHING_FILLED", "Filled", "Words", "add_web", "language_of", "page", "words_of"]
