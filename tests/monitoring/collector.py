"""A real OpenTelemetry collector (rotel), and what stands behind it: who takes the traces that it hands on."""

from __future__ import annotations

import contextlib
import gzip
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import metadata
from pathlib import Path
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from clic_chassis.embedded import free_port
from clic_chassis.embedded.server_process import start_process, tail, wait_for

START_S = 60.0


@dataclass(frozen=True)
class Span:
    """One span as it came out of the collector."""

    service: str
    name: str
    trace_id: str
    span_id: str
    parent_id: str
    attributes: dict[str, Any]


@dataclass
class Collected:
    """Where traces are sent, and what has come."""

    endpoint: str
    spans: list[Span] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    """As they came: everything that left the house."""


@contextlib.contextmanager
def open_collector(folder: Path) -> Iterator[Collected]:
    """A collector that takes OTLP over HTTP and hands everything on to us."""
    receiving = free_port()
    collected = Collected(f"http://127.0.0.1:{receiving}/v1/traces")
    with _behind(collected) as port:
        process = start_process(
            folder,
            [
                _agent(),
                "start",
                "--otlp-http-endpoint", f"127.0.0.1:{receiving}",
                "--otlp-grpc-endpoint", f"127.0.0.1:{free_port()}",
                "--exporter", "otlp",
                "--otlp-exporter-protocol", "http",
                "--otlp-exporter-endpoint", f"http://127.0.0.1:{port}",
                "--batch-timeout", "200ms",
            ],
            folder / "rotel.log",
        )  # fmt: skip
        try:
            assert wait_for(lambda: _listens(receiving), START_S), tail(folder / "rotel.log")
            yield collected
        finally:
            process.kill()


@contextlib.contextmanager
def _behind(collected: Collected) -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            collected.bodies.append(body)
            collected.spans += list(_spans(ExportTraceServiceRequest.FromString(body)))  # whole: a test reads beside
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Nothing: pytest's output is for tests."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _spans(request: ExportTraceServiceRequest) -> Iterator[Span]:
    for resource in request.resource_spans:
        service = next(each.value.string_value for each in resource.resource.attributes if each.key == "service.name")
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield Span(
                    service,
                    span.name,
                    span.trace_id.hex(),
                    span.span_id.hex(),
                    span.parent_span_id.hex(),
                    {each.key: each.value.string_value or each.value.int_value for each in span.attributes},
                )


def _agent() -> Path:
    found = next(each for each in metadata.files("rotel") or [] if each.name == "rotel-agent")
    return Path(str(found.locate()))


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
