"""A service's settings, from `CLIC_…` environment variables and nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, Json, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from .error import ClicError
from .nats_credential import NatsCredential

PREFIX = "CLIC_"
ISSUER_PATTERN = r"^(https://[^\s?#]+|http://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?(/[^\s?#]*)?)$"
"""An issuer is an HTTPS address (OpenID Connect Core 1.0, 2); without TLS on this machine alone."""


class SettingsError(ClicError):
    """The environment does not make a service; the message names each variable and how to mend it."""


class DatabaseSettings(BaseSettings):
    """What reaches a service's own database, for whoever needs nothing else: its migrations as a job of their own."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    postgres_url: SecretStr | None = Field(default=None, description="The service's own database.")
    postgres_password_file: Path | None = Field(
        default=None, description="The role's password, read at each new connection; a second line: the next one."
    )
    log_level: Annotated[str, Field(pattern="^(debug|info|warning|error)$")] = "info"

    @classmethod
    def from_environment(cls) -> Self:
        """Read the environment.

        Raises:
            SettingsError: a variable is missing or wrong.
        """
        try:
            return cls()
        except ValidationError as error:
            lines = [
                # A value with parts is one variable: the parts are named behind it.
                f"{PREFIX}{str(each['loc'][0]).upper()}: {' '.join([*map(repr, each['loc'][1:]), each['msg']])}"
                if each["loc"]
                else each["msg"]  # What several variables say together names them itself.
                for each in error.errors(include_url=False, include_input=False)
            ]
            raise SettingsError("The environment does not fit:\n  " + "\n  ".join(lines)) from error


class Settings(DatabaseSettings):
    """What every service needs to know. A field `nats_url` is the variable `CLIC_NATS_URL`."""

    nats_url: str = Field(default="nats://127.0.0.1:4222", repr=False, description="Servers, separated by commas.")
    nats_user: str | None = Field(default=None, description="Also prefixes the client's inboxes: _INBOX_<user>.")
    nats_nkey_seed_file: Path | None = Field(
        default=None, repr=False, description="The user's nkey, read anew at each connection."
    )
    nats_ca_file: Path | None = Field(
        default=None, description="By whom NATS's certificates are signed; with it a server without TLS is refused."
    )
    nats_certificate_file: Path | None = Field(default=None, description="Ours, where the server asks for one.")
    nats_key_file: Path | None = Field(default=None, repr=False, description="Of that certificate.")
    nats_monitoring_url: str | None = Field(
        default=None,
        description="http://host:8222 of every server, separated by commas, or a name that is all of them: asked "
        "whether the log is synced, and how full it is.",
    )
    town_dir: Path = Field(description="The town's folder of YAML files.")
    http_host: str = "127.0.0.1"
    http_port: Annotated[int, Field(ge=0, le=65535)] = 8080
    http_certificate_file: Path | None = Field(
        default=None, description="Answer by HTTPS, with this certificate; read again when it changes."
    )
    http_key_file: Path | None = Field(default=None, repr=False, description="Of that certificate.")
    trace_file: Path | None = Field(default=None, description="Spans as JSON lines.")
    otlp_endpoint: str | None = Field(default=None, description="Where an OpenTelemetry collector takes traces.")
    trusted_proxies: str = Field(
        default="",
        description="Addresses or networks whose X-Forwarded-For and -Proto are believed, separated by commas; * all.",
    )
    agents_file: Path | None = Field(default=None, description="Who may command: JSON of token digests.")
    oidc_issuer: Annotated[str, Field(pattern=ISSUER_PATTERN)] | None = Field(
        default=None, description="The OpenID Connect provider; not set: who is in the agents' file alone."
    )
    oidc_client_id: str | None = Field(default=None, description="Ours at the provider.")
    oidc_client_secret_file: Path | None = Field(default=None, description="Not set: a public client, by PKCE alone.")
    oidc_audience: str | None = Field(default=None, description="Of access tokens; not set: the client's id.")
    oidc_roles_claim: str = Field(default="roles", description="Where a token says roles: realm_access.roles.")
    oidc_roles: Json[dict[str, tuple[str, ...]]] = Field(
        default="{}",
        validate_default=True,
        description='Which roles of CLIC a value of that claim gives: {"clic-agents": ["agent", "desk"]}.',
    )
    migrate_at_start: bool = Field(
        default=True,
        description="Or the migrations are a job's, `python -m clic_<service> migrate`, and the start waits for it.",
    )
    batch_messages_max: Annotated[int, Field(ge=1, le=1000)] = 128
    concurrency_max: Annotated[int, Field(ge=1, le=512)] = 48
    stop_timeout_s: Annotated[float, Field(gt=0, le=300)] = 10.0

    @property
    def nats_credential(self) -> NatsCredential:
        """As whom this service speaks to NATS."""
        return NatsCredential(
            self.nats_user,
            self.nats_nkey_seed_file,
            self.nats_ca_file,
            self.nats_certificate_file,
            self.nats_key_file,
        )

    @property
    def inbox_prefix(self) -> str:
        """Where answers come back: a prefix of its own for each user, which nobody else may listen to."""
        return self.nats_credential.inbox_prefix

    @model_validator(mode="after")
    def _whole_pairs(self) -> Self:
        for certificate, key in (
            ("nats_certificate_file", "nats_key_file"),
            ("http_certificate_file", "http_key_file"),
        ):
            if (getattr(self, certificate) is None) != (getattr(self, key) is None):
                raise ValueError(f"{PREFIX}{certificate.upper()} and {PREFIX}{key.upper()} are set together")
        if self.nats_nkey_seed_file is not None and self.nats_user is None:
            raise ValueError("CLIC_NATS_NKEY_SEED_FILE needs CLIC_NATS_USER, which names where answers come back")
        return self

    @model_validator(mode="after")
    def _whole_provider(self) -> Self:
        if self.oidc_issuer is not None and not (self.oidc_client_id and self.oidc_roles):
            raise ValueError("CLIC_OIDC_ISSUER needs CLIC_OIDC_CLIENT_ID, and CLIC_OIDC_ROLES to say who may what")
        return self
