"""What the chart tells pods makes CLIC run: jobs and services as processes, with its variables, files and arguments.

Paths and addresses are this machine's. PostgreSQL has a certificate of an authority of its own, and lets nobody in in
clear.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from urllib.parse import urlsplit

import httpx
import pytest
from tests.admission.certificate import Authority
from tests.chart import nats_chart
from tests.chart.check.manifest import Manifest, Workload, of_kind
from tests.chart.nats_servers import Servers, running
from tests.chart.rendering import rendered
from tests.chart.tls_front import tls_front
from tests.chart.values_schema import WITH_DATABASE

from clic.servers import make_databases
from clic_chassis.embedded.port import LOOPBACK, free_port
from clic_chassis.testing import Server, wait_until

READY_S = 180.0
WAIT_S = 120.0
PASSWORDS = {service: f"of-{service}" for service in WITH_DATABASE}
MODULES = {"ops": "clic"}


@dataclass
class Place:
    """Where what pods mount is, and whom they reach."""

    folder: Path
    nats: Servers
    postgres_url: str
    postgres_authority: Authority
    town: Manifest

    def content(self, workload: Workload, volume: str, key: str) -> str:
        """Of a key of a Secret or a ConfigMap."""
        match key:
            case "nats.nk":
                return self.nats.seed_file(workload.service).read_text(encoding="utf-8")
            case "postgres-password":
                return PASSWORDS[workload.service]
            case "master.key":
                return base64.b64encode(bytes(range(32))).decode()
            case "ca.crt" if volume == "postgres-ca":
                return self.postgres_authority.text()
            case "ca.crt":
                return (self.nats.folder / "ca" / key).read_text(encoding="utf-8")
            case "tls.crt" | "tls.key":
                return (self.nats.folder / "certificates" / key).read_text(encoding="utf-8")
            case _:
                return str(self.town["data"][key])

    def mount(self, workload: Workload) -> Path:
        """A pod's root, with its volumes in it."""
        root = self.folder / workload.component
        volumes = {each["name"]: each for each in workload.pod["volumes"]}
        for mount in workload.containers[0]["volumeMounts"]:
            volume = volumes[mount["name"]]
            for item in volume.get("secret", volume.get("configMap", {})).get("items", []):
                path = root / mount["mountPath"].lstrip("/") / item["path"]
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(self.content(workload, volume["name"], item["key"]), encoding="utf-8")
        return root

    def environment(self, workload: Workload, http_port: int) -> dict[str, str]:
        """What the chart says, where that is here."""
        root, here = self.mount(workload), urlsplit(self.postgres_url)
        said = {
            name: (value or "").replace("/etc/clic", f"{root}/etc/clic") for name, value in workload.environment.items()
        }
        changed = {
            "CLIC_NATS_URL": self.nats.url,
            "CLIC_NATS_MONITORING_URL": f"http://{LOOPBACK}:{self.nats.monitoring_ports[0]}",
            "CLIC_HTTP_HOST": LOOPBACK,
            "CLIC_HTTP_PORT": str(http_port),
        }
        if "CLIC_POSTGRES_URL" in said:
            there = urlsplit(said["CLIC_POSTGRES_URL"])
            netloc = f"{there.username}@{here.hostname}:{here.port}"
            changed["CLIC_POSTGRES_URL"] = there._replace(netloc=netloc).geturl()
        outside = {name: value for name, value in os.environ.items() if not name.startswith("CLIC_")}
        return {**outside, **said, **{name: value for name, value in changed.items() if name in said}}


def command(workload: Workload) -> list[str]:
    """As the image begins: its member's module, with the arguments."""
    module = MODULES.get(workload.member, f"clic_{workload.member}")
    return [sys.executable, "-m", module, *workload.containers[0].get("args", [])]


@contextlib.contextmanager
def started(place: Place, workloads: list[Workload]) -> Iterator[dict[str, tuple[subprocess.Popen[bytes], int, Path]]]:
    """Services as processes: each with its port and its log."""
    running_now: dict[str, tuple[subprocess.Popen[bytes], int, Path]] = {}
    try:
        for each in workloads:
            port, log = free_port(), place.folder / f"{each.component}.log"
            with log.open("wb") as out:
                process = subprocess.Popen(
                    command(each), env=place.environment(each, port), cwd=place.folder, stdout=out, stderr=out
                )
            running_now[each.component] = process, port, log
        yield running_now
    finally:
        for process, _, _ in running_now.values():
            process.kill()
            process.wait()


def done(place: Place, job: Workload) -> None:
    """A job, to its end."""
    environment = place.environment(job, 0)
    ended = subprocess.run(command(job), env=environment, cwd=place.folder, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, f"{job.name}: {ended.stdout}{ended.stderr}"


def end_of(log: Path) -> str:
    return log.read_text(encoding="utf-8")[-4000:]


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_a_release_comes_up_and_stops_as_the_chart_says(tmp_path: Path, own_postgres: Server) -> None:
    """Services wait for jobs; then each is ready over HTTPS, a rebuild runs beside, and each ends within its grace."""
    manifests = rendered("bare")
    services = [Workload(each) for each in of_kind(manifests, "Deployment")]
    jobs = [Workload(each) for each in of_kind(manifests, "Job")]
    (rebuild,) = [Workload(each) for each in of_kind(manifests, "CronJob")]
    (town,) = [each for each in of_kind(manifests, "ConfigMap") if each["metadata"]["name"].endswith("-town")]
    authority = Authority(tmp_path, "postgres-authority")
    await make_databases(own_postgres.url, PASSWORDS)
    servers = tmp_path / "nats"
    servers.mkdir()
    with (
        tls_front(own_postgres.url, authority) as postgres_url,
        running(servers, nats_chart.server_config(nats_chart.values())) as nats,
    ):
        place = Place(tmp_path, nats, postgres_url, authority, town)
        tls = ssl.create_default_context(cafile=nats.folder / "ca" / "ca.crt")
        with started(place, services) as processes:
            _, _, log = processes["intake"]
            await wait_until(lambda: b"log_not_there" in log.read_bytes(), WAIT_S, what="intake waits for the streams")
            for job in sorted(jobs, key=lambda each: each.service != "ops"):
                await asyncio.to_thread(done, place, job)
            async with httpx.AsyncClient(verify=tls) as client:
                for each in services:
                    process, port, log = processes[each.component]
                    probe = each.containers[0]["readinessProbe"]["httpGet"]
                    url = f"{probe['scheme'].lower()}://{LOOPBACK}:{port}{probe['path']}"

                    async def ready(url: str = url) -> bool:
                        with contextlib.suppress(httpx.TransportError):
                            return (await client.get(url)).status_code == 200
                        return False

                    try:
                        await wait_until(ready, READY_S, what=f"{each.name} is ready")
                    except AssertionError as error:
                        raise AssertionError(end_of(log)) from error
                    assert process.poll() is None
            await asyncio.to_thread(done, place, rebuild)
            began = monotonic()
            for process, _, _ in processes.values():
                process.send_signal(signal.SIGTERM)
            for each in services:
                process, _, log = processes[each.component]
                grace = each.pod["terminationGracePeriodSeconds"]
                left = max(0.1, grace - (monotonic() - began))
                assert process.wait(left) == 0, end_of(log)
