"""A block of readings as bytes: docs/series-format.md §3, in code.

`encode` and `Block` are each other's inverse, bit for bit. Quantities are decoded one by one, so that
reading one of ten costs a tenth. pcodec does the compression (docs/adr/002-series-blocks.md).
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
from pcodec import ChunkConfig, standalone

from ownclimate.core.errors import StoreCorrupt
from ownclimate.core.readings import Instants, Values
from ownclimate.store.merging import Rows, is_strictly_ascending, without_empty

VERSION: Final = 1
QUICK_LEVEL: Final = 0
SMALL_LEVEL: Final = 8
"""pcodec's levels. Small blocks are soon merged, and at 0 take half the time; large ones stay."""
QUICK_ROWS: Final = 1_024
"""Blocks below this are small."""
PLAIN_LEVEL: Final = -1
"""Not compressed at all, in a tenth of the time, for what a call just brought: it is merged first of all."""

_HEADER: Final = struct.Struct("<BBHIIqq")
_ENTRY: Final = struct.Struct("<HBBI")
_CONSTANT_VALUE: Final = struct.Struct("<q")
_COUNT: Final = struct.Struct("<I")
_UNIQUE: Final = 1

_CONSTANT: Final = 0
_NARROW: Final = 1
_WIDE: Final = 2
_FLOAT: Final = 3
_LAG: Final = 4
_CONSTANT_LAG: Final = 5
_PLAIN_INTEGERS: Final = 6
_PLAIN_FLOATS: Final = 7
_SPARSE: Final = 16

_TIMES, _ORIGINS, _ARRIVALS, _GENERATIONS = range(4)
_FIXED_SECTIONS: Final = 4
_POWERS: Final = tuple(10.0**scale for scale in range(7))
_EXACT_END: Final = float(1 << 53)
"""Beyond it float64 has no room for every integer."""
_SAMPLE: Final = 64
_NARROW_LIMITS: Final = np.iinfo(np.int32)
_CONFIGS: Final = {level: ChunkConfig(compression_level=level) for level in (QUICK_LEVEL, SMALL_LEVEL)}

Integers = npt.NDArray[np.int64]
_Section = tuple[int, int, int, bytes]
"""Quantity, encoding, scale, content."""


def encode(device: int, rows: Rows, *, is_interim: bool = False) -> bytes:
    """The rows as a block. They must be merged (ascending, winners only) and at least one.

    A small block is not compressed when it is `is_interim`: about to be merged with others.
    """
    level = SMALL_LEVEL
    if len(rows) < QUICK_ROWS:
        level = PLAIN_LEVEL if is_interim else QUICK_LEVEL
    sections: list[_Section] = [
        (0, *_encode_integers(rows.times_ms, level)),
        (0, *_encode_integers(rows.origins, level)),
        (0, *_encode_arrivals(rows.arrived_ms, rows.times_ms, level)),
        (0, *_encode_integers(rows.generations, level)),
    ]
    sections += _encode_columns(rows.columns, level)
    header = _HEADER.pack(
        VERSION,
        _UNIQUE if is_strictly_ascending(rows.times_ms) else 0,
        len(rows.columns),
        device,
        len(rows),
        int(rows.times_ms[0]),
        int(rows.times_ms[-1]),
    )
    directory = [
        _ENTRY.pack(number, coding, scale, len(content)) for number, coding, scale, content in sections
    ]
    return b"".join((header, *directory, *(content for *_, content in sections)))


def encode_blocks(
    device: int, rows: Rows, block_rows: int, *, is_interim: bool = False
) -> list[tuple[Rows, bytes]]:
    """Blocks of about equal size, none above `block_rows`, each with its rows; `rows` has no empty column."""
    if not len(rows):
        return []
    pieces = math.ceil(len(rows) / block_rows)
    if pieces == 1:
        return [(rows, encode(device, rows, is_interim=is_interim))]
    cuts = np.linspace(0, len(rows), pieces + 1).astype(int)[1:-1]
    # Rows of one instant stay together, or two blocks would overlap and want to be merged for ever.
    begins = np.searchsorted(rows.times_ms, rows.times_ms[cuts])
    ends = sorted({0, *begins.tolist(), len(rows)})
    parts = [without_empty(rows.take(slice(low, high))) for low, high in pairwise(ends)]
    return [(part, encode(device, part, is_interim=is_interim)) for part in parts]


class Block:
    """An encoded block, opened; columns are decoded when asked for.

    Raises StoreCorrupt, on opening or decoding, when the bytes are not a block of this format.
    """

    __slots__ = (
        "_content",
        "_sections",
        "_spans",
        "_times_ms",
        "device",
        "first_ms",
        "has_unique_instants",
        "last_ms",
        "rows",
    )

    def __init__(self, content: bytes) -> None:
        try:
            version, flags, columns, device, rows, first_ms, last_ms = _HEADER.unpack_from(content)
            if version != VERSION:
                raise StoreCorrupt(
                    f"a block has format {version}, this program reads {VERSION}: use a newer one"
                )
            self._content = content
            self._spans: dict[int, tuple[int, int, int, int]] = {}
            self._sections: list[tuple[int, int, int, int]] = []
            place = _HEADER.size + _ENTRY.size * (_FIXED_SECTIONS + columns)
            for number, coding, scale, length in _ENTRY.iter_unpack(content[_HEADER.size : place]):
                span = (coding, scale, place, place + length)
                self._sections.append(span)
                self._spans[number] = span
                place += length
        except struct.error as error:
            raise StoreCorrupt(f"a block is malformed: {error}") from error
        if place != len(content) or rows < 1:
            raise StoreCorrupt("a block is malformed: its sections do not fill it")
        del self._spans[0]
        self.device: int = device
        self.rows: int = rows
        self.first_ms: int = first_ms
        self.last_ms: int = last_ms
        self.has_unique_instants = bool(flags & _UNIQUE)
        self._times_ms: Instants | None = None

    @property
    def quantities(self) -> tuple[int, ...]:
        return tuple(self._spans)

    def times_ms(self) -> Instants:
        if self._times_ms is None:
            self._times_ms = self._integers(_TIMES)
            if self._times_ms[0] != self.first_ms or self._times_ms[-1] != self.last_ms:
                raise StoreCorrupt("a block is malformed: its instants are not those of its header")
        return self._times_ms

    def column(self, quantity: int) -> Values:
        """The quantity's values, NaN where absent; all NaN when the block lacks the quantity."""
        span = self._spans.get(quantity)
        if span is None:
            return np.full(self.rows, np.nan)
        coding, scale, start, end = span
        if not coding & _SPARSE:
            return self._values(coding, scale, start, end, self.rows)
        (present,) = _COUNT.unpack_from(self._content, start)
        bitmap_at = start + _COUNT.size
        values_at = bitmap_at + (self.rows + 7) // 8
        bits = np.frombuffer(self._content, np.uint8, values_at - bitmap_at, bitmap_at)
        mask = np.unpackbits(bits, count=self.rows).view(np.bool_)
        if int(mask.sum()) != present:
            raise StoreCorrupt("a block is malformed: a column's bitmap and count disagree")
        column = np.full(self.rows, np.nan)
        column[mask] = self._values(coding & ~_SPARSE, scale, values_at, end, present)
        return column

    def rows_of(self, quantities: Iterable[int] | None = None) -> Rows:
        """Everything, or everything of some quantities, for merging with other rows."""
        asked = self.quantities if quantities is None else [q for q in quantities if q in self._spans]
        return Rows(
            times_ms=self.times_ms(),
            origins=self._integers(_ORIGINS),
            arrived_ms=self._integers(_ARRIVALS),
            generations=self._integers(_GENERATIONS),
            columns={quantity: self.column(quantity) for quantity in asked},
        )

    def _integers(self, section: int) -> Integers:
        coding, _, start, end = self._sections[section]
        if coding in (_LAG, _CONSTANT_LAG):
            lag = self._integers_at(_WIDE if coding == _LAG else _CONSTANT, start, end, self.rows)
            return lag + self.times_ms()
        return self._integers_at(coding, start, end, self.rows)

    def _values(self, coding: int, scale: int, start: int, end: int, count: int) -> Values:
        if coding == _PLAIN_FLOATS:
            return _plain(self._content, "<f8", start, end, count).astype(np.float64)
        if coding == _FLOAT:
            return _decompress(self._content[start:end], np.dtype(np.float64), count)
        scaled = self._integers_at(coding, start, end, count).astype(np.float64)
        if scale >= len(_POWERS):
            raise StoreCorrupt(f"a block is malformed: scale {scale}")
        if scale:
            scaled /= _POWERS[scale]
        return scaled

    def _integers_at(self, coding: int, start: int, end: int, count: int) -> Integers:
        content = self._content[start:end]
        if coding == _CONSTANT and len(content) == _CONSTANT_VALUE.size:
            return np.full(count, _CONSTANT_VALUE.unpack(content)[0], np.int64)
        if coding == _NARROW:
            return _decompress(content, np.dtype(np.int32), count)
        if coding == _WIDE:
            return _decompress(content, np.dtype(np.int64), count)
        if coding == _PLAIN_INTEGERS:
            return _plain(content, "<i8", 0, len(content), count).astype(np.int64)
        raise StoreCorrupt(f"a block is malformed: encoding {coding} of {len(content)} bytes")


def _encode_integers(values: Integers, level: int) -> tuple[int, int, bytes]:
    low, high = int(values.min()), int(values.max())
    if low == high:
        return _CONSTANT, 0, _CONSTANT_VALUE.pack(low)
    if level == PLAIN_LEVEL:
        return _PLAIN_INTEGERS, 0, values.astype("<i8", copy=False).tobytes()
    if _NARROW_LIMITS.min <= low and high <= _NARROW_LIMITS.max:
        return _NARROW, 0, _compress(values.astype(np.int32), level)
    return _WIDE, 0, _compress(values, level)


def _encode_arrivals(arrived_ms: Instants, times_ms: Instants, level: int) -> tuple[int, int, bytes]:
    """A bulk import arrives at one moment; live rows shortly after their instants: the smaller wins."""
    plain = _encode_integers(arrived_ms, level)
    if plain[0] in (_CONSTANT, _PLAIN_INTEGERS):
        return plain
    lag = arrived_ms - times_ms
    if int(lag.min()) == int(lag.max()):
        return _CONSTANT_LAG, 0, _CONSTANT_VALUE.pack(int(lag[0]))
    by_lag = (_LAG, 0, _compress(lag, level))
    return by_lag if len(by_lag[2]) < len(plain[2]) else plain


def _encode_columns(columns: Mapping[int, Values], level: int) -> Iterator[_Section]:
    """All columns together as one matrix: on small blocks each call to numpy costs more than its work."""
    numbers = sorted(columns)
    if level == PLAIN_LEVEL:
        for number in numbers:
            yield number, _PLAIN_FLOATS, 0, columns[number].astype("<f8", copy=False).tobytes()
        return
    if not numbers:
        return
    matrix = np.array([columns[number] for number in numbers])
    absent = np.isnan(matrix)
    is_sparse = absent.any(axis=1).tolist()
    if any(is_sparse):
        # Zero is exact in every scale, so it stands in for what is absent.
        matrix[absent] = 0.0
    for place, (number, exact) in enumerate(zip(numbers, _scaled(matrix), strict=True)):
        values: npt.NDArray[Any] = matrix[place] if exact is None else exact.integers
        prefix = b""
        if is_sparse[place]:
            present = ~absent[place]
            values = values[present]
            prefix = _COUNT.pack(len(values)) + np.packbits(present).tobytes()
        if exact is None:
            coding, scale, content = _FLOAT, 0, _compress(values, level)
        else:
            coding, scale, content = _encode_integers(values, level)
            scale = exact.scale
        yield number, coding | (_SPARSE if prefix else 0), scale, prefix + content


class _Exact(NamedTuple):
    scale: int
    integers: Integers


def _scaled(matrix: npt.NDArray[np.float64]) -> list[_Exact | None]:
    """For each row the smallest scale that is exact, with the scaled integers; None without one."""
    found: list[_Exact | None] = [None] * len(matrix)
    # A sample rules out most scales before whole rows are tried.
    if matrix.shape[1] > 4 * _SAMPLE:
        lowest = [len(_POWERS) if exact is None else exact.scale for exact in _scaled(matrix[:, :_SAMPLE])]
    else:
        lowest = [0] * len(matrix)
    for scale in range(len(_POWERS)):
        tried = [row for row, exact in enumerate(found) if exact is None and lowest[row] <= scale]
        if not tried:
            continue
        values = matrix if len(tried) == len(matrix) else matrix[tried]
        with np.errstate(over="ignore"):
            product = np.rint(values * _POWERS[scale])
        is_small = np.abs(product).max(axis=1) < _EXACT_END
        if not is_small.all():
            product[~is_small] = 0.0
        scaled = product.astype(np.int64)
        restored = scaled / _POWERS[scale]
        # Bits, not numbers: -0.0 equals 0.0 and is not the same.
        is_exact = (restored.view(np.int64) == values.view(np.int64)).all(axis=1) & is_small
        for place in np.flatnonzero(is_exact).tolist():
            found[tried[place]] = _Exact(scale, scaled[place])
    return found


def _plain(content: bytes, kind: str, start: int, end: int, count: int) -> npt.NDArray[Any]:
    if end - start != 8 * count:
        raise StoreCorrupt("a block is malformed: a section is not what the directory says")
    return np.frombuffer(content, kind, count, start)


def _compress(values: npt.NDArray[Any], level: int) -> bytes:
    return bytes(standalone.simple_compress(np.ascontiguousarray(values), _CONFIGS[level]))


def _decompress(content: bytes, kind: np.dtype[Any], count: int) -> npt.NDArray[Any]:
    try:
        values: npt.NDArray[Any] | None = standalone.simple_decompress(content)
    except RuntimeError as error:
        raise StoreCorrupt(f"a block is malformed: {error}") from error
    if values is None or values.dtype != kind or len(values) != count:
        raise StoreCorrupt("a block is malformed: a section is not what the directory says")
    return values
