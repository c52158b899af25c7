"""The bracket convention of queries and forms."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ownclimate.core.errors import InvalidInput
from ownclimate.web.body import pairs_of
from ownclimate.web.gathering import bracketed


@pytest.mark.parametrize(
    ("query", "values"),
    [
        ("a=1", {"a": "1"}),
        ("a=1&a=2", {"a": ["1", "2"]}),
        ("a[]=1", {"a": ["1"]}),
        ("a[]=1&a[]=2", {"a": ["1", "2"]}),
        ("a[1]=y&a[0]=x", {"a": ["x", "y"]}),
        ("a%5B0%5D=x", {"a": ["x"]}),
        ("a[name]=x", {"a": {"name": "x"}}),
        (
            "zones[0][id]=0&zones[0][rooms][0][id]=7&zones[1][id]=4",
            {"zones": [{"id": "0", "rooms": [{"id": "7"}]}, {"id": "4"}]},
        ),
        ("a[=1", {"a[": "1"}),
        ("=1", {"": "1"}),
        ("a=", {"a": ""}),
        ("t=91|88", {"t": "91|88"}),
    ],
)
def test_brackets_become_lists_and_maps(query: str, values: object) -> None:
    assert bracketed(pairs_of(query)) == values


@pytest.mark.parametrize("query", ["a[]=1&a=2", "a[0]=1&a[0][x]=2", "a=1&a[]=2", "a[x]=1&a[x][y]=2"])
def test_a_name_that_is_both_a_value_and_a_list_is_refused(query: str) -> None:
    with pytest.raises(InvalidInput, match="both"):
        bracketed(pairs_of(query))


def test_nesting_ends_somewhere() -> None:
    with pytest.raises(InvalidInput, match="nested"):
        bracketed([("a" + "[b]" * 9, "1")])


def test_an_absurd_index_is_a_key_and_takes_no_room() -> None:
    assert bracketed([("a[" + "9" * 5000 + "]", "x")]) == {"a": {"9" * 5000: "x"}}


@given(st.lists(st.tuples(st.text(alphabet="ab[]0", max_size=8), st.text(max_size=3)), max_size=6))
def test_any_names_give_values_or_a_named_error(pairs: list[tuple[str, str]]) -> None:
    with suppress(InvalidInput):
        assert set(bracketed(pairs)) <= {name[: name.find("[", 1)] for name, _ in pairs} | {
            n for n, _ in pairs
        }
