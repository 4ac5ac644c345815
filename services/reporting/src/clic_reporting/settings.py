"""What the reporting service needs to know, beyond what every service does."""

from __future__ import annotations

from pydantic import Field, HttpUrl, Json, SecretStr

from clic_chassis.settings import Settings as ChassisSettings


class Settings(ChassisSettings):
    """Its tables stand in PostgreSQL: `CLIC_POSTGRES_URL` must be given."""

    postgres_url: SecretStr = Field(description="The service's own database, for its tables.")
    links: Json[dict[str, HttpUrl]] = Field(
        default="{}",
        validate_default=True,
        description='Shown on the front page: a JSON object of titles and addresses, {"Routage": "http://…/docs"}.',
    )
    file_link: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s{}]+/[^\s{}]*\{(reference|request_id)\}[^\s{}]*$",
        description="Where the dashboard's lists lead to: an address with {reference} or {request_id} in it.",
    )
