"""Where things of the repository stand, and what every invented town needs."""

from __future__ import annotations

from pathlib import Path

from clic_contracts.vocabulary import Language, LetterKind

ROOT = Path(__file__).resolve().parents[1]
TOWN_DIR = ROOT / "deploy" / "towns" / "mont-saint-hilaire"
"""The folder of a real town."""

LETTERS = [
    {
        "letter": letter,
        "language": language,
        "text": "{{ reference }} – {{ desk }}\n{{ kind }} {{ follow }} {{ text }}\n",
    }
    for letter in LetterKind
    for language in Language
]
"""The shortest letters that a town can have."""
