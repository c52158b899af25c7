"""Pictures that cameras took, all JPEG: stored in parts, found by id alone, shown to whoever has the key.

A picture has a partition of its own, named by its id, with its head and its parts in one write: a
document ends at a megabyte, a picture need not. In (owner, "picture", month) stands which device took
it, written first, so that nothing is stored which a deletion would not find.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ownclimate.core.documents import from_body, to_body
from ownclimate.core.errors import Conflict, InvalidInput
from ownclimate.core.ids import DeviceId, OwnerId, is_id, new_id
from ownclimate.core.months import note_month, partitions_of
from ownclimate.core.partitions import month_partition, picture_partition
from ownclimate.core.ports import ABSENT, Delete, Directory, Document, Ports, Put
from ownclimate.core.writes import write_surely

KIND: Final = "picture"
TAKEN: Final = "picture_taken"
"""`<device>/<picture>`, in the month in which it came."""
HEAD: Final = "picture"
PARTS: Final = "picture_part"
PART_BYTES: Final = 500_000
"""Half of what a document may hold."""
MAX_BYTES: Final = 64 * PART_BYTES
_KEY_BYTES: Final = 32
_AT_ONCE: Final = 200

_JPEG_START: Final = b"\xff\xd8\xff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """`key` opens it for whoever has no token: it stands in the addresses that are handed out.

    `device_id` is empty for a picture that no device of ours took: a face that a cloud knows.
    """

    id: str
    owner_id: OwnerId
    device_id: DeviceId
    key: str = field(repr=False)
    size_bytes: int
    taken_ms: int
    unknown: dict[str, Any] = field(default_factory=dict)


async def store_picture(
    ports: Ports,
    owner_id: OwnerId,
    device_id: DeviceId,
    content: bytes,
    *,
    max_bytes: int = MAX_BYTES,
    picture_id: str = "",
) -> Picture:
    """The picture, on disk. Raises InvalidInput for one that is no JPEG, or too large.

    `picture_id` is for a picture that is found by what it is a copy of: with the id of one that the owner
    has, nothing is stored and that one is returned. Raises Conflict when somebody else has it.
    """
    if not content.startswith(_JPEG_START):
        raise InvalidInput("picture", "expected a JPEG picture")
    limit = min(max_bytes, MAX_BYTES)
    if len(content) > limit:
        raise InvalidInput("picture", f"expected at most {limit} bytes, found {len(content)}")
    if picture_id and (present := await find_picture(ports.directory, picture_id)) is not None:
        if present.owner_id != owner_id:
            raise Conflict(KIND, picture_id)
        return present
    picture = Picture(
        id=picture_id or new_id(ports.clock, ports.entropy),
        owner_id=owner_id,
        device_id=device_id,
        key=ports.entropy(_KEY_BYTES).hex(),
        size_bytes=len(content),
        taken_ms=ports.clock.now_ms(),
    )
    await note_month(ports, owner_id, KIND, picture.taken_ms)
    month = month_partition(owner_id, KIND, picture.taken_ms)
    # Of a picture with an id of its own the row may stand there from an attempt that was cut short.
    taken = Put(table=TAKEN, key=f"{device_id}/{picture.id}", body={}, expect=None if picture_id else ABSENT)
    await write_surely(ports, month, [taken], of=KIND)
    parts = [content[start : start + PART_BYTES] for start in range(0, len(content), PART_BYTES)]
    puts = [
        Put(table=HEAD, key=picture.id, body=to_body(picture), expect=ABSENT),
        *(
            Put(table=PARTS, key=f"{place:04d}", body={"bytes": part}, expect=ABSENT)
            for place, part in enumerate(parts)
        ),
    ]
    try:
        await write_surely(ports, picture_partition(picture.id), puts, of=KIND)
    except Conflict:
        present = await find_picture(ports.directory, picture.id)
        if present is None or present.owner_id != owner_id:
            raise
        return present
    return picture


async def find_picture(directory: Directory, picture_id: str) -> Picture | None:
    """The picture, whoever's it is; the caller compares owner or key."""
    if not is_id(picture_id):
        return None
    document = await directory.find(picture_partition(picture_id), HEAD, picture_id)
    return None if document is None else from_body(Picture, document.body)


def opens(picture: Picture, key: str) -> bool:
    """Whether the key is the picture's; takes as long for every key."""
    return hmac.compare_digest(picture.key.encode(), key.encode())


async def read_picture(directory: Directory, picture: Picture) -> bytes:
    parts = await directory.scan(picture_partition(picture.id), PARTS)
    return b"".join(part.body["bytes"] for part in parts)


async def remove_pictures_of(ports: Ports, owner_id: OwnerId, device_id: DeviceId | None = None) -> int:
    """Removes what a device took, or everything of the owner's; returns how many pictures went."""
    start, end = ("", None) if device_id is None else (f"{device_id}/", f"{device_id}0")
    removed = 0
    for month in await partitions_of(ports.directory, owner_id, KIND):
        while rows := await ports.directory.scan(month, TAKEN, start=start, end=end, limit=_AT_ONCE):
            await _remove(ports, month, rows)
            removed += len(rows)
    return removed


async def _remove(ports: Ports, month: str, rows: Sequence[Document]) -> None:
    """The contents first: a crash in between leaves rows that find nothing, which the next round removes."""
    for row in rows:
        partition = picture_partition(row.key.rpartition("/")[2])
        await _empty(ports, partition, (PARTS, HEAD))
    await write_surely(ports, month, [Delete(table=TAKEN, key=row.key) for row in rows], of=KIND)


async def _empty(ports: Ports, partition: str, tables: Iterable[str]) -> None:
    deletes = [
        Delete(table=table, key=document.key)
        for table in tables
        for document in await ports.directory.scan(partition, table)
    ]
    if deletes:
        await write_surely(ports, partition, deletes, of=KIND)
