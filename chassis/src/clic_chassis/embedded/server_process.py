"""A server's process: started apart from us, found again by pid and creation instant, ended within a bound."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import ClassVar, Protocol, TypeVar

import psutil

from clic_chassis.error import ClicError

POLL_S = 0.02
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 15.0
KILL_TIMEOUT_S = 10.0
LOG_BYTES_MAX = 10 * 1024 * 1024
"""A server's log that is larger when the server starts is moved to `.1`, replacing an older one."""
RECORD = "process.json"
PORT_TRIES_MAX = 5
"""A free port may be taken before the server binds it: so often is another one tried."""


class ServerError(ClicError):
    """A server did not start or stop; the message says why and shows the end of its log."""


@dataclass
class ServerProcess:
    """One running process, or one that was."""

    pid: int
    process: psutil.Process
    popen: subprocess.Popen[bytes] | None = None
    """None: it was started by somebody before us, and is not our child."""

    @property
    def running(self) -> bool:
        """Whether the process lives; a zombie does not."""
        if self.popen is not None:
            return self.popen.poll() is None
        try:
            return self.process.is_running() and self.process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    def wait(self, timeout_s: float) -> bool:
        """Whether it ended within the time."""
        return wait_for(lambda: not self.running, timeout_s)

    def signal(self, number: int) -> None:
        """Send a signal; nothing happens to a process that has ended."""
        if self.running:
            self.process.send_signal(number)

    def pause(self) -> None:
        """SIGSTOP. It stands still when this returns: after the signal its threads go on until one has taken it."""
        self.signal(signal.SIGSTOP)
        wait_for(lambda: not self.running or self.process.status() == psutil.STATUS_STOPPED, KILL_TIMEOUT_S)

    def stop(self, number: int, timeout_s: float = STOP_TIMEOUT_S) -> None:
        """Ask it to end by a signal, and end it and its children by force when the time is over."""
        self.signal(number)
        if not self.wait(timeout_s):
            self.kill()

    def kill(self) -> None:
        """SIGKILL to it and to its children, as when a machine loses its power."""
        try:
            family = [self.process, *self.process.children(recursive=True)]
        except psutil.NoSuchProcess:
            family = []
        for each in family:
            try:
                each.kill()
            except psutil.NoSuchProcess:
                continue  # It ended by itself meanwhile.
        if not self.wait(KILL_TIMEOUT_S):
            raise ServerError(f"process {self.pid} did not end within {KILL_TIMEOUT_S:.0f} s of SIGKILL")
        psutil.wait_procs(family[1:], timeout=KILL_TIMEOUT_S)


class OwnServer:
    """A server of ours: a process that is started in its folder, ended, and started again."""

    STOP: ClassVar[signal.Signals] = signal.SIGTERM
    """What ends it gracefully."""
    _process: ServerProcess | None = None

    @property
    def pid(self) -> int:
        """The process, or the last one there was; 0 before the first."""
        return self._process.pid if self._process is not None else 0

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.running

    def stop(self) -> None:
        """End it gracefully, within a bound."""
        if self._process is not None:
            self._process.stop(self.STOP)

    def pause(self) -> None:
        """Stop it in the middle of what it does, as a machine that hangs; nobody is told."""
        if self._process is not None:
            self._process.pause()

    def resume(self) -> None:
        """Let it go on after `pause`."""
        if self._process is not None:
            self._process.signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            self._process.kill()


class _Starts(Protocol):
    def start(self) -> None: ...


Started = TypeVar("Started", bound=_Starts)


def start_with_free_ports(make: Callable[[], Started]) -> Started:
    """Make and start servers; where somebody took one of their ports meanwhile, others. Raises as their `start`."""
    attempt = 1
    while True:
        made = make()
        try:
            made.start()
        except ServerError as error:
            if attempt == PORT_TRIES_MAX or "address already in use" not in str(error).lower():
                raise
            attempt += 1
        else:
            return made


def wait_for(condition: Callable[[], bool], timeout_s: float) -> bool:
    """Whether the condition came true within the time."""
    end = monotonic() + timeout_s
    while True:
        is_over = monotonic() > end  # Asked once more after it: the time may have passed while all stood still.
        if condition():
            return True
        if is_over:
            return False
        sleep(POLL_S)


def start_process(
    folder: Path,
    command: Sequence[str | Path],
    log_file: Path,
    *,
    environment: Mapping[str, str] | None = None,
    user: int | None = None,
    group: int | None = None,
) -> ServerProcess:
    """Start a command in a session of its own, so that Ctrl-C is not its, and record it in the folder."""
    bound_log(log_file)
    with log_file.open("ab") as log:
        popen = subprocess.Popen(  # noqa: S603 - our own commands, no shell
            [str(each) for each in command],
            cwd=folder,
            env=None if environment is None else dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            user=user,
            group=group,
            extra_groups=None if user is None else [],
        )
    process = psutil.Process(popen.pid)
    write_record(folder, process)
    return ServerProcess(popen.pid, process, popen)


def write_record(folder: Path, process: psutil.Process) -> None:
    """Remember a process, so that it is found again by whoever comes after a `kill -9`."""
    text = json.dumps({"pid": process.pid, "created_at": process.create_time()})
    partial = folder / f"{RECORD}.partial"
    partial.write_text(text, encoding="utf-8")
    partial.replace(folder / RECORD)


def leftover(folder: Path, expected: str) -> ServerProcess | None:
    """The process recorded in the folder, if it still runs and its command line holds the expected text.

    Pid, creation instant and command line must all agree: a pid is given to others in time.
    """
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        process = psutil.Process(int(record["pid"]))
        same = abs(process.create_time() - float(record["created_at"])) < 1.0
        if same and process.status() != psutil.STATUS_ZOMBIE and expected in " ".join(process.cmdline()):
            return ServerProcess(process.pid, process)
    except (OSError, ValueError, KeyError, TypeError, psutil.NoSuchProcess):
        return None  # No record, or nobody there: the usual start.
    return None


def end_leftover(folder: Path, expected: str, signal_number: int) -> None:
    """End what an earlier start left running in the folder, gracefully and with a bound."""
    if (process := leftover(folder, expected)) is not None:
        process.stop(signal_number)
    (folder / RECORD).unlink(missing_ok=True)


def bound_log(log_file: Path) -> None:
    """Keep a log and one older than it, so that restarts do not fill the disk."""
    if log_file.exists() and log_file.stat().st_size > LOG_BYTES_MAX:
        log_file.replace(log_file.with_name(log_file.name + ".1"))


def tail(log_file: Path, lines: int = 15) -> str:
    """The last lines of a log, for an error's message."""
    try:
        with log_file.open("rb") as log:
            log.seek(max(0, os.fstat(log.fileno()).st_size - 16_384))
            text = log.read().decode("utf-8", "replace")
    except OSError:
        return "(no log)"
    return "\n".join(text.splitlines()[-lines:])
