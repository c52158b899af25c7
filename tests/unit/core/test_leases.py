"""A lease has one holder at a time, and a new one only after the old one's time or leave."""

from __future__ import annotations

from ownclimate.core.leases import list_leases, release_lease, take_lease


async def test_a_held_lease_is_not_given_to_another(ports) -> None:
    assert await take_lease(ports, "job", "one", 1000) is not None
    assert await take_lease(ports, "job", "two", 1000) is None
    assert [lease.holder for lease in await list_leases(ports)] == ["one"]


async def test_its_holder_renews_it_under_the_same_fence(ports, clock) -> None:
    first = await take_lease(ports, "job", "one", 1000)
    clock.advance(0.9)
    again = await take_lease(ports, "job", "one", 1000)

    assert first is not None
    assert again is not None
    assert again.fence == first.fence
    assert again.until_ms > first.until_ms


async def test_after_its_time_another_takes_it_under_a_new_fence(ports, clock) -> None:
    first = await take_lease(ports, "job", "one", 1000)
    clock.advance(1)
    second = await take_lease(ports, "job", "two", 1000)

    assert first is not None
    assert second is not None
    assert second.fence == first.fence + 1
    await release_lease(ports, first)
    assert await take_lease(ports, "job", "one", 1000) is None


async def test_a_released_lease_is_free_at_once(ports) -> None:
    lease = await take_lease(ports, "job", "one", 1000)
    assert lease is not None
    await release_lease(ports, lease)

    assert await take_lease(ports, "job", "two", 1000) is not None
