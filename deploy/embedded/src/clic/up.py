"""`clic up`, `clic down`: an installation on this machine."""

from __future__ import annotations

import datetime as dt
import os
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import sleep
from typing import Annotated, Any

import psutil
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import TaskID

from clic_chassis.embedded.server_process import tail
from clic_chassis.error import ClicError
from clic_chassis.town_file import read_town
from clic_contracts.town import Town
from clic_reporting.core.period import Quarter

from .cli import INTERRUPTED
from .connection import (
    USUAL,
    checked_nats_url,
    checked_postgres_url,
    clic_dir,
    read_installation,
)
from .folder import Folder, Running
from .progress import publishing
from .seeding import is_seeded, play_seed, without_seed
from .supervisor import Supervisor, stop_leftovers
from .town import town_dir

DOWN_TIMEOUT_S = 120.0
DETACH_POLL_S = 0.2
SUPERVISE = "CLIC_SUPERVISE"
"""Set by `clic up --detach` for the process that it leaves behind."""

Dir = Annotated[
    Path | None, typer.Option("--dir", help="Where everything is kept: CLIC_DIR, or .clic.", show_default=False)
]


class Teller:
    """Says what goes on: in this terminal, or, detached, in the folder for whoever waits."""

    def __init__(self, folder: Folder, console: Console | None) -> None:
        self._folder = folder
        self._console = console
        self._own = psutil.Process()
        self._ready_url = ""

    def say(self, message: str) -> None:
        """A step, or something that happened."""
        self._write("ready" if self._ready_url else "starting", message)
        if self._console is not None:
            self._console.print(f"  {escape(message)}", soft_wrap=True, highlight=False)
        else:
            sys.stderr.write(f"{dt.datetime.now(dt.UTC).isoformat(timespec='seconds')} {message}\n")
            sys.stderr.flush()

    def ready(self, url: str) -> None:
        """Everything runs."""
        self._ready_url = url
        self._write("ready", "")

    def failed(self, why: str) -> None:
        """It did not start."""
        self._write("failed", why)

    @contextmanager
    def counted(self, what: str) -> Iterator[Callable[[int, int], None]]:
        """Something long: gives a function that is told how much of how many is done."""
        if self._console is None:
            yield lambda done, total: self._write("starting", what, done, total)
            return
        with publishing(self._console) as bar:
            task = bar.add_task(f"  {what}", total=None, rate="")

            def told(done: int, total: int) -> None:
                self._write("starting", what, done, total)
                bar.update(task, completed=done, total=total)

            yield told

    def _write(self, state: Any, message: str, done: int = 0, total: int = 0) -> None:
        own = self._own
        self._folder.say(
            Running(
                pid=own.pid,
                created_at=own.create_time(),
                state=state,
                message=message,
                done=done,
                total=total,
                url=self._ready_url,
            )
        )


def up(
    folder: Dir = None,
    town: Annotated[Path | None, typer.Option(help="The town's folder of rules.", show_default=False)] = None,
    seed_number: Annotated[int, typer.Option("--seed", help="Which sample quarter a first start plays.")] = 1,
    nats_url: Annotated[
        str | None, typer.Option(envvar="CLIC_NATS_URL", help="Use this NATS, not one of ours.", show_default=False)
    ] = None,
    postgres_url: Annotated[
        str | None,
        typer.Option(envvar="CLIC_POSTGRES_URL", help="Use this PostgreSQL, not one of ours.", show_default=False),
    ] = None,
    *,
    detach: Annotated[bool, typer.Option("--detach", help="Return once everything runs.")] = False,
    seed: Annotated[bool, typer.Option("--with-seed/--no-seed", help="Play the sample quarter, or not.")] = True,
) -> None:
    """Start CLIC on this machine: NATS, PostgreSQL and the four services. The state stays in one folder."""
    console, errors = Console(), Console(stderr=True)
    place = Folder(folder or clic_dir())
    if detach and SUPERVISE not in os.environ:
        _detach(place, console, errors)
        return
    detached = SUPERVISE in os.environ
    teller = Teller(place, None if detached else console)
    _on_sigterm()
    try:
        if nats_url is not None:
            checked_nats_url("--nats-url", nats_url)
        if postgres_url is not None:
            checked_postgres_url("--postgres-url", postgres_url)
        rules_dir = town or town_dir(place.path)
        rules = read_town(rules_dir)
        place.hold()
    except ClicError as error:
        errors.print(escape(str(error)), style="red", soft_wrap=True)
        raise typer.Exit(1) from error
    supervisor = Supervisor(place, rules, rules_dir, teller.say, nats_url, postgres_url)
    try:
        supervisor.start()
        if not seed:
            without_seed(place)
        elif not is_seeded(place):
            with teller.counted("a sample quarter is played through the inbox") as told:
                played = play_seed(place, rules, seed_number, told)
            teller.say(played)
        teller.ready(supervisor.url)
        if not detached:
            console.print(what_next(supervisor.url, rules, place, detached=False), soft_wrap=True)
        threading.Event().wait()
    except KeyboardInterrupt:
        _ignore_signals()
        teller.say("stopping: services, then PostgreSQL and NATS")
    except ClicError as error:
        teller.failed(str(error))
        errors.print(escape(f"{error}\n{_MEND}"), style="red", soft_wrap=True)
        raise typer.Exit(1) from error
    finally:
        _ignore_signals()
        supervisor.stop()
        stop_leftovers(place)  # Ctrl-C may come between a process's start and our taking note of it.
        place.release()
    teller.say(f"stopped; everything is kept in {place.path}")


_MEND = "What had started was stopped again, and nothing is lost. Mend it and run `clic up` again."


def _on_sigterm() -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    signal.signal(signal.SIGINT, interrupt)  # A shell's background job starts with it ignored.


def _ignore_signals() -> None:
    """While stopping: a second Ctrl-C must not leave half of it running."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def what_next(url: str, town: Town, folder: Folder, *, detached: bool) -> str:
    """The one address, and what to try next."""
    command = _command()
    tries = {
        "status": "what runs, and how far it is",
        "doctor": "what is wrong, and what to do",
        f"report {_last_quarter()}": "the quarter's figures",
        "import montreal-311 FILE": "Montréal's open data",
        "quarantine list": "what could not be handled",
    }
    width = max(map(len, tries))
    path = escape(str(folder.path))
    ending = f"[bold]{command} down[/] stops it." if detached else "Ctrl-C stops it."
    return "\n".join(
        (
            "",
            f"[bold]CLIC runs for {escape(town.name.fr)}:[/]  [bold cyan]{url}[/]",
            "",
            f"Try next{'' if detached else ', in another terminal'}:",
            *_finding(folder),
            *(f"  {command} {words:{width}}  {what}" for words, what in tries.items()),
            "That page leads to the citizens' form, the agents' desk, the reports and the dashboard. The sample",
            f"agent's token, which opens them and gives the desk's commands, is in {escape(str(folder.agent_token))}",
            f"{ending} The state stays in {path}.",
        )
    )


def _finding(folder: Folder) -> list[str]:
    """What a shell has to be told first, so that the commands find a folder that is not the usual one."""
    if folder.path == USUAL.resolve():
        return []
    return [f"  export CLIC_DIR={escape(shlex.quote(str(folder.path)))}"]


def _command() -> str:
    """The command as it can be typed from here."""
    path = Path(sys.argv[0])
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return "clic"


def _last_quarter() -> Quarter:
    today = dt.datetime.now(dt.UTC).date()
    return Quarter(today.year, (today.month - 1) // 3 + 1).previous


# -- detached -----------------------------------------------------------------------------------------------------


def _detach(place: Folder, console: Console, errors: Console) -> None:
    """Leave a supervisor behind, and wait until it says that everything runs."""
    try:
        place.hold()  # Says at once that another one runs, or that the folder cannot be used.
        place.release()
    except ClicError as error:
        errors.print(escape(str(error)), style="red", soft_wrap=True)
        raise typer.Exit(1) from error
    with place.supervisor_log.open("wb") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "clic", *sys.argv[1:], "--dir", str(place.path)],
            env={**os.environ, SUPERVISE: "1"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        said = _follow(place, child, console)
    except KeyboardInterrupt:
        errors.print("It goes on in the background: `clic status` says how far it is, `clic down` stops it.")
        raise typer.Exit(INTERRUPTED) from None
    if said is None or said.state != "ready":
        failed = said is not None and said.state == "failed"
        why = f"{said.message}\n{_MEND}" if said is not None and failed else tail(place.supervisor_log)
        errors.print(escape(f"CLIC did not start: {why}"), style="red", soft_wrap=True)
        raise typer.Exit(1)
    installation = read_installation(place.path)
    town = read_town(installation.town_dir or town_dir(place.path))
    console.print(what_next(said.url, town, place, detached=True), soft_wrap=True)


def _follow(place: Folder, child: subprocess.Popen[bytes], console: Console) -> Running | None:
    """Show what the supervisor says, until it runs or ended."""
    told = ""
    with publishing(console) as bar:
        task: TaskID | None = None
        while True:
            ended = child.poll() is not None
            said = place.running()
            said = said if said is not None and said.pid == child.pid else None
            if said is not None and said.message != told and said.state == "starting":
                told = said.message
                if said.total:
                    task = bar.add_task(f"  {told}", total=said.total, rate="")
                else:
                    console.print(f"  {escape(told)}", highlight=False)
            if said is not None and task is not None and said.total:
                bar.update(task, completed=said.done, total=said.total)
            if ended or (said is not None and said.state != "starting"):
                if task is not None and said is not None and said.state == "ready":
                    bar.update(task, completed=bar.tasks[task].total)
                return said
            sleep(DETACH_POLL_S)


def down(folder: Dir = None) -> None:
    """Stop what `clic up` started. The state stays."""
    console, errors = Console(), Console(stderr=True)
    place = Folder(folder or clic_dir())
    if not place.path.is_dir():
        errors.print(f"{escape(str(place.path))}: no such folder; nothing runs from it", style="red", soft_wrap=True)
        raise typer.Exit(1)
    running = place.running()
    process = running.process() if running is not None else None
    if process is not None:
        process.terminate()
        try:
            process.wait(DOWN_TIMEOUT_S)
        except psutil.TimeoutExpired as error:
            errors.print(f"process {process.pid} did not end within {DOWN_TIMEOUT_S:.0f} s", style="red")
            raise typer.Exit(1) from error
    try:
        place.hold()
    except ClicError as error:
        errors.print(escape(str(error)), style="red", soft_wrap=True)
        raise typer.Exit(1) from error
    stop_leftovers(place)  # Of a supervisor that was killed.
    place.release()
    console.print(f"stopped; everything is kept in {escape(str(place.path))}", soft_wrap=True, highlight=False)
