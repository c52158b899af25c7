"""A block gives back what went in, bit for bit, and says so when it cannot."""

from __future__ import annotations

import math
import os
import struct

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ownclimate.core.errors import StoreCorrupt
from ownclimate.store.merging import Rows, merge
from ownclimate.store.series_format import Block, encode

FULL = bool(os.environ.get("TEST_FULL"))
BEGIN_MS = 1_700_000_000_000

finite = st.floats(allow_nan=False, allow_infinity=False)
decimal = st.integers(-10_000, 10_000).flatmap(lambda n: st.sampled_from([n / 10, n / 100, float(n)]))
value = st.one_of(decimal, finite, st.sampled_from((math.nan, -0.0, 0.0, 1e300, 5e-324, 2.0**53)))


@st.composite
def any_rows(draw: st.DrawFn) -> Rows:
    count = draw(st.integers(1, 40))
    column = st.lists(value, min_size=count, max_size=count)
    numbers = st.lists(st.integers(0, 3), min_size=count, max_size=count)
    gaps = draw(st.lists(st.sampled_from((0, 1, 1000, 600_000, 1 << 40)), min_size=count, max_size=count))
    return merge(
        [
            Rows(
                times_ms=BEGIN_MS + np.cumsum(np.array(gaps, np.int64)),
                origins=np.array(draw(numbers), np.int64) + draw(st.sampled_from((0, (1 << 32) - 4))),
                arrived_ms=BEGIN_MS + np.array(draw(numbers), np.int64) * 1000,
                generations=np.array(draw(numbers), np.int64),
                columns={number: np.array(draw(column)) for number in draw(st.sets(st.integers(1, 42)))},
            )
        ]
    )


def bits(column: npt.NDArray[np.float64]) -> list[str]:
    return [struct.pack("<d", number).hex() if number == number else "absent" for number in column.tolist()]


def same_rows(times_ms: npt.NDArray[np.int64], column: npt.NDArray[np.float64]) -> Rows:
    length = len(times_ms)
    return Rows(
        times_ms=times_ms,
        origins=np.full(length, 7),
        arrived_ms=np.full(length, BEGIN_MS),
        generations=np.zeros(length, np.int64),
        columns={1: column},
    )


@given(rows=any_rows(), is_interim=st.booleans())
@settings(max_examples=3_000 if FULL else 150, deadline=None)
def test_what_goes_in_comes_out(rows: Rows, is_interim: bool) -> None:
    if not len(rows):
        return

    block = Block(encode(3, rows, is_interim=is_interim))
    decoded = block.rows_of()

    assert (block.device, block.rows) == (3, len(rows))
    assert (block.first_ms, block.last_ms) == (rows.times_ms[0], rows.times_ms[-1])
    assert decoded.times_ms.tolist() == rows.times_ms.tolist()
    assert decoded.origins.tolist() == rows.origins.tolist()
    assert decoded.arrived_ms.tolist() == rows.arrived_ms.tolist()
    assert decoded.generations.tolist() == rows.generations.tolist()
    assert {q: bits(c) for q, c in decoded.columns.items()} == {q: bits(c) for q, c in rows.columns.items()}


@pytest.mark.parametrize(
    ("values", "scale", "is_float"),
    [
        pytest.param([1.0, 2.0, -7.0], 0, False, id="whole"),
        pytest.param([21.4, 21.5, -0.1], 1, False, id="tenths"),
        pytest.param([21.4, 1.25, 3.0], 2, False, id="hundredths decide"),
        pytest.param([0.000001, 0.5], 6, False, id="millionths"),
        pytest.param([0.0000001, 0.5], 0, True, id="finer than the finest scale"),
        pytest.param([0.0, -0.0], 0, True, id="negative zero is no integer"),
        pytest.param([2.0**53, 1.0], 0, True, id="beyond the exact integers"),
        pytest.param([0.1 + 0.2, 0.3], 0, True, id="not a decimal"),
    ],
)
def test_the_smallest_exact_scale_is_chosen(values: list[float], scale: int, is_float: bool) -> None:
    rows = same_rows(BEGIN_MS + np.arange(len(values)), np.array(values))

    content = encode(1, rows)

    quantity, coding, found, _ = struct.unpack_from("<HBBI", content, 28 + 4 * 8)
    assert (quantity, coding == 3, found) == (1, is_float, scale)
    assert bits(Block(content).column(1)) == bits(np.array(values))


def test_a_scale_that_only_the_sample_fits_is_not_used() -> None:
    column = np.round(np.arange(2_000) * 0.1, 1)
    column[1_500] = 0.125

    block = Block(encode(1, same_rows(BEGIN_MS + np.arange(2_000), column)))

    assert bits(block.column(1)) == bits(column)


def test_regular_readings_of_a_season_take_less_than_half_a_byte() -> None:
    rows = 16_000
    wave = np.sin(np.arange(rows) / 144 * 2 * np.pi)
    regular = same_rows(BEGIN_MS + np.arange(rows) * 600_000, np.round(20 + 2 * wave, 1))

    assert len(encode(1, regular)) / rows < 0.5


def test_arrivals_shortly_after_their_instants_cost_little() -> None:
    rows = 4_000
    times_ms = BEGIN_MS + np.cumsum(np.random.default_rng(1).integers(1, 600_000, rows))
    live = same_rows(times_ms, np.full(rows, 20.0))
    live = Rows(
        times_ms=live.times_ms,
        origins=live.origins,
        arrived_ms=times_ms + 350,
        generations=live.generations,
        columns=live.columns,
    )

    bulk, later = len(encode(1, same_rows(times_ms, np.full(rows, 20.0)))), len(encode(1, live))

    assert later == bulk


def test_a_quantity_the_block_lacks_is_all_absent() -> None:
    block = Block(encode(1, same_rows(BEGIN_MS + np.arange(3), np.ones(3))))

    assert bits(block.column(9)) == ["absent"] * 3


@pytest.mark.parametrize("is_interim", [False, True])
@pytest.mark.parametrize("cut", [0, 10, 31, 40, 70, -1])
def test_a_cut_block_is_refused(cut: int, is_interim: bool) -> None:
    rows = same_rows(BEGIN_MS + np.arange(300), np.arange(300) * 0.1)
    content = encode(1, rows, is_interim=is_interim)

    with pytest.raises(StoreCorrupt):
        Block(content[:cut]).rows_of()


def test_a_block_of_a_newer_format_names_both_formats() -> None:
    content = encode(1, same_rows(BEGIN_MS + np.arange(3), np.ones(3)))

    with pytest.raises(StoreCorrupt, match="format 9, this program reads 1"):
        Block(b"\x09" + content[1:])


@pytest.mark.parametrize("is_interim", [False, True])
def test_a_garbled_block_is_decoded_or_refused_but_never_crashes(is_interim: bool) -> None:
    rows = same_rows(BEGIN_MS + np.arange(300) * 7, np.arange(300) * 0.1)
    content = encode(1, rows, is_interim=is_interim)
    random = np.random.default_rng(1)
    for _ in range(2_000 if FULL else 300):
        garbled = bytearray(content)
        garbled[random.integers(0, len(content))] ^= 1 << int(random.integers(0, 8))
        try:
            Block(bytes(garbled)).rows_of()
        except StoreCorrupt:
            continue


def test_blocks_of_the_first_format_still_read() -> None:
    """The bytes are those that the first release wrote: a change that breaks them breaks every store."""
    content = bytes.fromhex(FIRST_FORMAT)

    rows = Block(content).rows_of()

    assert rows.times_ms.tolist() == [1_700_000_000_000, 1_700_000_600_000, 1_700_001_200_500]
    assert rows.origins.tolist() == [7, 7, 6]
    assert rows.arrived_ms.tolist() == [1_700_000_000_350, 1_700_000_600_350, 1_700_001_200_850]
    assert rows.generations.tolist() == [2, 2, 2]
    assert bits(rows.columns[1]) == bits(np.array([21.4, -3.5, 21.25]))
    assert bits(rows.columns[3]) == bits(np.array([math.nan, -0.0, 55.0]))


FIRST_FORMAT = (
    "0101020004000000030000000068e5cf8b01000074b9f7cf8b0100000000020023000000000001001800000000000500"
    "080000000000000008000000010001021c000000030013002b00000070636f210300c104010402000000100000402b7f"
    "5e0c0000ac00000000f824d145490070636f210300c1040103020000001000300000000c0003005e0100000000000002"
    "0000000000000070636f210300c104010302000000100010f5ffff6300ba0900ab0900020000006070636f2103008104"
    "0106010000002100f0ffffffffffffff07000000000000b8040c00020000"
)
