"""Every active source is worked by one process, as it is now."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from ownclimate.core.errors import InvalidInput, Unreachable
from ownclimate.core.leases import list_leases
from ownclimate.core.linking import (
    change_source,
    link_source,
    offer_source,
    pause_source,
    remove_source,
)
from ownclimate.core.things import Source
from ownclimate.links.mqtt import LinkState
from ownclimate.links.states import find_state
from ownclimate.links.supervisor import LEASE_MS, Supervisor
from ownclimate.oauth.encryption import Cipher
from tests.fakes.households import ACTOR, Households, memory_ports


class Link:
    """A source at work that does nothing but say so."""

    def __init__(self, source: Source, secrets: dict[str, str]) -> None:
        self.source, self.secrets = source, secrets
        self.state = LinkState()
        self.is_running = self.is_forgotten = False
        self.failure: Exception | None = None

    async def run(self) -> None:
        self.is_running = True
        self.state.connected_since_ms = 1
        try:
            if self.failure is not None:
                raise self.failure
            await asyncio.Event().wait()
        finally:
            self.is_running = False

    async def forget(self) -> None:
        self.is_forgotten = True

    async def deliver(self, *_: Any) -> Any:
        return self.source.id

    async def inquire(self, *_: Any) -> Any:
        return None


class Works:
    """A household, the links that were opened for its sources, and supervisors over them."""

    def __init__(self, clock: Any, entropy: Any) -> None:
        self.clock = clock
        self.households = Households(memory_ports(clock, entropy))
        self.vault = Cipher(entropy(32), entropy)
        self.opened: list[Link] = []
        self.refusal: Exception | None = None

    @property
    def ports(self) -> Any:
        return self.households.ports

    def open(self, owner_id: Any, source: Source, secrets: Any) -> Link:
        if self.refusal is not None:
            raise self.refusal
        self.opened.append(Link(source, dict(secrets)))
        return self.opened[-1]

    def supervisor(self, holder: str = "one") -> Supervisor:
        return Supervisor(self.ports, self.vault, {"chirpstack": self.open}, holder)

    async def source(self, **more: Any) -> Source:
        given = {"kind": "chirpstack", "name": "attic", "settings": {"broker": "mqtt://x"}}
        return await link_source(
            self.ports,
            self.vault,
            self.owner_id,
            ACTOR,
            secrets={"password": "p"},
            **{**given, **more},
        )

    @property
    def owner_id(self) -> Any:
        return self.households.accounts["ada"].owner_id


@pytest.fixture
async def works(clock, entropy) -> Works:
    made = Works(clock, entropy)
    await made.households.add("ada")
    return made


async def look(supervisor: Supervisor) -> None:
    await supervisor.look()
    await asyncio.sleep(0)
    await supervisor.look()


async def test_a_source_is_opened_once_with_its_credentials(works: Works) -> None:
    supervisor = works.supervisor()
    source = await works.source()

    await look(supervisor)

    (link,) = works.opened
    assert (link.source, link.secrets, link.is_running) == (source, {"password": "p"}, True)
    assert list(supervisor.states) == [source.id]
    await supervisor._stop_all()
    assert not link.is_running


async def test_of_two_supervisors_one_works_a_source(works: Works) -> None:
    first, second = works.supervisor("one"), works.supervisor("two")
    await works.source()

    await look(first)
    await look(second)
    assert len(works.opened) == 1

    await first._stop_all()
    await look(second)
    assert [link.is_running for link in works.opened] == [False, True]


async def test_a_dead_ones_source_is_taken_over_when_its_lease_ran_out(works: Works) -> None:
    first, second = works.supervisor("one"), works.supervisor("two")
    await works.source()
    await look(first)

    works.clock.advance(LEASE_MS / 1000 + 1)
    await look(second)
    await look(first)

    assert [link.is_running for link in works.opened] == [False, True]


async def test_a_lease_is_renewed_while_it_is_worked(works: Works) -> None:
    supervisor = works.supervisor()
    await works.source()
    for _ in range(5):
        await look(supervisor)
        works.clock.advance(LEASE_MS / 1000 * 0.6)
    await supervisor.look()

    (lease,) = await list_leases(works.ports)
    assert lease.until_ms > works.clock.now_ms()
    assert len(works.opened) == 1


@pytest.mark.parametrize("is_paused", [True, False], ids=["paused", "removed"])
async def test_a_paused_session_is_kept_and_a_removed_one_forgotten(works: Works, is_paused: bool) -> None:
    supervisor = works.supervisor()
    source = await works.source()
    await look(supervisor)

    if is_paused:
        await pause_source(works.ports, works.owner_id, ACTOR, source.id, is_paused=True)
    else:
        await remove_source(works.ports, works.owner_id, ACTOR, source.id)
    await look(supervisor)

    (link,) = works.opened
    assert (link.is_running, link.is_forgotten) == (False, not is_paused)
    saved = await find_state(works.ports.directory, source.id)
    assert (saved is None) is not is_paused
    assert saved is None or saved.link.connected_since_ms == 0


async def test_new_settings_are_taken_up(works: Works) -> None:
    supervisor = works.supervisor()
    offer: dict[str, Any] = {"kind": "chirpstack", "name": "n", "secrets": {"api_key": "k"}}
    for url in ("http://old", "http://new"):
        await offer_source(
            works.ports, works.vault, works.owner_id, ACTOR, "c.x", settings={"base_url": url}, **offer
        )
        await look(supervisor)

    assert [link.source.settings["base_url"] for link in works.opened] == ["http://old", "http://new"]
    assert [link.is_running for link in works.opened] == [False, True]


async def test_a_source_that_cannot_be_opened_says_why_and_is_tried_when_it_changes(works: Works) -> None:
    supervisor = works.supervisor()
    works.refusal = InvalidInput("ca_file", "cannot be read")
    source = await works.source()
    await look(supervisor)
    saved = await find_state(works.ports.directory, source.id)
    assert saved is not None
    assert saved.link.last_error == "ca_file: cannot be read"

    works.refusal = None
    await look(supervisor)
    assert works.opened == []
    for is_paused in (True, False):
        await pause_source(works.ports, works.owner_id, ACTOR, source.id, is_paused=is_paused)
        await look(supervisor)

    assert len(works.opened) == 1


async def test_a_link_that_fails_is_opened_again(works: Works) -> None:
    supervisor = works.supervisor()
    await works.source()
    await supervisor.look()
    works.opened[0].failure = ValueError("a fault of ours")
    await asyncio.sleep(0)

    await look(supervisor)

    assert [link.is_running for link in works.opened] == [False, True]


@pytest.mark.parametrize(
    "turn",
    [
        lambda state: setattr(state, "connected_since_ms", 5),
        lambda state: setattr(state, "last_error", "the broker left"),
    ],
    ids=["up", "failed"],
)
async def test_a_turn_is_written_down_at_once(works: Works, turn: Callable[[LinkState], None]) -> None:
    supervisor = works.supervisor()
    source = await works.source()
    await look(supervisor)

    turn(works.opened[0].state)
    await supervisor.look()

    saved = await find_state(works.ports.directory, source.id)
    assert saved is not None
    assert saved.link == works.opened[0].state


async def test_counts_are_written_down_now_and_then(works: Works) -> None:
    supervisor = works.supervisor()
    source = await works.source()
    await look(supervisor)
    works.opened[0].state.messages = 7
    await supervisor.look()
    saved = await find_state(works.ports.directory, source.id)
    assert saved is not None
    assert saved.link.messages == 0

    works.clock.advance(11)
    await supervisor.look()

    saved = await find_state(works.ports.directory, source.id)
    assert saved is not None
    assert saved.link.messages == 7


async def test_what_a_source_removed_meanwhile_left_behind_is_swept(works: Works) -> None:
    source, kept = await works.source(), await works.source(name="cellar")
    first = works.supervisor()
    await look(first)
    await first._stop_all()
    await remove_source(works.ports, works.owner_id, ACTOR, source.id)

    await look(works.supervisor())

    assert await find_state(works.ports.directory, source.id) is None
    assert await find_state(works.ports.directory, kept.id) is not None


async def test_messages_are_counted_over_all_sources_and_their_lives(works: Works) -> None:
    supervisor = works.supervisor()
    sources = [await works.source(), await works.source(name="cellar")]
    await look(supervisor)
    for link in works.opened:
        link.state.messages = 3
    await look(supervisor)
    await pause_source(works.ports, works.owner_id, ACTOR, sources[0].id, is_paused=True)
    works.opened[0].state.messages = works.opened[1].state.messages = 5
    await look(supervisor)

    assert supervisor.counts == {"received": 10, "sent": 0, "given_up": 0}


async def test_a_device_goes_by_the_source_it_was_heard_by(works: Works) -> None:
    supervisor = works.supervisor()
    source, other = await works.source(), await works.source(name="cellar")
    device = await works.households.device("ada", "vicki", "70B3")
    near = dataclasses.replace(device, link={"source": other.id})
    lost = dataclasses.replace(device, link={"source": "f" * 24})

    assert not await supervisor.carries(works.owner_id, device)
    assert not await supervisor.carries(works.owner_id, lost)
    assert await supervisor.carries(works.owner_id, near)
    with pytest.raises(Unreachable):
        await supervisor.deliver(works.owner_id, near, None)  # type: ignore[arg-type]
    await look(supervisor)

    assert await supervisor.deliver(works.owner_id, near, None) == other.id  # type: ignore[arg-type,comparison-overlap]
    assert source.id != other.id


@pytest.mark.parametrize("change", ["paused", "forbidden", "removed"])
async def test_no_command_goes_out_once_its_source_is_paused_forbidden_or_removed(
    works: Works, change: str
) -> None:
    """Not even before the supervisor looks again."""
    supervisor = works.supervisor()
    source = await works.source()
    device = await works.households.device("ada", "vicki", "70B3")
    near = dataclasses.replace(device, link={"source": source.id})
    await look(supervisor)

    if change == "paused":
        await pause_source(works.ports, works.owner_id, ACTOR, source.id, is_paused=True)
    elif change == "forbidden":
        settings = {**source.settings, "relays": False}
        await change_source(works.ports, works.vault, works.owner_id, ACTOR, source.id, settings=settings)
    else:
        await remove_source(works.ports, works.owner_id, ACTOR, source.id)

    with pytest.raises(Unreachable):
        await supervisor.deliver(works.owner_id, near, None)  # type: ignore[arg-type]
