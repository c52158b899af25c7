"""What is kept of tokens, and for whom it is found again."""

from __future__ import annotations

import dataclasses
from typing import Any

import orjson
import pytest

from ownclimate.core.ids import OwnerId
from ownclimate.core.ports import Ports
from ownclimate.oauth.encryption import Cipher
from ownclimate.sync.book import Book
from ownclimate.sync.tokens import Tokens, TokenShelf, renewal_ms
from tests.fakes import FakeClock, SeededEntropy
from tests.fakes.households import memory_ports

TOLD = Tokens(access="an access token", refresh="a refresh token", renew_ms=1)


@pytest.fixture
def ports() -> Ports:
    return memory_ports(FakeClock(), SeededEntropy(1))


def shelf(ports: Ports, *, key: int = 1, source_id: str = "a" * 24, secret: str = "mine") -> TokenShelf:
    return TokenShelf(
        memory=Book(ports, OwnerId("0" * 24), source_id),
        vault=Cipher(bytes([key]) * 32, ports.entropy),
        context=f"tokens of source {source_id}",
        credentials=("app", secret),
    )


async def test_a_process_that_begins_anew_finds_the_tokens_that_another_saved(ports: Ports) -> None:
    await shelf(ports).save(TOLD)

    assert await shelf(ports).load() == TOLD


@pytest.mark.parametrize(
    "other",
    [{"secret": "another"}, {"key": 2}, {"source_id": "b" * 24}],
    ids=["other credentials", "a lost key", "another source"],
)
async def test_tokens_are_found_by_whom_they_are_for_alone(ports: Ports, other: dict[str, Any]) -> None:
    await shelf(ports).save(TOLD)

    assert not await shelf(ports, **other).load()


async def test_tokens_of_an_older_version_are_found(ports: Ports) -> None:
    now = shelf(ports)
    await now.memory.remember(
        "tokens", {"sealed": now.vault.encrypt(orjson.dumps(dataclasses.asdict(TOLD)), now.context)}
    )

    assert await now.load() == TOLD


async def test_nothing_of_tokens_can_be_read_where_they_are_kept(ports: Ports) -> None:
    await shelf(ports).save(TOLD)

    (row,) = (await shelf(ports).memory.recall_all("")).values()
    assert b"access" not in row["sealed"]
    assert "mine" not in repr(shelf(ports))


async def test_forgotten_tokens_are_gone(ports: Ports) -> None:
    await shelf(ports).save(TOLD)
    await shelf(ports).forget()

    assert not await shelf(ports).load()


@pytest.mark.parametrize(
    ("said", "renewed_ms"), [(100, 50_000), (0, 30_000), ("100", 30_000), (None, 30_000)]
)
def test_a_token_is_renewed_after_a_part_of_the_life_that_was_told(said: Any, renewed_ms: int) -> None:
    assert renewal_ms(0, said, 0.5) == renewed_ms


@pytest.mark.parametrize("life_s", [2**63, 10**30, 1e308])
async def test_a_life_without_end_loses_no_token(ports: Ports, life_s: float) -> None:
    renew_ms = renewal_ms(ports.clock.now_ms(), life_s, 0.9)

    await shelf(ports).save(dataclasses.replace(TOLD, renew_ms=renew_ms))

    kept = await shelf(ports).load()
    assert kept is not None
    assert kept.renew_ms == renew_ms
    assert renew_ms > ports.clock.now_ms()
