"""What a period amounts to in a few sentences, each of them computed from figures that its tables show too."""

from __future__ import annotations

from clic_contracts.vocabulary import Language

from . import highlight_english, highlight_french
from .figure import Comparison
from .label import Labels
from .telling import Figures, telling


def highlights(comparison: Comparison, figures: Figures, labels: Labels, *, complete: bool = True) -> tuple[str, ...]:
    """The sentences in the language of the labels, most important first. Source: POL-29, POL-31 to POL-36, POL-39."""
    told = telling(comparison, figures, complete=complete)
    worded = highlight_english if labels.language is Language.EN else highlight_french
    return tuple(worded.sentences(told, labels))
