"""Who may command over HTTP: bearer tokens whose digests stand in a file (OpenID Connect comes with the desk)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from fastapi import Depends, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from .settings import SettingsError

_BEARER = HTTPBearer(auto_error=False, description="The agent's token.")


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


def agent_dependency(agents: dict[str, Agent]) -> Callable[..., Agent]:
    """A FastAPI dependency that gives the agent behind a request, or answers 401."""

    def current_agent(
        credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
    ) -> Agent:
        if credentials is not None:
            digest = hashlib.sha256(credentials.credentials.encode()).hexdigest()
            if (agent := agents.get(digest)) is not None:
                return agent
        raise HTTPException(
            401, "a valid agent's token is needed: Authorization: Bearer …", headers={"WWW-Authenticate": "Bearer"}
        )

    return current_agent
