"""`python jail.py SPEC`: a process as a strict container runtime has it, without one; SPEC is JSON, see `Jail`.

Namespaces of its own for mounts, processes, IPC and the host's name (the network stays, since servers are on its
loopback), a root that nobody can write to, 10001:10001, no capability even in the bounding set, no new privileges.
crun and runc do the same and need cgroups, which a machine for tests may not give.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWPID = 0x00020000, 0x04000000, 0x08000000, 0x20000000
PR_SET_PDEATHSIG, PR_CAPBSET_READ, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 23, 24, 38
USER_ID = 10001

_libc = ctypes.CDLL(None, use_errno=True)


def main(spec: dict[str, Any]) -> int:
    """Run to the end; signals go to the process inside. Gives its exit code."""
    _check(_libc.unshare(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID))
    pid = os.fork()
    if pid == 0:
        try:
            _check(_libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL))
            _enter(Path(spec["root"]), spec)
            os.execve(spec["command"][0], spec["command"], spec["environment"])
        finally:
            sys.stderr.flush()
            os._exit(127)
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda number, _: os.kill(pid, number))
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _enter(root: Path, spec: dict[str, Any]) -> None:
    _mount("--make-rprivate", "/")
    _mount("--bind", str(root), str(root))
    _mount("--types", "proc", "proc", str(root / "proc"), "--options", "nosuid,nodev,noexec")
    _mount("--types", "tmpfs", "tmpfs", str(root / "dev"), "--options", "nosuid,mode=755")
    for name, minor in (("null", 3), ("zero", 5), ("random", 8), ("urandom", 9)):
        os.mknod(root / "dev" / name, 0o20666, os.makedev(1, minor))
        (root / "dev" / name).chmod(0o666)
    (root / "dev" / "shm").mkdir(mode=0o1777)
    if spec["writable_tmp"]:
        _mount("--types", "tmpfs", "tmpfs", str(root / "tmp"), "--options", "nosuid,nodev,mode=1777,size=256m")
        for name, content in spec["files"].items():
            path = root / "tmp" / name
            path.write_bytes(bytes.fromhex(content))
            os.chown(path, USER_ID, USER_ID)
            path.chmod(0o400)
    if spec["town"]:
        _mount("--bind", spec["town"], str(root / "town"))
        _mount("--options", "remount,bind,ro", str(root / "town"))
    _mount("--options", "remount,bind,ro", str(root / "dev"))
    _mount("--options", "remount,bind,ro", str(root))
    os.chroot(root)
    os.chdir("/tmp")
    _drop()


def _drop() -> None:
    capability = 0
    while _libc.prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0:
        _check(_libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0))
        capability += 1
    os.setgroups([])
    os.setresgid(USER_ID, USER_ID, USER_ID)
    os.setresuid(USER_ID, USER_ID, USER_ID)  # From 0 to another: what was permitted and effective is gone.
    _check(_libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    _check(_libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL))  # Changing the user forgot it.


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True)


def _check(result: int) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


if __name__ == "__main__":
    sys.exit(main(json.loads(Path(sys.argv[1]).read_text("utf-8"))))
