"""Where things of the repository stand."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TOWN_DIR = ROOT / "deploy" / "towns" / "mont-saint-hilaire"
"""The folder of a real town."""
