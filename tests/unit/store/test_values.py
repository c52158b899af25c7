from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ownclimate.core.errors import StoreCorrupt
from ownclimate.store.values import seal, unseal


@given(key=st.binary(max_size=20), value=st.binary(max_size=100))
def test_a_sealed_value_opens_under_its_own_key(key: bytes, value: bytes) -> None:
    assert value == unseal(key, seal(key, value), "rows")


@given(key=st.binary(min_size=1, max_size=20), value=st.binary(max_size=50), bit=st.integers(min_value=0))
def test_no_single_bit_of_key_or_value_may_change(key: bytes, value: bytes, bit: int) -> None:
    content = bytearray(key + seal(key, value))
    bit %= len(content) * 8
    content[bit // 8] ^= 1 << bit % 8

    with pytest.raises(StoreCorrupt, match="rows"):
        unseal(bytes(content[: len(key)]), bytes(content[len(key) :]), "rows")


@pytest.mark.parametrize("stored", [b"", b"\0", b"\0\0\0"])
def test_a_value_shorter_than_its_checksum_is_damaged(stored: bytes) -> None:
    with pytest.raises(StoreCorrupt):
        unseal(b"key", stored, "rows")
