"""A town that runs, seen as ops see it: by Prometheus, by a collector of traces, by `clic status` and `clic doctor`."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import httpx
import pytest
import yaml
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink
from tests.monitoring.collector import Collected, Span, open_collector
from tests.monitoring.monitored import (
    DASHBOARDS,
    RULES,
    alerts,
    documents,
    expressions,
    families,
    recorded,
)
from tests.place import TOWN_DIR
from tests.system.house import House, open_house
from tests.system.submitting import CITIZEN, by_http, by_inbox, now, request

from clic.connection import Connection
from clic.doctor.command import CHECKS, examine
from clic.doctor.place import Place
from clic.nats_config import OPS, SERVICES
from clic.scrape import ask_services
from clic.status import standing_of
from clic_chassis.embedded import free_port
from clic_chassis.embedded.server_process import start_process, tail
from clic_chassis.nats_credential import NatsCredential
from clic_chassis.quarantine import Entry, Quarantine
from clic_chassis.testing import open_folder, wait_until

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

SEEN_S = 60.0
"""A measurement is taken every 30 s, and this machine is shared."""
TEXT = "phrase inventée que la trace ne doit pas porter"
ADDRESS = "77, rue Imaginaire-de-la-Trace"
PLANTED = (*CITIZEN.values(), TEXT, ADDRESS)

LATER = {
    "clic_append_conflicts": "two decisions on one request at once",
    "clic_backup_age_seconds": "the first backup",
    "clic_certificate_expiry_timestamp_seconds": "certificates in the settings",
    "clic_digest_outcomes": "the first digest",
    "clic_digests": "the first digest",
    "clic_letter_outcomes": "the first letter that is tried",
    "clic_mails": "the first mail that comes in",
    "clic_measurement_failures": "a measurement that cannot be taken",
    "clic_reads": "the first reader of internal figures",
    "clic_retries": "the first error",
}
"""What a healthy town does not tell in its first minute, and what it waits for."""

WHOLE = {(f"clic-{service}", "decide") for service in ("intake", "routing", "deadlines")} | {
    ("clic-reporting", "project reporting")
}
"""Who does what at least in the trace of a request."""


def traces(spans: Sequence[Span], request_id: str | None) -> list[list[Span]]:
    """The spans of every trace in which something was done for the request."""
    ids = {each.trace_id for each in spans if each.attributes.get("clic.request_id") == request_id}
    return [[each for each in spans if each.trace_id == trace] for trace in ids]


def is_whole(trace: Sequence[Span]) -> bool:
    """Whether everybody's spans have come, each decision under what caused it: a parent ends, and comes, later."""
    ids = {each.span_id for each in trace}
    decided = [each for each in trace if each.name == "decide"]
    return {(each.service, each.name) for each in trace} >= WHOLE and all(each.parent_id in ids for each in decided)


@pytest.fixture(scope="module")
def collected() -> Iterator[Collected | None]:
    """The collector, started before the services that send to it; its wheel is for Python 3.11 alone."""
    if sys.version_info >= (3, 12):
        yield None
        return
    with open_folder() as folder, open_collector(folder) as opened:
        yield opened


@pytest.fixture(scope="module")
def mail_server() -> Iterator[str]:
    """A mail server that takes everything, in a thread of its own."""
    controller = Controller(Sink(), hostname="127.0.0.1", port=free_port(), ready_timeout=60)
    controller.start()
    yield f"smtp://127.0.0.1:{controller.port}"
    controller.stop()


@pytest.fixture(scope="module")
def house(collected: Collected | None, mail_server: str) -> Iterator[House]:
    """A house whose services send their traces to the collector, and letters to the mail server."""
    settings = {"CLIC_SMTP_URL": mail_server, "CLIC_SMTP_TLS": "none"}
    if collected is not None:
        settings["CLIC_OTLP_ENDPOINT"] = collected.endpoint
    with open_house(settings=settings) as opened:
        yield opened


@contextlib.contextmanager
def watched(prometheus: str, house: House) -> Iterator[str]:
    """Prometheus with our rules, scraping the house as `docs/ops/monitoring.md` says; its address."""
    with open_folder() as folder:
        targets = [house.url(service).removeprefix("http://") for service in SERVICES]
        config = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(path) for path in RULES],
            "scrape_configs": [{"job_name": "clic", "static_configs": [{"targets": targets}]}],
        }
        (folder / "prometheus.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
        address = f"127.0.0.1:{free_port()}"
        process = start_process(
            folder,
            [
                prometheus,
                f"--config.file={folder / 'prometheus.yaml'}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address={address}",
            ],
            folder / "prometheus.log",
        )
        try:
            yield f"http://{address}/api/v1"
        except AssertionError as error:
            raise AssertionError(f"{error}\n{tail(folder / 'prometheus.log')}") from error
        finally:
            process.stop(signal.SIGTERM, 10.0)


async def asked(client: httpx.AsyncClient, path: str, **parameters: str) -> Any:
    """What Prometheus answers; None while it does not."""
    try:
        answer = (await client.get(path, params=parameters)).json()
    except (httpx.HTTPError, ValueError):
        return None
    assert answer["status"] == "success", answer
    return answer["data"]


async def test_one_trace_follows_a_request_through_four_services_into_a_collector_and_tells_nobodys_words(
    house: House, collected: Collected | None
) -> None:
    """By NATS and by HTTP; POL-26, POL-30: what leaves the house for a collector holds nothing personal."""
    if collected is None:
        pytest.skip("the collector's wheel is for Python 3.11")
    place = {"address": ADDRESS, "sector": "centre"}
    receipts = [
        await by_inbox(house, request(text=TEXT, place=place), "trace-1"),
        await by_http(house, request(text=TEXT, place=place), "trace-2"),
    ]
    assert [each.status for each in receipts] == ["accepted", "accepted"]
    await house.settled()
    for receipt in receipts:

        def whole(request_id: str | None = receipt.request_id) -> list[list[Span]]:
            # What no message began is a trace of its own: a letter that a sender takes, a limit that a clock finds.
            return [each for each in traces(list(collected.spans), request_id) if is_whole(each)]

        await wait_until(whole, SEEN_S, what="every service's spans came out of the collector in one trace")
        assert len(whole()) == 1
    everything = b"".join(collected.bodies)
    assert receipts[0].request_id is not None
    assert receipts[0].request_id.encode() in everything, "the search finds what is there to be found"
    assert [word for word in PLANTED if word.encode() in everything] == []


async def test_prometheus_sees_every_target_and_every_metric_and_takes_every_rule_and_panel(
    house: House, prometheus: str
) -> None:
    """What is named in rules and dashboards is there, or appears later for a reason that is known."""
    with watched(prometheus, house) as url:
        async with httpx.AsyncClient(base_url=url, timeout=10, trust_env=False) as client:
            await _seen(client)


async def _seen(client: httpx.AsyncClient) -> None:
    async def up() -> bool:
        found = await asked(client, "/query", query="up")
        return found is not None and [each["value"][1] for each in found["result"]] == ["1"] * len(SERVICES)

    await wait_until(up, SEEN_S, what="Prometheus scrapes all four")
    wanted = set(families()) - LATER.keys()

    async def missing() -> list[str]:
        found = await asked(client, "/label/__name__/values")
        told = {name for name in found or () if name.startswith("clic_")}
        bare = {name.removesuffix(end) for name in told for end in ("", "_total", "_bucket", "_count", "_sum")}
        return sorted(wanted - bare)

    async def complete() -> bool:
        return await missing() == []

    try:
        await wait_until(complete, SEEN_S, what="every metric is told")
    except AssertionError as error:
        raise AssertionError(f"{error}: {await missing()}") from error

    groups = (await asked(client, "/rules"))["groups"]
    loaded = {rule["name"]: rule for group in groups for rule in group["rules"]}
    assert set(loaded) == set(alerts()) | recorded()

    async def evaluated() -> bool:
        now_loaded = [rule for group in (await asked(client, "/rules"))["groups"] for rule in group["rules"]]
        assert [rule for rule in now_loaded if rule["health"] == "err"] == []
        return all(rule["health"] == "ok" for rule in now_loaded)

    await wait_until(evaluated, SEEN_S, what="every rule was evaluated")
    # A second's scrape may time out on a busy machine: what is pending for so long is no alert.
    waking = (await asked(client, "/query", query='ALERTS{severity="page",alertstate="firing"}'))["result"]
    assert waking == [], "in a healthy town nothing wakes anybody"
    for _, board in documents(DASHBOARDS):
        for each in expressions(board):
            assert await asked(client, "/query", query=each) is not None, each


async def examined(house: House, *checks: str) -> dict[str, list[str]]:
    """What the doctor finds, by severity, as `check: what`."""
    place = Place(
        now(),
        Connection(house.nats.url, NatsCredential(OPS, house.servers.users[OPS])),
        services={service: house.url(service) for service in SERVICES},
        town_dir=TOWN_DIR,
    )
    found = await examine(place, [each for each in CHECKS if each.name in checks])
    by_severity: dict[str, list[str]] = {}
    for check, these in found.items():
        for each in these:
            by_severity.setdefault(each.severity, []).append(f"{check}: {each.what}")
    return by_severity


def as_ops(house: House) -> list[str]:
    """The options that tell `clic` where the services are: a house of tests does not write it down."""
    return [word for service in SERVICES for word in ("--service", f"{service}={house.url(service)}")]


async def test_the_doctor_finds_nothing_wrong_with_a_healthy_town(house: House) -> None:
    said = json.loads(await house.clic("doctor", "--json", *as_ops(house)))
    by_severity = Counter(each["severity"] for these in said.values() for each in these)
    assert by_severity["wrong"] == 0, said
    assert [each["what"] for these in said.values() for each in these if each["severity"] == "warning"] == [
        "no service knows of a backup"
    ]
    assert [name for name, these in said.items() if these[0]["severity"] == "unknown"] == ["smtp"]
    assert by_severity["well"] == len(CHECKS) - 2


async def test_status_says_on_one_screen_what_somebody_on_call_asks(house: House) -> None:
    assert (await by_http(house, request(), "ecran-1")).status == "accepted"
    await house.settled()
    urls = {service: house.url(service) for service in SERVICES}

    async def quiet() -> bool:
        return "waiting" in {line.name for line in standing_of(await ask_services(urls), now()).lines}

    await wait_until(quiet, SEEN_S, what="a lag is measured each second")
    process = house.spawn_clic("status", *as_ops(house))
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert said.count(" ready ") == len(SERVICES)
    for name in ("log", "projections", "quarantine", "letters", "due", "streams", "databases", "backup"):
        assert any(line.startswith(name) for line in said.splitlines()), name
    data = json.loads(await house.clic("status", "--json", *as_ops(house)))
    assert data["ready"] is True
    assert data["lines"]["log"]["is_well"] is True
    assert data["lines"]["log"]["says"].startswith("position ")
    assert len({each["town"] for each in data["services"].values()}) == 1


async def test_the_doctor_finds_what_is_in_quarantine(house: House) -> None:
    async with house.client("routing") as client:
        entry = Entry(
            service="routing", consumer="routing", stream="CLIC_LOG", sequence=1, subject="clic.log.intake.x",
            key="invented", state="failed", reason="planted", tries=5, since=now(), changed_at=now(),
        )  # fmt: skip
        await Quarantine(client).put(entry)
        found = await examined(house, "quarantine")
        assert found == {"wrong": ["quarantine: 1 messages are in quarantine at routing"]}
        await Quarantine(client).put(entry.model_copy(update={"state": "discarded"}))
    assert await examined(house, "quarantine") == {"well": ["quarantine: nothing is in quarantine"]}


async def test_the_doctor_and_status_name_a_service_that_is_away_and_its_consumer_that_stands_still(
    house: House,
) -> None:
    """The last two: routing is not itself any more afterwards."""
    house.stop("routing")
    assert (await by_http(house, request(), "immobile-1")).status == "accepted"
    found = await examined(house, "services", "consumers")
    assert [each for each in found["wrong"] if each.startswith("services: routing does not answer")]
    # At least that one: what intake decides on later, as a letter, waits too.
    assert [each for each in found["wrong"] if re.match("consumers: routing stands still: [1-9][0-9]* messages", each)]
    process = house.spawn_clic("status", *as_ops(house))
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert any(line.startswith("routing") and "does not answer" in line for line in said.splitlines())


async def test_the_doctor_finds_a_service_that_decides_by_other_rules(house: House) -> None:
    with open_folder() as folder:
        town = folder / "town"
        shutil.copytree(TOWN_DIR, town)
        rules = town / "routing.yaml"
        rules.write_text(rules.read_text(encoding="utf-8") + "\n# Changed.\n", encoding="utf-8")
        settings = {**house.environment("routing"), "CLIC_TOWN_DIR": str(town)}
        home = house.folder / "routing"
        house.services["routing"] = start_process(
            home, [sys.executable, "-m", "clic_routing"], home / "log.jsonl", environment=settings
        )
        await house.ready()
        found = await examined(house, "town")
        assert [each for each in found["wrong"] if each.startswith("town: services decide by different rules")]
