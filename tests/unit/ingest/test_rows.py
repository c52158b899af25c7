"""The swift way through a call and the careful one agree; instants are read exactly."""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ownclimate.ingest import rows as rows_module
from ownclimate.ingest.instants import parse_instants, parse_rfc3339
from ownclimate.ingest.rows import DeviceRows, Parsed, parse_body

NOW_MS = 1_795_255_200_000
EXAMPLES = 5_000 if os.environ.get("TEST_FULL") else 150

instants = st.one_of(
    st.integers(NOW_MS - 10**9, NOW_MS),
    st.integers(0, 40).map(lambda hour: f"2026-11-{1 + hour // 24:02d}T{hour % 24:02d}:00:00Z"),
    st.sampled_from(["2026-11-01T01:02:03.5Z", "2026-11-01t01:02:03+01:00", "soon", "", None, 1.5, True, 0]),
)
cells = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(10**6), 10**6),
    st.sampled_from([None, None, True, 10**30, 10**400, "1", "x", [1]]),
)
quantities = st.sampled_from(["temperature_c", "humidity_pct", "motion", "co2_ppm", "nonsense"])
sound_rows = st.fixed_dictionaries(
    {"device": st.sampled_from("abc"), "at": st.integers(NOW_MS - 50, NOW_MS)},
    optional={
        "temperature_c": st.floats(-50, 50),
        "motion": st.sampled_from([0, 1, True, None]),
        "co2_ppm": st.one_of(st.none(), st.integers(0, 9)),
    },
)
odd_rows = st.one_of(
    sound_rows,
    st.builds(
        lambda device, at, values: {"device": device, "at": at, **values},
        st.sampled_from(["a", "b", "", 3]),
        instants,
        st.dictionaries(quantities, cells, max_size=3),
    ),
)


def plain(parsed: Parsed) -> dict[str, Any]:
    def group(rows: DeviceRows) -> dict[str, Any]:
        return {
            "indices": list(rows.indices),
            "times": rows.times_ms.tolist(),
            "columns": {name: column.tolist() for name, column in sorted(rows.columns.items())},
        }

    return {
        "count": parsed.count,
        "problems": parsed.problems,
        "groups": {rows.device: group(rows) for rows in parsed.groups},
    }


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.one_of(st.lists(sound_rows, max_size=8), st.lists(odd_rows, max_size=8)))
def test_both_ways_through_rows_agree(rows: list[Any]) -> None:
    body = json.dumps({"readings": rows}).encode()

    careful = rows_module._careful_rows(json.loads(body)["readings"], NOW_MS)

    np.testing.assert_equal(plain(parse_body(body, NOW_MS)), plain(careful))


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(st.tuples(instants, cells, cells), max_size=8))
def test_columns_are_rows_of_one_device(rows: list[tuple[Any, Any, Any]]) -> None:
    columns = {
        "device": "a",
        "at": [row[0] for row in rows],
        "temperature_c": [row[1] for row in rows],
        "motion": [row[2] for row in rows],
    }
    as_rows = [{"device": "a", "at": a, "temperature_c": t, "motion": m} for a, t, m in rows]

    found = parse_body(json.dumps({"columns": columns}).encode(), NOW_MS)

    np.testing.assert_equal(
        plain(found), plain(parse_body(json.dumps({"readings": as_rows}).encode(), NOW_MS))
    )


INSTANTS = {
    "UTC": ("2026-11-21T10:00:00Z", NOW_MS),
    "small letters": ("2026-11-21t10:00:00z", NOW_MS),
    "a blank between": ("2026-11-21 10:00:00Z", NOW_MS),
    "east": ("2026-11-21T11:30:00+01:30", NOW_MS),
    "west": ("2026-11-21T05:00:00-05:00", NOW_MS),
    "tenths": ("2026-11-21T10:00:00.1Z", NOW_MS + 100),
    "nanoseconds are cut off": ("2026-11-21T10:00:00.123999999Z", NOW_MS + 123),
    "a leap second": ("2016-12-31T23:59:60Z", 1_483_228_800_000),
}


@pytest.mark.parametrize(("text", "expected"), INSTANTS.values(), ids=INSTANTS.keys())
def test_an_instant_is_read_to_the_millisecond(text: str, expected: int) -> None:
    assert parse_rfc3339(text) == expected
    assert parse_instants([text, text]).tolist() == [expected, expected]


@pytest.mark.parametrize(
    "texts",
    [
        ["2026-11-21T10:00:00Z2026-11-21T10:00:00Z", ""],
        ["2026-11-21T10:00:00Z2026", "-11-21T10:00:00.123Z"],
        ["2026-11-21T10:00:00", "2026-11-21T10:00:00Z"],
        ["２０２６-11-21T10:00:00Z"],
        ["2026-11-21T10:00:00+24:00"],
        ["2026-11-21"],
        ["NaTZ"],
        [2**63],
    ],
)
def test_what_is_no_list_of_instants_is_refused(texts: list[Any]) -> None:
    with pytest.raises(ValueError, match=r"expected|no such"):
        parse_instants(texts)
