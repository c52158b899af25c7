"""The key file and what is encrypted under it."""

from __future__ import annotations

import secrets
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ownclimate.core.errors import InvalidInput, StoreCorrupt
from ownclimate.oauth.encryption import Cipher, cipher_from, load_key


def test_the_key_file_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    file = tmp_path / "keys" / "secret.key"

    first = load_key(file, secrets.token_bytes)

    assert len(first) == 32
    assert load_key(file, secrets.token_bytes) == first
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert [entry.name for entry in file.parent.iterdir()] == ["secret.key"]


def test_those_who_start_together_agree_on_one_key(tmp_path: Path) -> None:
    file = tmp_path / "secret.key"
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: load_key(file, secrets.token_bytes), range(32)))

    assert len(keys) == 1
    assert [entry.name for entry in tmp_path.iterdir()] == ["secret.key"]


@pytest.mark.parametrize("content", ["", "abc", "zz" * 32, "ab" * 31, "ab" * 33, "ü"])
def test_another_content_is_refused_and_left_alone(tmp_path: Path, content: str) -> None:
    file = tmp_path / "secret.key"
    file.write_text(content)

    with pytest.raises(InvalidInput, match="64 hex digits"):
        load_key(file, secrets.token_bytes)

    assert file.read_text() == content


def test_what_is_sealed_opens_with_the_same_key_for_the_same_thing_only(entropy) -> None:
    cipher = Cipher(bytes(32), entropy)
    sealed = cipher.encrypt(b"a secret", "client a")

    assert b"a secret" not in sealed
    assert cipher.decrypt(sealed, "client a") == b"a secret"
    for opener, context in ((cipher, "client b"), (Cipher(b"x" * 32, entropy), "client a")):
        with pytest.raises(StoreCorrupt, match="this server's key"):
            opener.decrypt(sealed, context)


@pytest.mark.parametrize("place", [0, 5, 12, -1])
def test_a_changed_byte_is_noticed(entropy, place: int) -> None:
    cipher = Cipher(bytes(32), entropy)
    sealed = bytearray(cipher.encrypt(b"a secret", "x"))
    sealed[place] ^= 1

    with pytest.raises(StoreCorrupt):
        cipher.decrypt(bytes(sealed), "x")


def test_a_key_made_of_a_secret_depends_on_the_secret_and_on_its_purpose(entropy) -> None:
    sealed = cipher_from("token", b"one", entropy).encrypt(b"answer", "x")

    assert cipher_from("token", b"one", entropy).decrypt(sealed, "x") == b"answer"
    for secret, purpose in (("other", b"one"), ("token", b"two")):
        with pytest.raises(StoreCorrupt):
            cipher_from(secret, purpose, entropy).decrypt(sealed, "x")
