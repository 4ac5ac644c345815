"""Whom PostgreSQL runs as when we are root: it refuses root, for good reasons."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from .server_process import ServerError

NAME = "clic-postgres"
FALLBACK = "nobody"
"""Where no user can be made: a small container without `useradd`."""


@dataclass(frozen=True, slots=True)
class Account:
    """A user of the machine."""

    name: str
    uid: int
    gid: int


def server_account() -> Account | None:
    """The user that servers run as; None when we are not root, and they run as we do.

    Raises:
        ServerError: there is none, and none can be made.
    """
    if os.geteuid() != 0:
        return None
    if (found := _find(NAME)) is not None:
        return found
    if (useradd := shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")) is not None:
        command = [useradd, "--system", "--no-create-home", "--user-group", "--shell", "/usr/sbin/nologin", NAME]
        # Its failure shows below: somebody may have made the user at the same moment.
        subprocess.run(command, check=False, capture_output=True, timeout=30)  # noqa: S603 - a fixed command
    account = _find(NAME) or _find(FALLBACK)
    if account is None:
        raise ServerError(f"PostgreSQL cannot run as root, and there is no user {NAME} nor {FALLBACK}; make one")
    return account


def _find(name: str) -> Account | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return Account(name, entry.pw_uid, entry.pw_gid)


def allow_search(folder: Path, account: Account) -> None:
    """Let the server's user pass through the folders above this one, and say which had to be opened.

    Others may pass, not list: PostgreSQL has to reach its programs and its data under a private folder like /root.
    """
    for each in [folder, *folder.parents]:
        mode = each.stat()
        owner = mode.st_uid == account.uid and mode.st_mode & stat.S_IXUSR
        group = mode.st_gid == account.gid and mode.st_mode & stat.S_IXGRP
        if not (owner or group or mode.st_mode & stat.S_IXOTH):
            each.chmod(stat.S_IMODE(mode.st_mode) | stat.S_IXOTH)
            sys.stderr.write(
                f"clic: others may now pass through {each} (not list it): PostgreSQL runs as {account.name}\n"
            )
