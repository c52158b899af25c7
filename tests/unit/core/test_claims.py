"""A name stands for one thing, whatever step a crash interrupts."""

from __future__ import annotations

import pytest

from ownclimate.core import claims
from ownclimate.core.accounts import (
    EMAIL_CLAIM,
    find_account,
    list_accounts,
    list_owner_ids,
    register_account,
    repair_accounts,
)
from ownclimate.core.errors import Conflict, InvalidInput
from ownclimate.core.writes import Actor
from tests.unit.core.conftest import PowerCut

ACTOR = Actor(via="test")
WRITES_OF_A_REGISTRATION = 7
"""Numbers, two claims, owner, account, two confirmations."""


async def register(ports, email="a@example.org"):
    return await register_account(ports, ACTOR, email=email, password_hash="x")


async def test_an_email_is_found_whatever_its_case(ports) -> None:
    account = await register(ports, "Ann@Example.org ")

    assert await find_account(ports.directory, "ANN@example.ORG") == account


async def test_a_taken_email_is_refused_and_its_account_untouched(ports) -> None:
    first = await register(ports)

    with pytest.raises(Conflict):
        await register(ports, "A@example.org")

    assert await list_accounts(ports.directory) == [first]


@pytest.mark.parametrize("email", ["", "a", "a@", "@b", "a b@c", "a" * 250 + "@b.org"])
async def test_what_cannot_be_an_email_is_refused(ports, email) -> None:
    with pytest.raises(InvalidInput):
        await register(ports, email)


async def test_a_registration_takes_as_many_writes_as_the_crash_test_cuts(ports, directory) -> None:
    await register(ports)

    assert directory.writes == WRITES_OF_A_REGISTRATION


@pytest.mark.parametrize("cut_at", range(1, WRITES_OF_A_REGISTRATION + 1))
async def test_a_crash_between_any_two_steps_leaves_all_or_nothing(ports, directory, clock, cut_at) -> None:
    directory.cut_at = cut_at
    with pytest.raises(PowerCut):
        await register(ports)

    survivor = await find_account(ports.directory, "a@example.org")
    clock.advance(claims.PENDING_MS / 1000 + 1)
    await repair_accounts(ports)

    account = survivor or await register(ports)
    assert await find_account(ports.directory, "a@example.org") == account
    assert await list_accounts(ports.directory) == [account]
    assert account.owner_id in await list_owner_ids(ports.directory)
    assert await repair_accounts(ports) == 0


async def test_a_claim_of_somebody_still_at_work_is_respected(ports, directory) -> None:
    directory.cut_at = 4
    with pytest.raises(PowerCut):
        await register(ports)

    with pytest.raises(Conflict):
        await register(ports)


async def test_an_abandoned_claim_can_be_taken_before_the_janitor_came(ports, directory, clock) -> None:
    directory.cut_at = 4
    with pytest.raises(PowerCut):
        await register(ports)
    clock.advance(claims.PENDING_MS / 1000 + 1)

    account = await register(ports)

    assert await find_account(ports.directory, "a@example.org") == account


async def test_releasing_leaves_anothers_claim_alone(ports) -> None:
    account = await register(ports)

    await claims.release(ports, EMAIL_CLAIM, "a@example.org", "somebody else")

    assert await find_account(ports.directory, "a@example.org") == account
