"""What time makes useless: answers kept for a grace, rows of expired tokens, listings without a grant."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from ownclimate.core.accounts import list_owner_ids
from ownclimate.core.documents import from_body, to_body
from ownclimate.core.errors import Conflict
from ownclimate.core.ids import OwnerId
from ownclimate.core.partitions import owner_partition
from ownclimate.core.ports import Delete, Document, Put
from ownclimate.core.writes import write_surely
from ownclimate.oauth.grants.grant import LINKS, TOKENS, USED, delete_all, find_grant, rows_of_grant
from ownclimate.oauth.token_rows import EXPIRED_KEPT_MS, Used

if TYPE_CHECKING:
    from ownclimate.oauth.server import AuthorizationServer

GIVING_MS = 10 * 60_000
"""Far longer than giving a grant takes; a listing this old whose grant is missing never got one."""


async def tidy(server: AuthorizationServer) -> int:
    """Removes what is over, of every owner; returns how many rows. May run beside anything, any number
    of times."""
    await server.keys.tidy()
    removed = 0
    for owner_id in await list_owner_ids(server.ports.directory):
        for link in await server.ports.directory.scan(owner_partition(owner_id), LINKS):
            removed += await _tidy_grant(server, owner_id, link)
    return removed


async def _tidy_grant(server: AuthorizationServer, owner_id: OwnerId, link: Document) -> int:
    ports, partition = server.ports, link.body["partition"]
    now_ms = ports.clock.now_ms()
    if await find_grant(ports.directory, partition, link.key) is None:
        if link.body["created_ms"] + GIVING_MS > now_ms:
            return 0
        unlink = Delete(table=LINKS, key=link.key, expect=link.version)
        try:
            await write_surely(ports, owner_partition(owner_id), [unlink], of="grant")
        except Conflict:
            return 0  # It is being given at this moment.
        return 1
    deletes = []
    for table, document in await rows_of_grant(ports.directory, partition, link.key):
        expires_ms = document.body.get("expires_ms", 0)
        kept_ms = EXPIRED_KEPT_MS if table == TOKENS else 0
        if expires_ms and expires_ms + kept_ms < now_ms:
            deletes.append(Delete(table=table, key=document.key))
        elif table == USED:
            await _forget_answer(server, partition, document, now_ms)
    await delete_all(ports, partition, deletes)
    return len(deletes)


async def _forget_answer(
    server: AuthorizationServer, partition: str, document: Document, now_ms: int
) -> None:
    used = from_body(Used, document.body)
    if not used.answer or used.grace_ms > now_ms:
        return
    body = to_body(dataclasses.replace(used, answer=b""))
    put = Put(table=USED, key=document.key, body=body, expect=document.version)
    try:
        await write_surely(server.ports, partition, [put], of="spent token")
    except Conflict:
        pass  # A refresh rewrote it, without the answer.
