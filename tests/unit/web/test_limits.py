"""Limits of rows: who is counted under which name, what the answer carries, what a refusal looks like."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ownclimate.core.access import ALL_PERMISSIONS, Access
from ownclimate.core.ids import AccountId, OwnerId
from ownclimate.core.ports import Ports
from ownclimate.web.dispatch import Application, RequestEntry
from ownclimate.web.limits import (
    COMMAND,
    LIMIT_HEADER,
    READ,
    REMAINING_HEADER,
    Budget,
    By,
    Limits,
    Quota,
    QuotaUsedUp,
    Window,
)
from ownclimate.web.tables import Dialect
from tests.fakes import FakeClock, SeededEntropy
from tests.fakes.households import memory_ports
from tests.fakes.http import Client
from tests.unit.web.dialects import row, toy

ADA = Access(
    owner_id=OwnerId("owner"),
    account_id=AccountId("ada"),
    client_id="app",
    permissions=ALL_PERMISSIONS,
    scopes=frozenset(),
)
BEN = replace(ADA, account_id=AccountId("ben"))
TELLING = ("Retry-After", LIMIT_HEADER, REMAINING_HEADER)
ASKED, COMMANDED = row(is_public=False), row("/toy/on", is_public=False, limit_class=COMMAND)


def each_minute(count: int, by: By) -> Quota:
    return Quota(count=count, span_s=60, by=by)


def ports_of(clock: FakeClock) -> Ports:
    return memory_ports(clock, SeededEntropy(1))


def client_of(clock: FakeClock, dialect: Dialect, quotas: dict[str, tuple[Quota, ...]]) -> Client:
    """Ada's app, at a server with these quotas by limit class. A request may name Ben as its caller."""

    async def authenticate(text: str) -> Access:
        return BEN if text == "ben" else ADA

    entries: list[RequestEntry] = []
    dialect = replace(dialect, fault_statuses=(*dialect.fault_statuses, 429))
    app = Application(
        dialects=[dialect],
        ports=ports_of(clock),
        authenticators={"token": authenticate},
        observers=[entries.append],
        limits=Limits({("toy", name): of_class for name, of_class in quotas.items()}, clock),
    )
    client = Client(app, entries, (dialect,))
    client.headers["authorization"] = "Bearer ada"
    return client


async def test_one_request_too_many_is_429_with_retry_after_in_the_dialects_words(clock: FakeClock) -> None:
    client = client_of(clock, toy(ASKED), {READ: (each_minute(2, By.TOKEN),)})

    statuses = [(await client.get("/toy")).status for _ in range(3)]
    refused = await client.get("/toy")

    assert statuses == [200, 200, 429]
    assert "trouble" in refused.json
    assert refused.headers["retry-after"] == str(60 - clock.ms // 1000 % 60)


async def test_the_request_after_the_time_told_is_answered(clock: FakeClock) -> None:
    client = client_of(clock, toy(ASKED), {READ: (each_minute(1, By.TOKEN),)})
    await client.get("/toy")
    clock.advance(float((await client.get("/toy")).headers["retry-after"]))

    assert (await client.get("/toy")).status == 200


async def test_a_users_quota_is_not_used_by_other_users_of_the_app(clock: FakeClock) -> None:
    client = client_of(clock, toy(ASKED), {READ: (each_minute(1, By.TOKEN),)})
    await client.get("/toy")

    assert (await client.get("/toy")).status == 429
    assert (await client.get("/toy", authorization="Bearer ben")).status == 200


async def test_an_apps_quota_is_used_by_all_its_users(clock: FakeClock) -> None:
    client = client_of(clock, toy(ASKED), {READ: (each_minute(1, By.CLIENT),)})
    await client.get("/toy")

    assert (await client.get("/toy", authorization="Bearer ben")).status == 429


async def test_commands_have_a_budget_of_their_own(clock: FakeClock) -> None:
    quotas = {READ: (each_minute(1, By.TOKEN),), COMMAND: (each_minute(2, By.TOKEN),)}
    client = client_of(clock, toy(ASKED, COMMANDED), quotas)
    await client.get("/toy")
    await client.get("/toy")

    assert [(await client.get("/toy/on")).status for _ in range(3)] == [200, 200, 429]


async def test_rows_of_a_class_share_its_budget_at_their_own_costs(clock: FakeClock) -> None:
    dear = row("/toy/dear", is_public=False, limit_cost=3)
    client = client_of(clock, toy(ASKED, dear), {READ: (each_minute(4, By.TOKEN),)})

    asked = ["/toy/dear", "/toy/dear", "/toy", "/toy"]

    assert [(await client.get(path)).status for path in asked] == [200, 429, 200, 429]


async def test_a_row_that_costs_more_than_the_quota_can_still_be_used(clock: FakeClock) -> None:
    dear = row("/toy/dear", is_public=False, limit_cost=30)
    client = client_of(clock, toy(dear), {READ: (each_minute(4, By.TOKEN),)})

    assert [(await client.get("/toy/dear")).status for _ in range(2)] == [200, 429]


async def test_requests_refused_for_their_scope_count(clock: FakeClock) -> None:
    scoped = row(is_public=False, scopes=("other",))
    client = client_of(clock, toy(scoped), {READ: (each_minute(2, By.TOKEN),)})

    assert [(await client.get("/toy")).status for _ in range(3)] == [403, 403, 429]


async def test_every_answer_tells_the_limit_and_what_remains_where_the_dialect_says_so(
    clock: FakeClock,
) -> None:
    client = client_of(
        clock, toy(ASKED, rate_headers=TELLING), {READ: (each_minute(9, By.CLIENT), each_minute(2, By.TOKEN))}
    )

    told = [(await client.get("/toy")).headers for _ in range(3)]

    names = (LIMIT_HEADER.lower(), REMAINING_HEADER.lower())
    assert [tuple(headers[name] for name in names) for headers in told] == [
        ("2", "1"),
        ("2", "0"),
        ("2", "0"),
    ]
    assert ["retry-after" in headers for headers in told] == [False, False, True]


async def test_a_dialect_without_such_headers_sends_none(clock: FakeClock) -> None:
    client = client_of(clock, toy(ASKED), {READ: (each_minute(2, By.TOKEN),)})

    assert LIMIT_HEADER.lower() not in (await client.get("/toy")).headers


async def test_a_count_of_nought_is_no_limit(clock: FakeClock) -> None:
    client = client_of(clock, toy(ASKED, rate_headers=TELLING), {READ: (each_minute(0, By.TOKEN),)})

    answers = [await client.get("/toy") for _ in range(100)]

    assert {answer.status for answer in answers} == {200}
    assert LIMIT_HEADER.lower() not in answers[0].headers


async def test_public_rows_are_not_counted(clock: FakeClock) -> None:
    client = client_of(clock, toy(row()), {READ: (each_minute(1, By.TOKEN),)})

    assert [(await client.get("/toy")).status for _ in range(3)] == [200, 200, 200]


def test_a_refusal_by_one_quota_leaves_the_others_as_they_were(clock: FakeClock) -> None:
    budget = Budget([each_minute(3, By.CLIENT), each_minute(1, By.TOKEN)], clock)
    for _ in range(20):
        budget.take(ADA, 1)

    assert budget.take(BEN, 1) == (1, 0, None)
    assert budget.take(replace(ADA, account_id=AccountId("eve")), 1)[2] is None
    assert budget.take(replace(ADA, account_id=AccountId("dan")), 1)[2] is not None


def test_a_refusal_says_whose_quota_is_used_up(clock: FakeClock) -> None:
    for by in By:
        budget = Budget([Quota(count=1, span_s=10, by=by, window=Window.SLIDING)], clock)
        budget.take(ADA, 1)
        refusal = budget.take(ADA, 1)[2]

        assert isinstance(refusal, QuotaUsedUp)
        assert (refusal.by, refusal.retry_after_s) == (by, 10.0)


def test_a_row_of_a_class_that_nobody_knows_is_refused_at_start(clock: FakeClock) -> None:
    with pytest.raises(ValueError, match="no such limit class: slow"):
        client_of(clock, toy(row(limit_class="slow")), {})
    with pytest.raises(ValueError, match="no such limit class: slow"):
        Limits({("toy", "slow"): ()}, clock)


def test_a_personal_token_counts_as_a_client_and_not_as_one_of_its_users() -> None:
    budget = Budget((each_minute(1, By.TOKEN), each_minute(3, By.CLIENT)), FakeClock())
    own = replace(ADA, client_id="own", is_personal=True)

    refusals = [budget.take(own, 1)[2] for _ in range(4)]

    assert refusals[:3] == [None] * 3
    assert refusals[3] is not None
    assert refusals[3].by is By.CLIENT
