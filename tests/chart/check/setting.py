"""What a pod is told: every variable is read by what runs in it, makes a service, and its files are where it says."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import PurePosixPath
from unittest.mock import patch

from tests.chart.values_schema import SETTINGS, WITH_DATABASE
from typer.testing import CliRunner

from clic.commands import app
from clic.connection import nats_connection
from clic.nats_config import OPS
from clic_chassis.error import ClicError
from clic_chassis.mail_relay import SmtpSettings, relay_of
from clic_chassis.service import MIGRATE
from clic_chassis.settings import PREFIX, DatabaseSettings

from .manifest import Manifest, Workload, one, workloads

MOUNTS = "/etc/clic/"
READ_BY_COMMANDS = {
    "backup": {
        "CLIC_ADMISSION_FILE",
        "CLIC_TOWN_DIR",
        *(f"CLIC_POSTGRES_{what}_{each.upper()}" for what in ("URL", "PASSWORD_FILE") for each in WITH_DATABASE),
    },
    "rebuild": {"CLIC_POSTGRES_URL", "CLIC_POSTGRES_PASSWORD_FILE", "CLIC_TOWN_DIR"},
    "backup erasures": {"CLIC_POSTGRES_URL_INTAKE", "CLIC_POSTGRES_PASSWORD_FILE_INTAKE"},
}
"""Beside what a command's own help names."""


def variables(manifests: Sequence[Manifest]) -> Iterator[str]:
    """As the services read them: what is missing, wrong or read by nobody."""
    for workload in workloads(manifests):
        environment = workload.environment
        names = [each["name"] for c in workload.containers for each in c.get("env", [])]
        for name in sorted({each for each in names if names.count(each) > 1}):
            yield f"{workload.name} is told {name} twice"
        parts = " ".join(value or "" for value in environment.values())
        for name in environment:
            if not name.startswith(PREFIX) and f"$({name})" not in parts:
                yield f"{workload.name} is told {name}, which is not ours"
        if workload.member == OPS:
            yield from _of_ops(workload)
            continue
        is_job = workload.manifest["kind"] == "Job"
        settings = DatabaseSettings if is_job else SETTINGS[workload.service]
        known = {f"{PREFIX}{name.upper()}" for name in settings.model_fields}
        yield from (f"{workload.name} is told {name}, which nobody reads" for name in sorted(set(environment) - known))
        with patch.dict(os.environ, _values(environment), clear=True):
            try:
                read = settings.from_environment()
                if isinstance(read, SmtpSettings):
                    relay_of(read)
            except ClicError as error:
                yield f"{workload.name}: {error}"
        if is_job and workload.pod["containers"][0].get("args") != [MIGRATE]:
            yield f"{workload.name} does not migrate"


def _of_ops(workload: Workload) -> Iterator[str]:
    """A command of `clic`: its options, what it reads, and whom it signs in as."""
    args = workload.pod["containers"][0]["args"]
    known = _help(tuple(args))
    if known is None:
        yield f"{workload.name}: there is no `clic {' '.join(args)}`"
        return
    environment = {name: value for name, value in _values(workload.environment).items() if name.startswith(PREFIX)}
    asked = set(re.findall(rf"{PREFIX}[A-Z_]+", known)) | READ_BY_COMMANDS.get(" ".join(args), set())
    if "CLIC_NATS_URL" in environment:
        with patch.object(os, "environ", _Read(environment)) as recording:
            credential = nats_connection(OPS).credential
        asked |= recording.asked
        if (credential.user, credential.seed_file is None, credential.ca_file is None) != (
            workload.service,
            False,
            False,
        ):
            yield f"{workload.name} does not sign in to NATS as {workload.service}"
    for name in sorted(set(environment) - asked):
        yield f"{workload.name} is told {name}, which nobody reads"


@cache
def _help(args: tuple[str, ...]) -> str | None:
    """What a command says of itself; None: there is none of that name, or it has not these options."""
    said = CliRunner().invoke(app, [*args, "--help"], env={"COLUMNS": "200"})
    return said.output if said.exit_code == 0 else None


class _Read(dict[str, str]):
    """An environment that remembers what it was asked for."""

    def __init__(self, values: dict[str, str]) -> None:
        super().__init__(values)
        self.asked: set[str] = set()

    def get(self, key: str, default: str | None = None) -> str | None:  # type: ignore[override] # As os.environ is asked.
        self.asked.add(key)
        return super().get(key, default)


def _values(environment: dict[str, str | None]) -> dict[str, str]:
    return {name: "of a secret" if value is None else value for name, value in environment.items()}


def files(manifests: Sequence[Manifest]) -> Iterator[str]:
    """A file that a variable names is mounted there; and a file that is mounted is named by one."""
    for workload in workloads(manifests):
        mounted = set(_mounted(workload))
        named = set()
        for name, value in workload.environment.items():
            for path in [part for part in (value or "").replace("=", " ").split() if part.startswith(MOUNTS)]:
                meant = {each for each in mounted if each.is_relative_to(path)}
                named |= meant
                if not meant:
                    yield f"{workload.name}: {name} is {path}, where nothing is mounted"
        for unread in sorted(mounted - named):
            yield f"{workload.name} is given {unread}, which no setting names"


def _mounted(workload: Workload) -> Iterator[PurePosixPath]:
    volumes = {each["name"]: each for each in workload.pod.get("volumes", [])}
    for container in workload.containers:
        for mount in container.get("volumeMounts", []):
            volume = volumes.get(mount["name"], {})
            for item in volume.get("secret", volume.get("configMap", {})).get("items", []):
                yield PurePosixPath(mount["mountPath"]) / item["path"]


def secrets(manifests: Sequence[Manifest], documented: set[tuple[str, str]]) -> Iterator[str]:
    """Each is referred to by name and key, as the installation's page has them; none stands in a manifest."""
    for each in manifests:
        if each["kind"] == "Secret":
            yield f"Secret {each['metadata']['name']} is of the chart: it would stand in Helm's records"
    for workload in workloads(manifests):
        for name, key in _references(workload):
            if (name, key) not in documented:
                yield f"{workload.name} needs key {key} of Secret {name}, which the installation's page does not name"
        for name, value in workload.environment.items():
            if name.endswith(("_PASSWORD", "_SECRET", "_TOKEN", "_SEED")) and value is not None:
                yield f"{workload.name}: {name} stands in clear"
            if value is not None and "@" in value and re.search(r"//[^/@]*:[^@]", value):
                yield f"{workload.name}: {name} has a password in its address"


def _references(workload: Workload) -> Iterator[tuple[str, str]]:
    for volume in workload.pod.get("volumes", []):
        if "secret" in volume:
            for item in volume["secret"].get("items", [{"key": "every key"}]):
                yield volume["secret"]["secretName"], item["key"]
    for container in workload.containers:
        for each in container.get("env", []):
            if "valueFrom" in each:
                reference = each["valueFrom"]["secretKeyRef"]
                yield reference["name"], reference["key"]
        for each in container.get("envFrom", []):
            yield each["secretRef"]["name"], "every key"


def config_maps(manifests: Sequence[Manifest]) -> Iterator[str]:
    """Those that are mounted are there, with the keys that are mounted; and no key is left out."""
    for workload in workloads(manifests):
        for volume in workload.pod.get("volumes", []):
            if "configMap" not in volume:
                continue
            found = one(manifests, "ConfigMap", volume["configMap"]["name"])
            if found is None:
                yield f"{workload.name} mounts ConfigMap {volume['configMap']['name']}, which is not there"
                continue
            keys = {item["key"] for item in volume["configMap"].get("items", [])}
            for key in sorted(keys ^ set(found["data"])):
                where = "has no" if key in keys else "has a key that is not mounted:"
                yield f"{workload.name}: ConfigMap {volume['configMap']['name']} {where} {key}"
