"""Intake's settings."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from clic_chassis.mail_relay import SmtpSettings

from .mail.settings import MailSettings


class IntakeSettings(MailSettings, SmtpSettings):
    """What intake needs beyond what every service needs."""

    master_key_file: Path = Field(description="The deployment's key that wraps the requests' keys.")
    admission_file: Path | None = Field(
        default=None, description="Publishers' quotas, read again when it changes; not set: what holds for all."
    )
    open311_jurisdiction: str | None = Field(
        default=None, description="The `jurisdiction_id` that is served; where it is not set any is taken."
    )
    open311_keyless_publisher: str | None = Field(
        default=None, description="The publisher as whom posts without an api_key are taken; not set: a key is needed."
    )
    open311_url: str | None = Field(
        default=None, description="Of the endpoint /open311/v2 as the outside knows it; not set: as it was asked for."
    )
    public_url: str | None = Field(
        default=None, description="Of the citizens' pages as the outside knows them; not set: letters name none."
    )
