"""Who may command over HTTP: bearer tokens whose digests stand in a file. OpenID Connect is `identity`'s."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import structlog
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from .settings import SettingsError

log = structlog.get_logger()


class Agent(BaseModel):
    """Who commands: every command is attributable to a person."""

    model_config = ConfigDict(frozen=True)

    agent: str
    roles: tuple[str, ...] = ()

    @property
    def actor(self) -> str:
        """As events name it."""
        return f"agent:{self.agent}"


class Agents(Mapping[str, Agent]):
    """Agents by the SHA-256 of their token, as the file says now; as it said before, while it is broken."""

    def __init__(self, path: Path) -> None:
        """Read the file. Raises as `read_agents`."""
        self._path = path
        self._stamp = _stamp(path)
        self._agents = _read(path)

    def __getitem__(self, key: str) -> Agent:
        return self._now()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._now())

    def __len__(self) -> int:
        return len(self._now())

    def _now(self) -> Mapping[str, Agent]:
        if (stamp := _stamp(self._path)) not in (None, self._stamp):
            self._stamp = stamp
            try:
                self._agents = _read(self._path)
            except SettingsError as error:
                log.warning("agents_not_read", error=str(error))
        return self._agents


def read_agents(path: Path | None) -> Mapping[str, Agent]:
    """Agents by the SHA-256 of their token, from `CLIC_AGENTS_FILE`; nobody where there is none.

    Raises:
        SettingsError: the file cannot be read.
    """
    return {} if path is None else Agents(path)


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_ino


def _read(path: Path) -> Mapping[str, Agent]:
    try:
        return TypeAdapter(dict[str, Agent]).validate_python(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, ValidationError) as error:
        raise SettingsError(f"CLIC_AGENTS_FILE: {path}: {error}") from error
