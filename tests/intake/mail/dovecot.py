"""A real IMAP server on loopback for tests: Debian's Dovecot as an ordinary process with a configuration of its own."""

from __future__ import annotations

import contextlib
import getpass
import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError

from clic_chassis.embedded.port import free_port

PASSWORD = "imaginaire"
STARTS_MAX = 3
START_BOUND_S = 30.0
STOP_BOUND_S = 30.0
ANSWER_BOUND_S = 30.0


@dataclass
class Dovecot:
    """A running server; every user name has a mailbox of its own, made when it is first used."""

    port: int
    folder: Path

    def client(self, user: str) -> IMAPClient:
        """A session, logged in."""
        client = IMAPClient("127.0.0.1", self.port, ssl=False, timeout=ANSWER_BOUND_S)
        client.login(user, PASSWORD)
        return client

    def put(self, user: str, *mails: bytes, folder: str = "INBOX") -> None:
        """Put mails into a mailbox."""
        with self.client(user) as client:
            if not client.folder_exists(folder):
                client.create_folder(folder)
            for each in mails:
                client.append(folder, each)

    def flags(self, user: str, folder: str = "INBOX") -> list[tuple[bytes, ...]]:
        """The flags of each mail in a folder, but for the one that says it is new."""
        with self.client(user) as client:
            if not client.folder_exists(folder):
                return []
            client.select_folder(folder, readonly=True)
            uids = client.search()
            told = client.fetch(uids, ["FLAGS"]) if uids else {}
            return [tuple(f for f in told[uid][b"FLAGS"] if f != b"\\Recent") for uid in sorted(told)]


@contextlib.contextmanager
def start_dovecot(executable: str, folder: Path) -> Iterator[Dovecot]:
    """Start it, wait until it answers, and end it."""
    folder.mkdir(parents=True)
    for _ in range(STARTS_MAX):  # Somebody may take a free port before it is used.
        server = Dovecot(free_port(), folder)
        config = folder / "dovecot.conf"
        config.write_text(_config(folder, server.port), encoding="utf-8")
        with (folder / "dovecot.log").open("ab") as log:
            process = subprocess.Popen([executable, "-F", "-c", str(config)], stdout=log, stderr=log)
        try:
            if _answers(server, process):
                yield server
                return
        finally:
            process.terminate()
            process.wait(STOP_BOUND_S)
    told = (folder / "dovecot.log").read_text(encoding="utf-8", errors="replace")
    raise AssertionError(f"dovecot did not start: {told[-2000:]}")


def _answers(server: Dovecot, process: subprocess.Popen[bytes]) -> bool:
    """Whether it lets somebody in, waited for until it ends or the bound is reached."""
    end = time.monotonic() + START_BOUND_S
    while process.poll() is None and time.monotonic() < end:
        try:
            server.client("personne").logout()
        except (OSError, IMAPClientError):
            time.sleep(0.05)
        else:
            return process.poll() is None
    return False


def _config(folder: Path, port: int) -> str:
    """No TLS, one password for everybody, mailboxes below the folder; as root it still needs an ordinary owner."""
    owner = "nobody" if os.geteuid() == 0 else getpass.getuser()
    mails = folder / "mails"
    mails.mkdir(exist_ok=True)
    mails.chmod(0o777)
    folder.chmod(0o755)
    internal = f"default_internal_user = {owner}\ndefault_login_user = {owner}\n" if os.geteuid() else ""
    group = "nogroup" if os.geteuid() == 0 else str(os.getegid())
    return f"""
base_dir = {folder}/run
state_dir = {folder}/state
log_path = /dev/stderr
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
{internal}first_valid_uid = 1
mail_location = maildir:{mails}/%u
passdb {{
  driver = static
  args = password={PASSWORD}
}}
userdb {{
  driver = static
  args = uid={owner} gid={group} home={mails}/%u
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""
