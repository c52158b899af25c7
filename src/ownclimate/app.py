"""The composition root: the one place where faces, doors, credentials and the opened store meet.

Opening the store itself is `data_folder`'s, so that a command that only reads need not load faces.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from functools import partial
from typing import Any

import structlog

from ownclimate import operations
from ownclimate.apidocs import pages as apidocs
from ownclimate.authorization import documented_token_doors, with_token_doors
from ownclimate.clocks import sleep_of
from ownclimate.collecting import cloud_openers
from ownclimate.config import Settings
from ownclimate.control.climate import ClimateKeeper
from ownclimate.control.delivery import Deliverer
from ownclimate.control.relay_thermostats import RelayThermostats
from ownclimate.control.timetable import Timetable
from ownclimate.core import publishing
from ownclimate.core.access import Access
from ownclimate.core.accounts import repair_accounts
from ownclimate.core.errors import AppError
from ownclimate.core.forecasts import Forecasts, kept_forecasts, no_forecasts
from ownclimate.core.linking import Vault
from ownclimate.core.ports import Ports
from ownclimate.ingest.doors import CREDENTIAL_KIND, broker_dialect, doors_dialect
from ownclimate.ingest.keys import hook_authenticator
from ownclimate.links.kinds import openers
from ownclimate.links.supervisor import Supervisor
from ownclimate.oauth import janitor
from ownclimate.oauth.endpoints import oauth_dialect
from ownclimate.oauth.keys import check_hook
from ownclimate.oauth.last_use import LastUse
from ownclimate.oauth.server import AuthorizationServer
from ownclimate.oauth.throttle import SignInThrottle
from ownclimate.oauth.tokens import check
from ownclimate.observe import Metrics, RequestLog
from ownclimate.pages import count_clients, portal_mounts
from ownclimate.pushing import address_policy, open_courier, relay
from ownclimate.quotas import quotas_of
from ownclimate.source_metrics import sample_sources
from ownclimate.store.lmdb import LMDBStore
from ownclimate.sync.leaving import finish_leaving
from ownclimate.sync.sign_in import forget_stale
from ownclimate.vendors.mclimate.codecs import FrameTable
from ownclimate.vendors.mclimate.face.dialect import mclimate_dialect
from ownclimate.vendors.netatmo.face.dialect import netatmo_dialect
from ownclimate.vendors.smartbuildings.face.dialect import NAME as SMARTBUILDINGS
from ownclimate.vendors.smartbuildings.face.dialect import smartbuildings_dialect
from ownclimate.web.dispatch import Application, RequestEntry
from ownclimate.web.idempotency import forget_answers
from ownclimate.web.limits import Limits
from ownclimate.web.openapi import document_of
from ownclimate.web.tables import Dialect

KIB = 1024
DAY_MS = 24 * 3_600_000
JANITOR_EVERY_S = 3600.0

HOLDER = "server"
"""Of the leases of background jobs. A folder has one server at a time, so a lease that bears this name is
its own or that of one that died, and need not be waited for."""

CODECS = FrameTable()
"""The device models whose LoRaWAN frames the doors can read."""

log = structlog.get_logger("ownclimate")


def dialects(
    settings: Settings, vault: Vault | None = None, forecasts: Forecasts = no_forecasts
) -> tuple[Dialect, ...]:
    """Every face and door, as tables. The `vault` keeps what network servers offer at the doors;
    `forecasts` knows the weather to come."""
    return (
        mclimate_dialect(contact=settings.operator_contact, total_mode=settings.mclimate_total_mode),
        netatmo_dialect(
            limit_is_403=settings.netatmo_limit_is_403, webhook_addresses=address_policy(settings)
        ),
        smartbuildings_dialect(
            wraps_expiry=settings.smartbuildings_wrap_expiry,
            limits_move=settings.smartbuildings_limits_move,
            forecasts=forecasts,
        ),
        doors_dialect(CODECS, vault, max_picture_bytes=settings.picture_limit_kib * KIB),
        broker_dialect(CODECS, vault),
    )


def build_application(
    ports: Ports,
    store: LMDBStore,
    settings: Settings,
    metrics: Metrics,
    requests: RequestLog,
    authorization: AuthorizationServer,
    sign_ins: SignInThrottle,
    forecasts: Forecasts = no_forecasts,
) -> Application:
    """The ASGI application over an open store and the ports over it."""
    last_use = LastUse(ports)
    tables = dialects(settings, authorization.cipher, kept_forecasts(ports, forecasts))
    faces = (*with_token_doors(authorization, tables), oauth_dialect(authorization))
    client_uses, daily_usage = count_clients(ports, authorization)

    async def authenticate(text: str) -> Access:
        now_ms = ports.clock.now_ms()
        return await check(ports.directory, authorization.dialects, text, now_ms, last_use.note)

    return Application(
        dialects=faces,
        ports=ports,
        authenticators={
            "token": authenticate,
            CREDENTIAL_KIND: hook_authenticator(ports.directory, check_hook),
        },
        operations=operations.rows(
            store,
            metrics if settings.metrics else None,
            partial(sample_sources, ports, authorization.cipher),
        ),
        mounts={
            **portal_mounts(ports, settings, authorization, sign_ins, client_uses, daily_usage),
            apidocs.PREFIX: apidocs.documentation(faces, plain=SMARTBUILDINGS),
        },
        observers=(partial(_observe, metrics, requests), client_uses.note, daily_usage.note),
        limits=Limits(quotas_of(settings), ports.clock),
        public_url=settings.public_url,
    )


def openapi_documents() -> Mapping[str, dict[str, Any]]:
    """The OpenAPI document of each dialect, by its name."""
    return {dialect.name: document_of(dialect) for dialect in documented_token_doors(dialects(Settings()))}


def background_work(
    ports: Ports, settings: Settings, authorization: AuthorizationServer, metrics: Metrics
) -> list[Coroutine[Any, Any, None]]:
    """What a server does beside answering. Each piece may run anywhere, any number of times."""
    timetable = Timetable(ports, HOLDER, sleep_of(settings))
    thermostats = RelayThermostats(ports, HOLDER, sleep_of(settings))
    climate = ClimateKeeper(ports, HOLDER, sleep_of(settings))
    clouds = cloud_openers(ports, authorization.cipher, sleep_of(settings))
    supervisor = Supervisor(ports, authorization.cipher, {**openers(ports, CODECS), **clouds}, HOLDER)
    deliverer = Deliverer(ports, [supervisor], HOLDER)
    courier = open_courier(settings, authorization, HOLDER)
    metrics.watch("source_messages", "Messages of connected sources", "outcome", supervisor.counts)
    metrics.watch("webhook_messages", "Messages for webhooks", "outcome", courier.counts)
    return [
        relay(ports, courier),
        courier.run(),
        _janitor(ports, settings, authorization),
        timetable.run(),
        thermostats.run(),
        climate.run(),
        supervisor.run(),
        deliverer.run(),
    ]


async def _janitor(ports: Ports, settings: Settings, authorization: AuthorizationServer) -> None:
    while True:
        try:
            repaired = await repair_accounts(ports)
            expired = 0
            if settings.raw_keep_days:
                before_ms = ports.clock.now_ms() - settings.raw_keep_days * DAY_MS
                expired = await ports.raw.expire(before_ms)
            credentials = await janitor.tidy(authorization)
            answers = await forget_answers(ports)
            published = await publishing.repair(ports)
            departed = await finish_leaving(ports)
            await forget_stale(ports)
            if repaired or expired or credentials or answers or published or departed:
                log.info(
                    "tidied",
                    claims=repaired,
                    raw_entries=expired,
                    credentials=credentials,
                    answers=answers,
                    public_stations=published,
                    sources=departed,
                )
        except AppError as error:
            log.warning("tidying_postponed", code=error.code, reason=error.message)
        await asyncio.sleep(JANITOR_EVERY_S)


def _observe(metrics: Metrics, requests: RequestLog, entry: RequestEntry) -> None:
    """One log entry and its metrics for each request."""
    metrics.seen(entry.dialect, entry.route, entry.status, entry.duration_ms / 1000)
    written = {
        "request_id": entry.request_id,
        "method": entry.method,
        "route": entry.route,
        "dialect": entry.dialect,
        "status": entry.status,
        "duration_ms": round(entry.duration_ms, 3),
        "client_id": entry.client_id,
    }
    requests.write(written, "error" if entry.status >= 500 else "info", entry.error)
