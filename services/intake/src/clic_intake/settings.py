"""Intake's settings."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from clic_chassis.settings import Settings


class IntakeSettings(Settings):
    """What intake needs beyond what every service needs."""

    master_key_file: Path = Field(description="The deployment's key that wraps the requests' keys.")
