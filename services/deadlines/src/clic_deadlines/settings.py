"""What the deadlines service needs to know, beyond what every service does."""

from __future__ import annotations

import datetime as dt

from pydantic import Field, SecretStr, field_validator

from clic_chassis.mail_relay import SmtpSettings

DIGEST_AT = dt.time(7, 30)
"""Of the town: before people begin."""


class Settings(SmtpSettings):
    """Its timers stand in PostgreSQL: `CLIC_POSTGRES_URL` must be given."""

    postgres_url: SecretStr = Field(description="The service's own database, for its timers.")
    digest_at: dt.time = Field(
        default=DIGEST_AT, description="From when on in the town the daily digest goes out, on business days."
    )

    @field_validator("digest_at")
    @classmethod
    def _of_the_town(cls, value: dt.time) -> dt.time:
        if value.tzinfo is not None:
            raise ValueError("write the hour as a clock in the town shows it: 07:30")
        return value
