"""Who may command over HTTP: bearer tokens whose digests stand in a file. OpenID Connect is `identity`'s."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from .settings import SettingsError


class Agent(BaseModel):
    """Who commands: every command is attributable to a person."""

    model_config = ConfigDict(frozen=True)

    agent: str
    roles: tuple[str, ...] = ()

    @property
    def actor(self) -> str:
        """As events name it."""
        return f"agent:{self.agent}"


def read_agents(path: Path | None) -> dict[str, Agent]:
    """Agents by the SHA-256 of their token, from `CLIC_AGENTS_FILE`; nobody where there is none.

    Raises:
        SettingsError: the file cannot be read.
    """
    if path is None:
        return {}
    try:
        return TypeAdapter(dict[str, Agent]).validate_python(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, ValidationError) as error:
        raise SettingsError(f"CLIC_AGENTS_FILE: {path}: {error}") from error
