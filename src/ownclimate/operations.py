"""The rows outside every dialect: is it alive, does it take writes, how is it doing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import msgspec
import structlog
from prometheus_client import Metric

from ownclimate.core.errors import AppError, StoreError
from ownclimate.core.ports import Put
from ownclimate.observe import Metrics
from ownclimate.store.lmdb import LMDBStore
from ownclimate.web.call import Answer, Call
from ownclimate.web.tables import Endpoint, Success

log = structlog.get_logger("ownclimate")

PROBE = Put(table="probe", key="ready", body={})
PROMETHEUS_TEXT = "text/plain; version=0.0.4; charset=utf-8"


class Health(msgspec.Struct, kw_only=True):
    status: str
    reason: str = ""


Sample = Callable[[], Awaitable[Sequence[Metric]]]


def rows(store: LMDBStore, metrics: Metrics | None, sample: Sample | None = None) -> tuple[Endpoint, ...]:
    """`/healthz`, `/readyz` and, given metrics, `/metrics`, for which more families are sampled."""

    async def health(call: Call, params: None) -> Health:
        return Health(status="ok")

    async def readiness(call: Call, params: None) -> Health | Answer:
        """A durable write of a few bytes: what the doors would do, and what fails when they would."""
        try:
            await store.directory.write("operations", [PROBE], call.ports.entropy(8).hex())
        except StoreError as error:
            unready = Health(status="unready", reason=error.message)
            return Answer(status=503, body=unready, headers=(("Retry-After", "5"),))
        return Health(status="ready")

    async def exposition(call: Call, params: None) -> bytes:
        assert metrics is not None, "the row is there only with metrics"
        for name, value in (await store.status()).items():
            if not isinstance(value, str):
                metrics.gauge(name, float(value))
        if sample is not None:
            try:
                metrics.sample(await sample())
            except AppError as error:
                log.warning("sources_not_sampled", code=error.code, reason=error.message)
        return metrics.exposition()

    health_row = Endpoint(
        operation_id="health",
        path="/healthz",
        handler=health,
        is_public=True,
        successes=(Success(item=Health),),
        summary="Whether the process runs",
    )
    ready_row = Endpoint(
        operation_id="readiness",
        path="/readyz",
        handler=readiness,
        is_public=True,
        successes=(Success(item=Health), Success(status=503, item=Health, summary="Not ready")),
        summary="Whether the store takes writes",
    )
    if metrics is None:
        return health_row, ready_row
    metrics_row = Endpoint(
        operation_id="metrics",
        path="/metrics",
        handler=exposition,
        is_public=True,
        successes=(Success(item=bytes, content_type=PROMETHEUS_TEXT),),
        summary="Metrics in the Prometheus text format",
    )
    return health_row, ready_row, metrics_row
