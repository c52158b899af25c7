"""Head records: the rows of one instant each, docs/series-format.md §2.2, in code."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np

from ownclimate.store.lmdb.series_records import HEAD, INSTANT_KEY
from ownclimate.store.merging import Rows
from ownclimate.store.values import unseal

_HEAD_ROW: Final = struct.Struct("<IQIB")
_HEAD_VALUE: Final = struct.Struct("<Hd")


class HeadRow(NamedTuple):
    origin: int
    arrived_ms: int
    generation: int
    values: tuple[tuple[int, float], ...]


def pack_head(rows: Iterable[HeadRow]) -> bytes:
    parts = []
    pack = _HEAD_VALUE.pack
    for row in rows:
        parts.append(_HEAD_ROW.pack(row.origin, row.arrived_ms, row.generation, len(row.values)))
        parts.extend([pack(quantity, number) for quantity, number in row.values])
    return b"".join(parts)


def head_rows(rows: Rows) -> Iterator[tuple[int, list[HeadRow]]]:
    """Each instant of merged rows with what its head record holds."""
    columns = [(quantity, column.tolist()) for quantity, column in rows.columns.items()]
    found: dict[int, list[HeadRow]] = {}
    for place, (at_ms, origin, arrived_ms, generation) in enumerate(
        zip(
            rows.times_ms.tolist(),
            rows.origins.tolist(),
            rows.arrived_ms.tolist(),
            rows.generations.tolist(),
            strict=True,
        )
    ):
        values = tuple(
            (quantity, column[place]) for quantity, column in columns if column[place] == column[place]
        )
        found.setdefault(at_ms, []).append(HeadRow(origin, arrived_ms, generation, values))
    yield from found.items()


def unpack_heads(records: Sequence[tuple[bytes, bytes]]) -> Rows:
    """Head records as rows; not merged, but ascending by instant when the records are."""
    if not records:
        raise ValueError("there are no records to unpack")
    opened = [(key, unseal(key, stored, HEAD)) for key, stored in records]
    alike = _unpack_alike(opened)
    return _unpack_mixed(opened) if alike is None else alike


def _unpack_alike(records: Sequence[tuple[bytes, bytes]]) -> Rows | None:
    """The common case at the speed of numpy: one row a record, always the same quantities."""
    first = records[0][1]
    count = first[_HEAD_ROW.size - 1]
    width = _HEAD_ROW.size + count * _HEAD_VALUE.size
    if any(len(value) != width for _, value in records):
        return None
    kind = np.dtype(
        [
            ("origin", "<u4"),
            ("arrived", "<u8"),
            ("generation", "<u4"),
            ("count", "u1"),
            ("values", [("quantity", "<u2"), ("value", "<f8")], (count,)),
        ]
    )
    table = np.frombuffer(b"".join([value for _, value in records]), kind)
    quantities = table["values"]["quantity"]
    if (table["count"] != count).any() or (quantities != quantities[0]).any():
        return None
    keys = np.frombuffer(b"".join([key for key, _ in records]), np.dtype([("device", ">u4"), ("at", ">u8")]))
    return Rows(
        times_ms=keys["at"].astype(np.int64),
        origins=table["origin"].astype(np.int64),
        arrived_ms=table["arrived"].astype(np.int64),
        generations=table["generation"].astype(np.int64),
        columns={
            int(quantity): table["values"]["value"][:, place].copy()  # aligned, unlike the packed table
            for place, quantity in enumerate(quantities[0])
        },
    )


def _unpack_mixed(records: Sequence[tuple[bytes, bytes]]) -> Rows:
    times_ms: list[int] = []
    payloads: list[tuple[int, int, int]] = []
    columns: dict[int, dict[int, float]] = {}
    for key, value in records:
        _, at_ms = INSTANT_KEY.unpack(key)
        place = 0
        while place < len(value):
            origin, arrived_ms, generation, count = _HEAD_ROW.unpack_from(value, place)
            place += _HEAD_ROW.size
            end = place + count * _HEAD_VALUE.size
            for quantity, number in _HEAD_VALUE.iter_unpack(value[place:end]):
                columns.setdefault(quantity, {})[len(times_ms)] = number
            place = end
            times_ms.append(at_ms)
            payloads.append((origin, arrived_ms, generation))
    origins, arrivals, generations = np.array(payloads, np.int64).reshape(-1, 3).T
    dense = {}
    for quantity, held in columns.items():
        column = np.full(len(times_ms), np.nan)
        column[list(held)] = list(held.values())
        dense[quantity] = column
    return Rows(
        times_ms=np.array(times_ms, np.int64),
        origins=origins,
        arrived_ms=arrivals,
        generations=generations,
        columns=dense,
    )
