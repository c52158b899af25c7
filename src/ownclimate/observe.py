"""Logs and metrics: set-up, and what must never be written.

One entry a request or job, for people on a terminal and as JSON lines elsewhere. Values under a key
that names a secret are masked before anything is rendered, and so are credentials found inside text.
"""

from __future__ import annotations

import itertools
import logging
import re
import sys
from bisect import bisect_left
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TextIO

import msgspec
import structlog
from prometheus_client import CollectorRegistry, Gauge, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

_ENCODER = msgspec.json.Encoder()
BUCKETS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)

MASK = "***"
SECRET_KEYS = re.compile(r"password|secret|token|authorization|api_?key|hook_key|cookie|code_verifier", re.I)
SECRET_TEXT = re.compile(
    r"\boc[a-z]_[0-9a-f]{24}_[0-9a-zA-Z]+"  # our own credentials
    r"|\b[0-9a-f]{24}\|[0-9a-f]{32}\b"  # tokens in two vendors' shapes
    r"|\beyJ[\w-]+\.eyJ[\w-]+\.[\w-]*"
    r"|(?i:\bbearer\s+)\S+"
    r"|(?i:\b(?:access_token|refresh_token|client_secret|password|key|code)=)[^&\s\"']+"
)


def redact(_logger: Any, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Structlog processor that masks secrets, also inside nested values."""
    for key, value in entry.items():
        entry[key] = _redacted(key, value)
    return entry


def _redacted(key: str, value: Any) -> Any:
    if SECRET_KEYS.search(key):
        return MASK
    if isinstance(value, str):
        return SECRET_TEXT.sub(MASK, value)
    if isinstance(value, dict):
        return {inner: _redacted(str(inner), item) for inner, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_redacted("", item) for item in value]
    return value


@dataclass(frozen=True, slots=True)
class RequestLog:
    """Writes the one entry of each request.

    JSON lines are written straight: an entry has ids, a route's template and numbers, never a query, a
    header or a body, so there is nothing to redact, and structlog's chain took as long as all the rest
    of a small request (78 of 155 µs). A failure's traceback goes through that chain.
    """

    out: TextIO
    is_console: bool
    threshold: int

    def write(self, entry: Mapping[str, Any], level: str, error: BaseException | None = None) -> None:
        """Writes `entry` at `info` or `error`; `error` is what was behind a 500."""
        if self.is_console or error is not None:
            getattr(structlog.get_logger("ownclimate"), level)("request", **entry, exc_info=error)
        elif getattr(logging, level.upper()) >= self.threshold:
            line = {**entry, "event": "request", "level": level, "timestamp": datetime.now(UTC)}
            self.out.write(_ENCODER.encode(line).decode() + "\n")


def set_up_logs(level: str, format: str, stream: TextIO | None = None) -> RequestLog:
    """Called once by the command line; tests call it with a stream of their own."""
    out = stream or sys.stderr
    is_console = format == "console" or (format == "auto" and out.isatty())
    renderer: Any = (
        structlog.dev.ConsoleRenderer(colors=out.isatty())
        if is_console
        else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            redact,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(file=out),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=logging.WARNING, stream=out, format="%(levelname)s %(name)s: %(message)s")
    return RequestLog(out, is_console, getattr(logging, level.upper()))


class _Requests(Collector):
    """Counts requests in plain dicts and lists, written out when they are asked for.

    The library's own counters lock and look labels up at each step, 15 µs a request; ours are touched
    by the event loop's thread alone.
    """

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str, int], int] = {}
        self._spans: dict[str, list[float]] = {}
        """By dialect: requests by bucket (the last is for those beyond all), then the sum of seconds."""

    def seen(self, dialect: str, route: str, status: int, seconds: float) -> None:
        key = dialect, route, status
        self._counts[key] = self._counts.get(key, 0) + 1
        spans = self._spans.get(dialect)
        if spans is None:
            spans = self._spans[dialect] = [0.0] * (len(BUCKETS_S) + 2)
        spans[bisect_left(BUCKETS_S, seconds)] += 1
        spans[-1] += seconds

    def collect(self) -> Iterator[Metric]:
        labels = ["dialect", "route", "status"]
        counts = CounterMetricFamily("ownclimate_requests", "Requests answered", labels=labels)
        for (dialect, route, status), count in self._counts.items():
            counts.add_metric([dialect, route, str(status)], count)
        yield counts
        seconds = HistogramMetricFamily(
            "ownclimate_request_duration_seconds", "Time from request to answer", labels=["dialect"]
        )
        for dialect, spans in self._spans.items():
            running = list(itertools.accumulate(spans[:-1]))
            bounds = [*map(str, BUCKETS_S), "+Inf"]
            seconds.add_metric([dialect], list(zip(bounds, running, strict=True)), spans[-1])
        yield seconds


@dataclass(frozen=True, slots=True, eq=False)
class _Counts(Collector):
    name: str
    help: str
    label: str
    counts: Mapping[str, int]

    def collect(self) -> Iterator[Metric]:
        family = CounterMetricFamily(self.name, self.help, labels=[self.label])
        for value, count in self.counts.items():
            family.add_metric([value], count)
        yield family


class _Sampled(Collector):
    """Families that were made outside, replaced as a whole."""

    def __init__(self) -> None:
        self.families: Sequence[Metric] = ()

    def collect(self) -> Iterator[Metric]:
        yield from self.families


class Metrics:
    """The metric registry of one server. Names end in a unit or `_total`."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = _Requests()
        self.registry.register(self._requests)
        self._sampled = _Sampled()
        self.registry.register(self._sampled)
        self._gauges: dict[str, Gauge] = {}

    def seen(self, dialect: str, route: str, status: int, seconds: float) -> None:
        """Counts one request. `route` is a template, so labels stay few."""
        self._requests.seen(dialect, route, status, seconds)

    def gauge(self, name: str, value: float) -> None:
        """Sets a gauge of the store's state; made at its first value."""
        if name not in self._gauges:
            self._gauges[name] = Gauge(
                f"ownclimate_store_{name}", f"The store's {name}", registry=self.registry
            )
        self._gauges[name].set(value)

    def watch(self, name: str, help: str, label: str, counts: Mapping[str, int]) -> None:
        """Shows counts that others keep, by label value, as they are when somebody asks."""
        self.registry.register(_Counts(f"ownclimate_{name}", help, label, counts))

    def sample(self, families: Sequence[Metric]) -> None:
        """Shows these families from now on, in the place of those shown before."""
        self._sampled.families = families

    def exposition(self) -> bytes:
        """The Prometheus text format."""
        return generate_latest(self.registry)
