"""`Idempotency-Key`: what creates something is done once, however often it is asked for under one key.

Honoured for a day on rows that may not be repeated. The same request under the same key gets the first
answer again; another request under it is refused. The key belongs to the client and the person that sent
it. Only successes are remembered: what was refused may be tried again under the same key.

A note that the request is being answered is on disk before its handler runs. Whoever finds one that is
older than any request lasts knows that the server died meanwhile, and answers in its stead; a handler
whose effect must not happen twice then hands the key on to where the effect is (`give_order` does).

Source: draft-ietf-httpapi-idempotency-key-header-07.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from typing import Final

from ownclimate.core.accounts import list_owner_ids
from ownclimate.core.errors import Conflict, InvalidInput
from ownclimate.core.partitions import month_partition, months
from ownclimate.core.ports import ABSENT, Body, Delete, Document, Ports, Put
from ownclimate.core.writes import write_surely
from ownclimate.web.call import Call, Reply

HEADER: Final = "idempotency-key"
KIND: Final = "idempotency"
TABLE: Final = "answer"

LIFE_MS: Final = 24 * 3_600_000
LONGEST_KEY: Final = 255
MAX_KEPT_BYTES: Final = 16 * 1024
"""A longer answer is not kept: that it was given is."""
LONGEST_ANSWER_MS: Final = 60_000
"""No request takes longer; a note of one that began before is a dead server's."""
LOOK_AGAIN_S: Final = 0.05
PATIENCE_S: Final = 5.0
"""How long a request waits for its twin before it is told to come back."""
AT_ONCE: Final = 500

Answering = Callable[[], Awaitable[Reply]]


async def once(call: Call, body: bytes, answer: Answering) -> Reply:
    """The reply of `answer`, or of the first request that had the same key.

    Raises InvalidInput for a key that is none, Conflict when it was given with another request, when its
    first request is still being answered, or when that answer was too long to be kept.
    """
    key = call.header(HEADER)
    if len(key) > LONGEST_KEY or not key.isprintable():
        raise InvalidInput("Idempotency-Key", f"expected 1 to {LONGEST_KEY} printable characters")
    place = _Place(call, key, _digest(call.endpoint.operation_id, call.path, call.query, body))
    waited_s = 0.0
    while True:
        found = await place.find()
        if found is not None and found.body["request"] != place.request:
            raise Conflict(KIND, message="this Idempotency-Key was given with another request")
        if found is not None and "status" in found.body:
            return _reply(found.body)
        if found is None or place.is_free(found):
            if await place.take():
                return await _answer(place, answer)
        elif waited_s >= PATIENCE_S:
            raise Conflict(
                KIND, message="the first request with this Idempotency-Key is still being answered"
            )
        await asyncio.sleep(LOOK_AGAIN_S)
        waited_s += LOOK_AGAIN_S


async def forget_answers(ports: Ports) -> int:
    """Removes every owner's answers that are older than they are remembered; returns how many."""
    forgotten = 0
    now_ms = ports.clock.now_ms()
    for owner_id in await list_owner_ids(ports.directory):
        for month_ms in months(now_ms, now_ms - 2 * LIFE_MS):
            forgotten += await _forget(ports, month_partition(owner_id, KIND, month_ms), now_ms - LIFE_MS)
    return forgotten


class _Place:
    """Where the answer to one key's request stands, or will."""

    def __init__(self, call: Call, key: str, request: str) -> None:
        self._ports = call.ports
        self._owner_id = call.access.owner_id
        self._key = _digest(call.access.client_id, call.access.account_id or "", key)
        self._partition = self._partition_at(call.ports.clock.now_ms())
        self.request = request

    async def find(self) -> Document | None:
        """The note or answer of the last day."""
        now_ms = self._ports.clock.now_ms()
        for month_ms in months(now_ms, now_ms - LIFE_MS):
            found = await self._ports.directory.find(self._partition_at(month_ms), TABLE, self._key)
            if found is not None and now_ms - found.body["at_ms"] < LIFE_MS:
                return found
        return None

    def is_free(self, found: Document) -> bool:
        """Whether what stands here binds nobody: it is too old, or a note that a dead server left."""
        age_ms = self._ports.clock.now_ms() - found.body["at_ms"]
        return bool(age_ms >= (LIFE_MS if "status" in found.body else LONGEST_ANSWER_MS))

    async def take(self) -> bool:
        """Notes that the request is being answered; False when somebody else was quicker."""
        standing = await self._ports.directory.find(self._partition, TABLE, self._key)
        if standing is not None and not self.is_free(standing):
            return False
        body = {"at_ms": self._ports.clock.now_ms(), "request": self.request}
        try:
            await self._put(body, ABSENT if standing is None else standing.version)
        except Conflict:
            return False
        return True

    async def keep(self, reply: Reply) -> None:
        body: Body = {
            "at_ms": self._ports.clock.now_ms(),
            "request": self.request,
            "status": reply.status,
            "content_type": reply.content_type,
            "headers": [list(header) for header in reply.headers],
        }
        if len(reply.body) <= MAX_KEPT_BYTES:
            body["answer"] = reply.body
        await self._put(body, None)

    async def leave(self) -> None:
        await write_surely(self._ports, self._partition, [Delete(table=TABLE, key=self._key)], of=KIND)

    def _partition_at(self, at_ms: int) -> str:
        return month_partition(self._owner_id, KIND, at_ms)

    async def _put(self, body: Body, expect: str | None) -> None:
        put = Put(table=TABLE, key=self._key, body=body, expect=expect)
        await write_surely(self._ports, self._partition, [put], of=KIND)


async def _answer(place: _Place, answer: Answering) -> Reply:
    try:
        reply = await answer()
    except Exception:
        await place.leave()
        raise
    await place.keep(reply)
    return reply


def _reply(body: Body) -> Reply:
    if "answer" not in body:
        raise Conflict(KIND, message="this request was answered already, at a length that is not kept")
    headers = tuple((str(name), str(value)) for name, value in body["headers"])
    return Reply(
        status=body["status"], body=body["answer"], content_type=body["content_type"], headers=headers
    )


async def _forget(ports: Ports, partition: str, before_ms: int) -> int:
    forgotten, start = 0, ""
    while True:
        documents = await ports.directory.scan(partition, TABLE, start=start, limit=AT_ONCE)
        old = [document for document in documents if document.body["at_ms"] <= before_ms]
        if old:
            deletes = [Delete(table=TABLE, key=d.key, expect=d.version) for d in old]
            try:
                await write_surely(ports, partition, deletes, of=KIND)
                forgotten += len(old)
            except Conflict:
                pass  # One was taken anew meanwhile; the rest go the next time.
        if len(documents) < AT_ONCE:
            return forgotten
        start = documents[-1].key + "\0"


def _digest(*parts: str | bytes) -> str:
    """Each part with its length, so that no two rows of parts look alike."""
    digest = hashlib.blake2b(digest_size=20)
    for part in parts:
        data = part if isinstance(part, bytes) else part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()
