"""The folder of an installation: everything that outlives its processes, and who holds it now."""

from __future__ import annotations

import base64
import fcntl
import hashlib
import json
import os
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Literal

import psutil
from pydantic import BaseModel, ConfigDict, ValidationError

from clic_chassis.embedded import free_port
from clic_chassis.embedded.port import is_free
from clic_chassis.error import ClicError

AGENT = "agent.exemple"
AGENT_ROLES = ("agent", "desk", "greffe", "publisher:portail_web", "reviewer")
REVIEWER = "revision.exemple"
"""The second of two people who review learnings: nobody signs off their own text (POL-37)."""
REVIEWER_ROLES = ("agent", "reviewer")
ADMINISTRATOR = "administration.exemple"
"""Who applies a calendar to what is open: nobody who treats requests."""
ADMINISTRATOR_ROLES = ("administrator",)
SEEDS = "nkeys"
PORTS_FILE = "ports.json"
KEY_BYTES = 32
SECRET_BYTES = 24


class FolderError(ClicError):
    """The folder cannot be used as it is; the message says how to mend it."""


class RunningError(FolderError):
    """CLIC runs from this folder already."""


class Secrets(BaseModel):
    """Passwords that were made at the first start and stay. Databases that come later get theirs then."""

    model_config = ConfigDict(extra="ignore")

    databases: dict[str, str] = {}


class Running(BaseModel):
    """What the supervisor says of itself, for `clic up --detach`, `down` and `status`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    pid: int
    created_at: float
    state: Literal["starting", "ready", "failed"]
    message: str = ""
    """What it is doing, or why it failed."""
    done: int = 0
    total: int = 0
    """Of what takes long; 0: nothing is counted."""
    url: str = ""

    def process(self) -> psutil.Process | None:
        """The supervisor, if it still lives; a pid is given to others in time, so the creation instant must agree."""
        try:
            process = psutil.Process(self.pid)
            alive = process.status() != psutil.STATUS_ZOMBIE and abs(process.create_time() - self.created_at) < 1.0
        except psutil.NoSuchProcess:
            return None
        return process if alive else None


class Folder:
    """One installation's folder."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self._lock: IO[str] | None = None

    @property
    def master_key(self) -> Path:
        """The deployment's key, which wraps the requests' keys."""
        return self.path / "master.key"

    @property
    def agents(self) -> Path:
        """Who may command: token digests."""
        return self.path / "agents.json"

    @property
    def agent_token(self) -> Path:
        """The sample agent's token, in clear, for whoever runs this on their machine."""
        return self.path / "agent.token"

    @property
    def reviewer_token(self) -> Path:
        """The token of the sample agent who signs off what the other one wrote."""
        return self.path / "reviewer.token"

    @property
    def administrator_token(self) -> Path:
        """The token of the sample administrator."""
        return self.path / "administrator.token"

    @property
    def admission(self) -> Path:
        """Who is let in: public keys and quotas."""
        return self.path / "admission.json"

    @property
    def supervisor_log(self) -> Path:
        """What a detached supervisor says."""
        return self.path / "up.log"

    def of(self, part: str) -> Path:
        """The folder of a server or service."""
        return self.path / part

    # -- who holds it ---------------------------------------------------------------------------------------------

    def hold(self) -> None:
        """Make the folder and hold it for this process, until it ends in whatever way.

        Raises:
            RunningError: another process holds it.
            FolderError: it cannot be made or written.
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = (self.path / "lock").open("w", encoding="utf-8")
        except OSError as error:
            raise FolderError(f"{self.path}: {error.strerror}. Name another folder: --dir, or CLIC_DIR") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.close()
            running = self.running()
            alive = running is not None and running.process() is not None  # Or the one that wrote it has gone.
            where = f" (process {running.pid}{', ' + running.url if running.url else ''})" if running and alive else ""
            raise RunningError(f"CLIC runs from {self.path} already{where}. `clic down` stops it.") from error
        self._lock = lock

    def release(self) -> None:
        """Let others hold it."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def say(self, running: Running) -> None:
        """Write what the supervisor does; only while it holds the folder, which may be somebody else's afterwards."""
        if self._lock is not None:
            self.write("running.json", running.model_dump_json())

    def running(self) -> Running | None:
        """What the supervisor says, alive or not; None where nothing was said."""
        try:
            return Running.model_validate_json((self.path / "running.json").read_bytes())
        except (OSError, ValidationError):
            return None

    # -- what was made once ---------------------------------------------------------------------------------------

    def secrets(self, databases: Iterable[str]) -> Secrets:
        """Passwords of these databases; those that have none yet get one.

        Raises:
            FolderError: the file cannot be read.
        """
        path = self.path / "secrets.json"
        try:
            have = Secrets.model_validate_json(path.read_bytes()) if path.exists() else Secrets()
        except (OSError, ValidationError) as error:
            raise FolderError(f"{path}: cannot be read ({error}). Restore it from a backup.") from error
        for name in databases:
            have.databases.setdefault(name, secrets.token_urlsafe(SECRET_BYTES))
        self.write(path.name, have.model_dump_json(indent=2))
        return have

    def seed_file(self, user: str) -> Path:
        """Where the secret half of a NATS user's key is, if this installation has it."""
        return self.path / SEEDS / f"{user}.nk"

    def write_seed(self, user: str, seed: str) -> Path:
        """Keep a seed for its owner alone."""
        (self.path / SEEDS).mkdir(mode=0o700, exist_ok=True)
        self.write(f"{SEEDS}/{user}.nk", seed + "\n")
        return self.seed_file(user)

    def make_keys(self) -> None:
        """Make the deployment's key and the sample agents' tokens where there are none.

        Raises:
            FolderError: the register has keys already, and the key that wraps them is gone.
        """
        if not self.master_key.exists():
            if self.of("postgres").exists():
                raise FolderError(
                    f"{self.master_key} is gone: without it no sealed data can be opened. Restore it from a backup, "
                    "or start in a new folder."
                )
            self.write(self.master_key.name, base64.b64encode(os.urandom(KEY_BYTES)).decode() + "\n")
        agents = {
            self._token_digest(self.agent_token): {"agent": AGENT, "roles": AGENT_ROLES},
            self._token_digest(self.reviewer_token): {"agent": REVIEWER, "roles": REVIEWER_ROLES},
            self._token_digest(self.administrator_token): {"agent": ADMINISTRATOR, "roles": ADMINISTRATOR_ROLES},
        }
        self.write(self.agents.name, json.dumps(agents, indent=2))

    def _token_digest(self, token: Path) -> str:
        if not token.exists():
            self.write(token.name, secrets.token_urlsafe(SECRET_BYTES) + "\n")
        return hashlib.sha256(token.read_text(encoding="utf-8").strip().encode()).hexdigest()

    def ports(self, names: Iterable[str]) -> dict[str, int]:
        """A free port for each, the same as last time where nobody took it meanwhile."""
        path = self.path / PORTS_FILE
        try:
            before = {str(name): int(port) for name, port in json.loads(path.read_text(encoding="utf-8")).items()}
        except (OSError, ValueError, AttributeError, TypeError):
            before = {}  # A first start, or a file that nobody needs: any free ports do.
        ports: dict[str, int] = {}
        for name in names:
            port = before.get(name, 0)
            while not port or port in ports.values() or not is_free(port):
                port = free_port()
            ports[name] = port
        self.write(path.name, json.dumps(ports, indent=2))
        return ports

    def port(self, name: str) -> int:
        """The port that something was given last; 0: none yet."""
        try:
            return int(json.loads((self.path / PORTS_FILE).read_text(encoding="utf-8"))[name])
        except (OSError, ValueError, KeyError, TypeError):
            return 0

    def write(self, name: str, text: str) -> None:
        """Write a file, whole or not at all, for its owner alone."""
        partial = self.path / f"{name}.partial"
        partial.touch(mode=0o600)
        partial.write_text(text, encoding="utf-8")
        partial.replace(self.path / name)
