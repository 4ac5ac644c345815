"""Metrics and traces: what a service tells about itself. Neither ever carries personal data."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from opentelemetry import context as otel_context
from opentelemetry import propagate, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram

_LATENCY_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """Every metric of the chassis; names are an interface for dashboards and alerts."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self.events_in = Counter(
            "clic_events_in", "Messages taken from a stream and done with.", ["consumer"], registry=registry
        )
        self.events_out = Counter("clic_events_out", "Facts appended to the log.", ["type"], registry=registry)
        self.append_seconds = Histogram(
            "clic_append_seconds", "Time of one append, synced.", buckets=_LATENCY_BUCKETS_S, registry=registry
        )
        self.conflicts = Counter(
            "clic_append_conflicts", "Appends that had to be decided again.", ["reason"], registry=registry
        )
        self.retries = Counter("clic_retries", "Messages tried again after an error.", ["consumer"], registry=registry)
        self.quarantined = Gauge(
            "clic_quarantined", "Messages in quarantine now, waiting ones included.", ["service"], registry=registry
        )
        self.consumer_lag = Gauge(
            "clic_consumer_lag_messages", "Messages that a consumer has still to do.", ["consumer"], registry=registry
        )
        self.projection_lag = Gauge(
            "clic_projection_lag_messages",
            "Commits that a projection has still to fold.",
            ["projection"],
            registry=registry,
        )
        self.projection_stopped = Gauge(
            "clic_projection_stopped",
            "1: the projection stands still and says why in the log.",
            ["projection"],
            registry=registry,
        )
        self.loop_seconds = Histogram(
            "clic_handle_seconds",
            "Time of handling one message.",
            ["consumer"],
            buckets=_LATENCY_BUCKETS_S,
            registry=registry,
        )
        self.reads = Counter(
            "clic_reads",
            "Pages, lists and exports of internal figures that a reader was given.",
            ["what"],
            registry=registry,
        )
        self.projection_position = Gauge(
            "clic_projection_position",
            "Position in the log up to which it is folded.",
            ["projection"],
            registry=registry,
        )
        self.consumer_oldest = Gauge(
            "clic_consumer_oldest_seconds",
            "Age of the oldest message that a consumer has still to do; 0: none waits.",
            ["consumer"],
            registry=registry,
        )
        self.quarantine_oldest = Gauge(
            "clic_quarantine_oldest_seconds", "Since when the oldest entry is held.", ["service"], registry=registry
        )
        self.http_seconds = Histogram(
            "clic_http_seconds",
            "Time of answering one HTTP request; the status is its class, 2xx.",
            ["method", "status"],
            buckets=_LATENCY_BUCKETS_S,
            registry=registry,
        )
        self.build_info = Gauge(
            "clic_build_info",
            "1: which version of which service runs, under which rules of the town.",
            ["service", "version", "town"],
            registry=registry,
        )
        self._add_watched(registry)
        self._add_promised(registry)

    def _add_watched(self, registry: CollectorRegistry) -> None:
        """What is looked up now and then: servers, disks, certificates."""
        self.measured_at = Gauge(
            "clic_measured_timestamp_seconds",
            "When a measurement was last taken: older, and what it tells is stale.",
            ["measurement"],
            registry=registry,
        )
        self.measurement_failures = Counter(
            "clic_measurement_failures", "Measurements that could not be taken.", ["measurement"], registry=registry
        )
        self.nats_up = Gauge(
            "clic_nats_up", "1: the server's monitoring page answers; 0: it does not.", ["server"], registry=registry
        )
        self.sync_always = Gauge(
            "clic_log_sync_always",
            "1: the server says that an acknowledged append is on disk.",
            ["server"],
            registry=registry,
        )
        self.nats_storage = Gauge(
            "clic_nats_storage_bytes", "What JetStream has on a server's disk.", ["server"], registry=registry
        )
        self.nats_storage_max = Gauge(
            "clic_nats_storage_max_bytes", "What JetStream may have on a server's disk.", ["server"], registry=registry
        )
        self.stream_messages = Gauge("clic_stream_messages", "Messages of a stream.", ["stream"], registry=registry)
        self.stream_bytes = Gauge("clic_stream_bytes", "Size of a stream.", ["stream"], registry=registry)
        self.stream_bytes_max = Gauge(
            "clic_stream_max_bytes", "Size that a stream may have, where it has a limit.", ["stream"], registry=registry
        )
        self.stream_last_sequence = Gauge(
            "clic_stream_last_sequence", "Position of a stream's newest message.", ["stream"], registry=registry
        )
        self.stream_replicas_missing = Gauge(
            "clic_stream_replicas_missing", "Replicas that do not follow the leader.", ["stream"], registry=registry
        )
        self.database_bytes = Gauge(
            "clic_database_bytes", "Size of a service's own database.", ["service"], registry=registry
        )
        self.certificate_expiry = Gauge(
            "clic_certificate_expiry_timestamp_seconds",
            "When a certificate that the service uses or trusts ends.",
            ["certificate"],
            registry=registry,
        )
        self.backup_age = Gauge(
            "clic_backup_age_seconds", "Since when the last good backup stands.", ["part"], registry=registry
        )

    def _add_promised(self, registry: CollectorRegistry) -> None:
        """What the town promised its citizens, counted: by codes of its own rules, never by person or request."""
        self.receipts = Counter(
            "clic_receipts", "Submissions judged, by publisher and outcome.", ["publisher", "status"], registry=registry
        )
        self.letter_oldest = Gauge(
            "clic_letter_oldest_seconds",
            "How long the oldest letter that is to go out waits; 0: none does.",
            registry=registry,
        )
        self.obligations = Gauge(
            "clic_obligations_open",
            "Open obligations by duty, department and standing: running, at_risk, missed, paused, window.",
            ["obligation", "department", "state"],
            registry=registry,
        )
        self.obligations_due = Gauge(
            "clic_obligations_due_24h", "Obligations whose limit is within 24 hours.", ["obligation"], registry=registry
        )


METRICS = Metrics()


class _FileExporter(SpanExporter):
    """Spans as JSON lines in a file, for tests and for machines without a collector."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Append the spans; one line each."""
        lines = [json.dumps(json.loads(each.to_json(indent=None) or "{}"), ensure_ascii=False) for each in spans]
        with self._path.open("a", encoding="utf-8") as file:
            file.write("".join(line + "\n" for line in lines))
        return SpanExportResult.SUCCESS


class _Tracing:
    """Whether spans are recorded in this process, and by what."""

    provider: TracerProvider | None = None


def start_tracing(service: str, *, otlp_endpoint: str | None, trace_file: Path | None) -> None:
    """Record traces where somebody wants them; otherwise spans cost next to nothing and only pass on their parent."""
    exporter: SpanExporter
    if otlp_endpoint:
        exporter = OTLPSpanExporter(endpoint=otlp_endpoint)
    elif trace_file is not None:
        exporter = _FileExporter(trace_file)
    else:
        return
    _Tracing.provider = TracerProvider(resource=Resource.create({"service.name": f"clic-{service}"}))
    # Bounded: 2,048 spans wait at most, further ones are dropped and counted by the SDK.
    _Tracing.provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=500))
    trace.set_tracer_provider(_Tracing.provider)


def stop_tracing() -> None:
    """Hand over what is left."""
    if _Tracing.provider is not None:
        _Tracing.provider.shutdown()


@contextmanager
def span(name: str, /, **attributes: str | int) -> Iterator[None]:
    """A step of a trace. Attributes are ids and codes, never personal data."""
    if _Tracing.provider is None:
        yield
        return
    with trace.get_tracer("clic").start_as_current_span(
        name, attributes={f"clic.{k}": v for k, v in attributes.items()}
    ):
        yield


@contextmanager
def continued(headers: Mapping[str, str] | None, name: str, /, **attributes: str | int) -> Iterator[None]:
    """A step that continues the trace of a message's headers (W3C `traceparent`)."""
    if _Tracing.provider is None:
        yield
        return
    token = otel_context.attach(propagate.extract(dict(headers or {})))
    try:
        with span(name, **attributes):
            yield
    finally:
        otel_context.detach(token)


def trace_headers() -> dict[str, str]:
    """The headers that continue this trace in a message; {} where nothing is recorded."""
    if _Tracing.provider is None:
        return {}
    headers: dict[str, str] = {}
    propagate.inject(headers)
    return headers


def trace_id() -> str | None:
    """The id of the trace under way, 32 hexadecimal digits, or None."""
    context = trace.get_current_span().get_span_context()
    return f"{context.trace_id:032x}" if context.is_valid else None
