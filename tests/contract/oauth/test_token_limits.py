"""Token requests have a limit of their own: by client and by address."""

from __future__ import annotations

import pytest

from ownclimate.oauth.token_limits import TokenLimits
from tests.contract.oauth.world import World, basic

LIMIT = 3


@pytest.fixture
def world(directory, clock, entropy) -> World:
    limits = TokenLimits.per_minute(clock, by_client=LIMIT, by_address=0)
    return World.over(directory, clock, entropy, limits=limits)


async def status(world, app) -> int:
    return (await world.token(app, "client_credentials")).status


async def test_one_too_many_is_refused_until_time_has_passed(world, app) -> None:
    assert [await status(world, app) for _ in range(LIMIT + 1)] == [200] * LIMIT + [429]
    refused = await world.token(app, "client_credentials")
    assert refused.json["error"] == "too_many_requests"
    assert refused.headers["retry-after"] == "20"

    world.clock.advance(20)

    assert [await status(world, app) for _ in range(2)] == [200, 429]


async def test_clients_do_not_share_a_budget(world, app, anna) -> None:
    other = await world.app(anna)
    for _ in range(LIMIT):
        await status(world, app)

    assert await status(world, other) == 200


async def test_others_failures_do_not_use_a_clients_budget_up(world, app) -> None:
    for _ in range(2 * LIMIT):
        await world.token(app, "client_credentials", client_secret="wrong")

    assert await status(world, app) == 200


async def test_revocation_and_introspection_draw_from_it_too(world, app) -> None:
    header = basic(app.id, app.secret)
    statuses = [
        (await world.post(path, {"token": "x"}, authorization=header)).status
        for path in ("/oauth2/revoke", "/oauth2/introspect", "/oauth2/revoke", "/oauth2/introspect")
    ]

    assert statuses == [200, 200, 200, 429]


@pytest.mark.parametrize(
    ("dialect", "expected", "error"),
    [("netatmo", 403, "too_many_connections"), ("mclimate", 429, "too_many_requests")],
)
async def test_each_dialect_says_it_its_own_way(world, anna, dialect, expected, error) -> None:
    app = await world.app(anna, dialect)
    for _ in range(LIMIT):
        await world.refresh(app, "x")

    refused = await world.refresh(app, "x")

    assert refused.status == expected
    assert refused.json.get("auth", refused.json)["error"] == error
    assert "retry-after" in refused.headers


async def test_an_address_is_counted_before_anything_is_looked_at(directory, clock, entropy) -> None:
    limits = TokenLimits.per_minute(clock, by_client=0, by_address=LIMIT)
    for _ in range(LIMIT):
        limits.count_address("192.0.2.7")

    with pytest.raises(Exception, match="too many"):
        limits.count_address("192.0.2.7")
    limits.count_address("192.0.2.8")
    limits.count_address("")


async def test_the_log_names_the_client_that_asked_and_no_other(world, app) -> None:
    asked = await world.token(app, "client_credentials")
    failed = await world.token(app, "client_credentials", client_secret="wrong")

    assert asked.entry.client_id == app.id
    assert failed.entry.client_id == ""
