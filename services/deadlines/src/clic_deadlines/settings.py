"""What the deadlines service needs to know, beyond what every service does."""

from __future__ import annotations

from pydantic import Field, SecretStr

from clic_chassis.settings import Settings as ChassisSettings


class Settings(ChassisSettings):
    """Its timers stand in PostgreSQL: `CLIC_POSTGRES_URL` must be given."""

    postgres_url: SecretStr = Field(description="The service's own database, for its timers.")
