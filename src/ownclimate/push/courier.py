"""The courier: changes become messages, messages are delivered, in order for each webhook, until they arrive.

`take` is handed every entry of an outbox before it leaves it, and writes the messages down; so a crash
loses none, and may repeat one. `run` delivers, under a lease, so that one process does whatever their
number. A webhook that fails is tried again after a while that grows; after too many failures in a row it is
banned and what waits for it is given up. What is told to nobody any more (the grant was revoked, the app
removed) is dropped with the first change after that, which is the revocation itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import structlog

from ownclimate.core.access import Access
from ownclimate.core.accounts import list_owner_ids
from ownclimate.core.errors import AppError
from ownclimate.core.ids import OwnerId
from ownclimate.core.leases import release_lease, take_lease
from ownclimate.core.ports import Ports
from ownclimate.core.writes import Actor, AuditEntry
from ownclimate.push import hooks
from ownclimate.push.addresses import AddressPolicy
from ownclimate.push.hooks import Hook
from ownclimate.push.sending import Sender
from ownclimate.push.voices import Apps, Voice

LEASE: Final = "push"
LEASE_MS: Final = 30_000
SWEEP_S: Final = 2.0
"""How long a message of another process waits at most until it is noticed."""
BACK_OFF_S: Final = (1, 5, 30, 120, 600)
"""Before the second attempt, the third, …; the failure after the last of them bans."""
MAX_FAILURES: Final = len(BACK_OFF_S)
BAN_MS: Final = 24 * 3_600_000
AT_ONCE: Final = 16
"""Deliveries under way at one moment, each to another webhook."""

COURIER: Final = Actor(via="courier")

log = structlog.get_logger("ownclimate")


@dataclass(slots=True, kw_only=True)
class Courier:
    """`counts` tells of messages since the start: `queued delivered failed given_up`, and `banned` hooks."""

    ports: Ports
    voices: Mapping[str, Voice]
    """By dialect."""
    apps: Apps
    policy: AddressPolicy
    holder: str
    """This process, among those that could deliver."""
    counts: Counter[str] = field(default_factory=Counter)
    _wake: asyncio.Event = field(init=False, default_factory=asyncio.Event)
    _busy: dict[str, asyncio.Task[None]] = field(init=False, default_factory=dict)
    _slots: asyncio.Semaphore = field(init=False, default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def take(self, owner_id: OwnerId, entry: AuditEntry) -> None:
        """Writes down what the owner's webhooks are to be told of the change. Repeating it is harmless."""
        for hook in await hooks.list_hooks(self.ports.directory, owner_id):
            voice = self.voices.get(hook.dialect)
            access = None if voice is None else await self.apps.access_of(hook)
            if voice is None or access is None:
                await hooks.drop_hook(self.ports, COURIER, hook)
                continue
            is_older = entry.at_ms < hook.created_ms
            if is_older or hook.is_banned(self.ports.clock.now_ms()):
                continue
            messages = await self._worded(voice, entry, access)
            if messages:
                order = f"{entry.at_ms:013d}:{entry.id}"
                given_up = await hooks.put_waiting(self.ports, hook, order, messages)
                self.counts["queued"] += len(messages) - given_up
                self.counts["given_up"] += given_up
                self._wake.set()

    async def _worded(self, voice: Voice, entry: AuditEntry, access: Access) -> Sequence[Any]:
        try:
            return await voice.word(self.ports, entry, access)
        except AppError:
            raise
        except Exception:
            # An entry that cannot be worded would otherwise hold up its owner's audit for ever.
            log.exception("push_not_worded", kind=entry.kind, verb=entry.verb)
            return []

    def wake(self) -> None:
        """Something waits: look now."""
        self._wake.set()

    async def run(self) -> None:
        """Delivers until cancelled."""
        async with Sender(self.policy) as sender:
            try:
                while True:
                    self._wake.clear()
                    try:
                        await self._round(sender)
                    except AppError as error:
                        log.warning("push_postponed", code=error.code, reason=error.message)
                    # Not `wait_for`: Python 3.11's loses a cancellation that comes together with the event.
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(SWEEP_S):
                            await self._wake.wait()
            finally:
                tasks = list(self._busy.values())
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                lease = await take_lease(self.ports, LEASE, self.holder, 1)
                if lease is not None:
                    await release_lease(self.ports, lease)

    async def _round(self, sender: Sender) -> None:
        """Begins to deliver to every webhook that something waits for and that is not being delivered to."""
        if await take_lease(self.ports, LEASE, self.holder, LEASE_MS) is None:
            return
        for owner_id in await list_owner_ids(self.ports.directory):
            if not await hooks.has_waiting(self.ports.directory, owner_id):
                continue
            now_ms = self.ports.clock.now_ms()
            for hook in await hooks.list_hooks(self.ports.directory, owner_id):
                if hook.is_banned(now_ms):
                    await hooks.discard_waiting(self.ports, hook)
                elif hook.id not in self._busy and hook.next_ms <= now_ms:
                    self._begin(sender, hook)

    def _begin(self, sender: Sender, hook: Hook) -> None:
        task = asyncio.create_task(self._deliver(sender, hook))
        self._busy[hook.id] = task
        task.add_done_callback(lambda done: self._ended(hook, done))

    def _ended(self, hook: Hook, task: asyncio.Task[None]) -> None:
        del self._busy[hook.id]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("push_failed", hook=hook.id, exc_info=error)

    async def _deliver(self, sender: Sender, hook: Hook) -> None:
        """Everything that waits for the webhook, oldest first, up to the first failure."""
        async with self._slots:
            while message := await hooks.next_waiting(self.ports.directory, hook):
                if await take_lease(self.ports, LEASE, self.holder, LEASE_MS) is None:
                    return
                secret = await self.apps.secret_of(hook)
                headers = self.voices[hook.dialect].sign(message.body, secret) if secret else {}
                problem = await sender.post(hook.url, message.body, headers)
                now_ms = self.ports.clock.now_ms()
                if problem:
                    await self._note_failure(hook, problem, now_ms)
                    return
                await hooks.remove_waiting(self.ports, hook, message)
                self.counts["delivered"] += 1
                await hooks.edit_hook(self.ports, hook, lambda h: _delivered(h, now_ms))  # noqa: B023

    async def _note_failure(self, hook: Hook, problem: str, now_ms: int) -> None:
        self.counts["failed"] += 1
        after = await hooks.edit_hook(self.ports, hook, lambda h: _failed(h, problem, now_ms))
        if after is None:
            return
        if after.is_banned(now_ms):
            self.counts["banned"] += 1
            log.warning("webhook_banned", hook=hook.id, client=hook.client_id, problem=problem)
            await hooks.discard_waiting(self.ports, after)
            return
        delay_s = (after.next_ms - now_ms) / 1000
        asyncio.get_running_loop().call_later(delay_s, self.wake)


def _delivered(hook: Hook, now_ms: int) -> Hook:
    return dataclasses.replace(
        hook, failures=0, next_ms=0, banned_ms=0, delivered=hook.delivered + 1, delivered_ms=now_ms
    )


def _failed(hook: Hook, problem: str, now_ms: int) -> Hook:
    failures = hook.failures + 1
    if failures > MAX_FAILURES:
        return dataclasses.replace(hook, failures=0, next_ms=0, banned_ms=now_ms + BAN_MS, problem=problem)
    next_ms = now_ms + BACK_OFF_S[failures - 1] * 1000
    return dataclasses.replace(hook, failures=failures, next_ms=next_ms, problem=problem)
