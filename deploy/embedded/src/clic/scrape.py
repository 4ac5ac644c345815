"""What services say of themselves: readiness and metrics, read over HTTP as Prometheus and Kubernetes read them."""

from __future__ import annotations

import asyncio
import datetime as dt
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import httpx
from prometheus_client.parser import text_string_to_metric_families

ASK_TIMEOUT_S = 3.0


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of a metric."""

    name: str
    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True, slots=True)
class Told:
    """What one service said."""

    service: str
    url: str
    answers: bool
    ready: bool
    why: Mapping[str, str] = field(default_factory=dict)
    """Why it is not ready, by component."""
    samples: tuple[Sample, ...] = ()
    said_at: dt.datetime | None = None
    """Its machine's time, to the second."""
    asked_at: dt.datetime | None = None

    @property
    def version(self) -> str | None:
        """Of the service."""
        return self._build("version")

    @property
    def town(self) -> str | None:
        """Version of the town's rules that it decides by."""
        return self._build("town")

    def values(self, name: str, **labels: str) -> list[Sample]:
        """The samples of a metric with these labels."""
        wanted = labels.items()
        return [each for each in self.samples if each.name == name and wanted <= each.labels.items()]

    def _build(self, label: str) -> str | None:
        return next((each.labels[label] for each in self.values("clic_build_info")), None)


async def ask_services(urls: Mapping[str, str]) -> list[Told]:
    """Every service, at the same time."""
    authorities = ssl.create_default_context()  # The system's, or those of SSL_CERT_FILE.
    async with httpx.AsyncClient(timeout=ASK_TIMEOUT_S, trust_env=False, verify=authorities) as client:
        return list(await asyncio.gather(*(_ask(client, service, url) for service, url in urls.items())))


async def _ask(client: httpx.AsyncClient, service: str, url: str) -> Told:
    asked_at = dt.datetime.now(dt.UTC)
    try:
        answer = await client.get(f"{url}/readyz")
        metrics = await client.get(f"{url}/metrics")
        families = text_string_to_metric_families(metrics.raise_for_status().text)
        samples = tuple(Sample(each.name, each.labels, each.value) for family in families for each in family.samples)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        return Told(service, url, answers=False, ready=False, why={"http": type(error).__name__})
    date = answer.headers.get("date")
    return Told(
        service=service,
        url=url,
        answers=True,
        ready=answer.status_code == HTTPStatus.OK,
        why=_why(answer),
        samples=samples,
        said_at=parsedate_to_datetime(date) if date else None,
        asked_at=asked_at,
    )


def _why(answer: httpx.Response) -> dict[str, str]:
    try:
        said = answer.json()
    except ValueError:
        return {"http": f"answers {answer.status_code}"}
    why = said.get("why") if isinstance(said, dict) else None
    return {str(name): str(reason) for name, reason in why.items()} if isinstance(why, dict) else {}


def largest(told: Iterable[Told], name: str, **labels: str) -> float | None:
    """The largest value of a metric that any of them tells; None: nobody tells it."""
    return max((each.value for one in told for each in one.values(name, **labels)), default=None)
