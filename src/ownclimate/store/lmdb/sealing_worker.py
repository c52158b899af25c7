"""The thread that keeps a series store in shape: seals heads that are full or old, merges, prunes.

Recording tells it which devices to look at. Now and then it looks at all of them, because another
process may have recorded, and this one may have died before it got round to sealing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

import lmdb
import structlog

from ownclimate.core.errors import StoreClosed, StoreCorrupt, StoreError
from ownclimate.core.ids import Clock
from ownclimate.store.lmdb.environment import Environment
from ownclimate.store.lmdb.sealing import Replacement, Sealer
from ownclimate.store.lmdb.series_records import (
    DEVICES,
    PAYLOADS,
    DeviceState,
    SeriesDatabases,
    unpack_arrival,
    unpack_state,
)
from ownclimate.store.values import unseal

DAY_MS: Final = 24 * 3_600_000
_SCAN_S: Final = 300.0
_PRUNE_S: Final = 24 * 3_600.0
_PRUNE_KEYS: Final = 2_000
"""Payload digests looked at in one read transaction, and deleted in one write: a few milliseconds."""
_GROUP_ROWS: Final = 4_000
_BLOCK_ROWS: Final = 30
"""What a commit may remove in head rows, and how many of those a block counts for: some 8 ms."""
_STATES: Final = 2_000
"""Device states looked at in one read transaction."""
_RETRY_S: Final = 5.0
_GATHER_S: Final = 0.05

Plan = Callable[[int], Replacement | None]

_log = structlog.get_logger(__name__)


class SealingWorker:
    """`start` and `stop` belong to the store's owner; `run_due` is one round, for tests and commands."""

    def __init__(
        self,
        environment: Environment,
        databases: SeriesDatabases,
        sealer: Sealer,
        clock: Clock,
        *,
        head_rows: int,
        payload_days: int,
    ) -> None:
        self._environment = environment
        self._databases = databases
        self._sealer = sealer
        self._clock = clock
        self._head_rows = head_rows
        self._payload_ms = payload_days * DAY_MS
        self._lock = threading.Lock()
        self._due: set[int] = set()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="seal-series", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Returns once the step at hand is done; what is left is due again at the next start."""
        self._stopping.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()

    def note(self, device: int) -> None:
        """The device may have something to seal or merge."""
        with self._lock:
            self._due.add(device)
        self._wake.set()

    def run_due(self) -> None:
        """Looks at every device once and does all that is due."""
        self._tend(self.list_devices())

    def list_devices(self) -> list[int]:
        return self._list_devices(only_due=False)

    def prune_payloads(self) -> int:
        """Forgets payload digests older than the keeping time; returns how many."""
        before_ms = self._clock.now_ms() - self._payload_ms
        pruned = 0
        position: bytes | None = b""
        while position is not None and not self._stopping.is_set():
            expired, position = self._list_expired(position, before_ms)
            if expired:
                self._environment.committer.submit_and_wait(
                    partial(self._delete_payloads, expired),
                    size_bytes=64 * len(expired),
                    may_use_reserve=True,
                    undo_on_error=True,
                )
                pruned += len(expired)
        return pruned

    def _delete_payloads(self, keys: Sequence[bytes], transaction: lmdb.Transaction[bytes]) -> None:
        for key in keys:
            transaction.delete(key, db=self._databases.payloads)

    def _run(self) -> None:
        scanned_s = pruned_s = -_PRUNE_S
        while not self._stopping.is_set():
            try:
                if time.monotonic() - scanned_s >= _SCAN_S:
                    scanned_s = time.monotonic()
                    for device in self._list_devices(only_due=True):
                        self.note(device)
                if time.monotonic() - pruned_s >= _PRUNE_S:
                    pruned_s = time.monotonic()
                    self.prune_payloads()
                self._work_off()
            except StoreClosed:
                return
            except StoreError as error:
                # Reads and writes go on without it, a full disk above all; the next scan finds the rest.
                _log.error("sealing_failed", code=error.code, error=error.message)
                self._stopping.wait(_RETRY_S)
            except Exception:
                # A defect must be seen and must not end the thread: heads would grow without bound.
                _log.exception("sealing_failed")
                self._stopping.wait(_RETRY_S)
            self._wake.wait(_SCAN_S)
            self._wake.clear()
            # Under steady load this lets eight blocks gather before they are looked at.
            self._stopping.wait(_GATHER_S)

    def _work_off(self) -> None:
        while not self._stopping.is_set():
            with self._lock:
                devices = sorted(self._due)
                self._due.clear()
            if not devices:
                return
            self._tend(devices)

    def _tend(self, devices: Sequence[int]) -> None:
        """Seals the heads that are due, then merges until nothing is due."""
        sealing = devices
        while sealing:
            sealing = self._replace_all(self._plan_seal, sealing)
        while devices:
            devices = self._replace_all(self._sealer.plan_merge, devices)

    def _plan_seal(self, device: int) -> Replacement | None:
        return self._sealer.plan_seal(device, self._is_head_due)

    def _replace_all(self, plan: Plan, devices: Sequence[int]) -> list[int]:
        """Plans for every device and replaces, many to a commit; the devices of which something was done.

        Together, because a commit waits for the disk as long as encoding a few small blocks takes.
        """
        done: list[int] = []
        group: list[Replacement] = []
        weight = 0
        for device in devices:
            if self._stopping.is_set():
                return []
            replacement = self._plan(plan, device)
            if replacement is None:
                continue
            group.append(replacement)
            weight += len(replacement.heads) + _BLOCK_ROWS * len(replacement.entries)
            if weight >= _GROUP_ROWS:
                done += self._replace(group)
                group, weight = [], 0
        return done + self._replace(group)

    def _plan(self, plan: Plan, device: int) -> Replacement | None:
        try:
            return plan(device)
        except StoreCorrupt as error:
            # A damaged device must not keep the others from being sealed.
            _log.error("sealing_failed", device=device, code=error.code, error=error.message)
            return None

    def _replace(self, group: Sequence[Replacement]) -> list[int]:
        try:
            outcomes = self._sealer.replace(group)
        except StoreCorrupt as error:
            if len(group) == 1:
                _log.error("sealing_failed", device=group[0].device, code=error.code, error=error.message)
                return []
            return [device for member in group for device in self._replace([member])]
        return [member.device for member, is_done in zip(group, outcomes, strict=True) if is_done]

    def _is_head_due(self, state: DeviceState) -> bool:
        is_old = state.head_rows > 0 and self._clock.now_ms() - state.head_since_ms >= DAY_MS
        return state.head_rows >= self._head_rows or is_old

    def _list_devices(self, *, only_due: bool) -> list[int]:
        """Devices that may have something to do; all of them unless `only_due`."""
        devices: list[int] = []
        position = b""
        while True:
            with (
                self._environment.read() as transaction,
                transaction.cursor(db=self._databases.devices) as cursor,
            ):
                seen = 0
                if cursor.set_range(position):
                    for key, stored in cursor.iternext():
                        if not only_due or self._may_be_due(key, stored):
                            devices.append(int.from_bytes(key, "big"))
                        seen += 1
                        position = key + b"\0"
                        if seen == _STATES:
                            break
            if seen < _STATES:
                return devices

    def _may_be_due(self, key: bytes, stored: bytes) -> bool:
        try:
            state = unpack_state(unseal(key, stored, DEVICES))
        except StoreCorrupt as error:
            _log.error("sealing_failed", code=error.code, error=error.message)
            return False
        return self._is_head_due(state) or state.blocks > 1

    def _list_expired(self, position: bytes, before_ms: int) -> tuple[list[bytes], bytes | None]:
        """Expired digests among the next ones, and where to go on; None at the end."""
        expired: list[bytes] = []
        with (
            self._environment.read() as transaction,
            transaction.cursor(db=self._databases.payloads) as cursor,
        ):
            if not cursor.set_range(position):
                return expired, None
            for seen, (key, stored) in enumerate(cursor.iternext()):
                if seen == _PRUNE_KEYS:
                    return expired, key
                try:
                    arrived_ms = unpack_arrival(key, stored)
                except StoreError as error:
                    _log.error("payload_digest_damaged", database=PAYLOADS, error=error.message)
                    continue
                if arrived_ms < before_ms:
                    expired.append(key)
        return expired, None
