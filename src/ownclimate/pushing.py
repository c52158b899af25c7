"""Webhooks of this installation: the courier, the vendors' voices and what tokens allow, joined; and the
relay that brings changes to it."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from functools import partial
from typing import Final

import structlog

from ownclimate.config import Settings
from ownclimate.core.access import Access
from ownclimate.core.accounts import list_owner_ids
from ownclimate.core.errors import AppError, InvalidInput, NotFound
from ownclimate.core.ids import OwnerId
from ownclimate.core.ports import Ports
from ownclimate.core.writes import relay_outbox
from ownclimate.oauth.clients import find_client, opened_secret
from ownclimate.oauth.grants.grant import Grant, Way, find_grant, grant_id_of, partition_of
from ownclimate.oauth.keys import KeyKind, access_of, list_keys, stored_digest
from ownclimate.oauth.server import AuthorizationServer
from ownclimate.push.addresses import AddressPolicy
from ownclimate.push.courier import Courier
from ownclimate.push.hooks import KIND as WEBHOOK
from ownclimate.push.hooks import Hook
from ownclimate.vendors.netatmo.pushes import netatmo_voice
from ownclimate.vendors.netatmo.vocabulary import DIALECT as NETATMO

RELAY_EVERY_S: Final = 2.0
"""How long a change made by another process waits in the outbox at most."""
GATHER_S: Final = 0.05
"""Changes that come at once are relayed together."""

log = structlog.get_logger("ownclimate")


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredApps:
    """What the authorization server knows of a webhook's app, asked anew each time."""

    server: AuthorizationServer

    async def access_of(self, hook: Hook) -> Access | None:
        if hook.is_personal:
            keys = await list_keys(self.server.ports.directory, hook.owner_id, KeyKind.TOKEN)
            return next((access_of(key) for key in keys if key.id == hook.client_id), None)
        grants = await self._grants(hook)
        if not grants:
            return None
        sites = [grant.sites for grant in grants]
        return Access(
            owner_id=hook.owner_id,
            account_id=hook.account_id or None,
            client_id=hook.client_id,
            permissions=frozenset().union(*(grant.permissions for grant in grants)),
            scopes=frozenset().union(*(grant.scopes for grant in grants)),
            sites=None if None in sites else frozenset(site for some in sites if some for site in some),
            via="webhook",
        )

    async def secret_of(self, hook: Hook) -> str:
        """A client's secret; of a personal token, which has none, the hash under which it is kept."""
        if hook.is_personal:
            return await stored_digest(self.server.ports.directory, hook.client_id)
        client = await find_client(self.server, hook.client_id)
        try:
            return "" if client is None else opened_secret(self.server, client)
        except NotFound:
            return ""

    async def _grants(self, hook: Hook) -> list[Grant]:
        """What the account gave the client for the owner, by whatever way."""
        client = await find_client(self.server, hook.client_id)
        if client is None:
            return []
        dialect = self.server.dialect_of(client)
        found = []
        for way in Way:
            grant_id = grant_id_of(client.id, hook.owner_id, hook.account_id, way)
            stored = await find_grant(self.server.ports.directory, partition_of(dialect, grant_id), grant_id)
            if stored is not None:
                found.append(stored.grant)
        return found


def address_policy(settings: Settings) -> AddressPolicy:
    """Raises InvalidInput for ports that are none."""
    try:
        ports = frozenset(int(text) for text in settings.webhook_ports.replace(",", " ").split())
    except ValueError as error:
        raise InvalidInput("webhook_ports", "expected numbers with spaces between them") from error
    return AddressPolicy(ports=ports, allows_private=settings.webhook_private_addresses)


def open_courier(settings: Settings, authorization: AuthorizationServer, holder: str) -> Courier:
    return Courier(
        ports=authorization.ports,
        voices={NETATMO: netatmo_voice(settings.base_url)},
        apps=RegisteredApps(server=authorization),
        policy=address_policy(settings),
        holder=holder,
    )


async def relay(ports: Ports, courier: Courier) -> None:
    """Moves every outbox on, at once when this process wrote something, until cancelled."""
    rung: set[OwnerId] = set()
    wake = asyncio.Event()

    def note(owner_id: OwnerId, kind: str) -> None:
        rung.add(owner_id)
        wake.set()
        if kind == WEBHOOK:
            # A new one's greeting waits already; it came with the webhook's own write.
            courier.wake()

    stop = ports.changes.listen(note)
    try:
        while True:
            # Not `wait_for`: Python 3.11's loses a cancellation that comes together with the event.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(RELAY_EVERY_S):
                    await wake.wait()
            is_woken = wake.is_set()
            if is_woken:
                await asyncio.sleep(GATHER_S)
            wake.clear()
            owners = set(rung)
            rung.clear()
            await _relay(ports, courier, owners if is_woken else None)
    finally:
        stop()


async def _relay(ports: Ports, courier: Courier, owners: set[OwnerId] | None) -> None:
    """None: everybody's. What one owner's store cannot take now is postponed for that owner alone."""
    try:
        listed = await list_owner_ids(ports.directory) if owners is None else sorted(owners)
    except AppError as error:
        log.warning("relay_postponed", code=error.code, reason=error.message)
        return
    for owner_id in listed:
        try:
            await relay_outbox(ports, owner_id, deliver=partial(courier.take, owner_id))
        except AppError as error:
            log.warning("relay_postponed", owner=owner_id, code=error.code, reason=error.message)
