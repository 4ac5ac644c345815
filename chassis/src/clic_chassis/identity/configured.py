"""Who a service's settings name: agents of a file, and the town's provider."""

from __future__ import annotations

from clic_chassis.agents import read_agents
from clic_chassis.clock import Clock
from clic_chassis.settings import Settings, SettingsError

from .access import Identity
from .oidc import Provider, ProviderConfig


def identity_of_settings(settings: Settings, clock: Clock) -> Identity:
    """Who is known by the agents' file and the provider, for a service that has no pages to enter by.

    Raises:
        SettingsError: a file cannot be read.
    """
    return Identity(read_agents(settings.agents_file), clock, provider=provider_of(settings, clock))


def provider_of(settings: Settings, clock: Clock) -> Provider | None:
    """The provider of `CLIC_OIDC_…`; None: there is none, and who is in the agents' file alone is known.

    Raises:
        SettingsError: the client's secret cannot be read.
    """
    if settings.oidc_issuer is None or settings.oidc_client_id is None:
        return None
    secret, path = None, settings.oidc_client_secret_file
    if path is not None:
        try:
            secret = path.read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:
            raise SettingsError(f"CLIC_OIDC_CLIENT_SECRET_FILE: {path}: {error}") from error
    config = ProviderConfig(
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        client_secret=secret,
        audience=settings.oidc_audience,
        roles_claim=settings.oidc_roles_claim,
        roles=settings.oidc_roles,
    )
    return Provider(config, clock)
