"""Commands go out in the device's words, and what comes back says what became of them."""

from __future__ import annotations

import asyncio
import json

import pytest

from ownclimate.control.delivery import Deliverer
from ownclimate.core.commands import accept_command, get_command, move_command
from ownclimate.core.errors import Unreachable, Unsupported
from ownclimate.core.orders import SET_CHILD_LOCK, SET_RELAY
from ownclimate.core.things import CommandState
from ownclimate.links.devices import link as link_module
from tests.fakes.households import ACTOR

S = CommandState


@pytest.fixture
async def ada(bench):
    made = await bench()
    await made.hears("ownclimate/plug/availability", "online")
    await made.hears("ownclimate/plug/state", {"relay_on": False})
    return made


async def order(bench, name: str = SET_RELAY, state: CommandState = S.SENDING, **fields):
    device = await bench.device("plug")
    fields = fields or {"is_on": True}
    command = await accept_command(bench.home.ports, bench.owner_id, ACTOR, device.id, name, fields)
    if state is not S.ACCEPTED:
        command = await move_command(bench.home.ports, bench.owner_id, command.id, S.SENDING)
    if state not in (S.ACCEPTED, S.SENDING):
        command = await move_command(bench.home.ports, bench.owner_id, command.id, state)
    return device, command


async def state_of(bench, command) -> tuple[CommandState, str]:
    found = await get_command(bench.home.ports.directory, bench.owner_id, command.id)
    return found.state, found.reason


async def test_an_order_is_published_as_the_contract_has_it(ada) -> None:
    device, command = await order(ada)

    delivery = await ada.link.deliver(ada.owner_id, device, command)

    ((topic, payload),) = ada.published
    assert topic == "ownclimate/plug/command"
    assert json.loads(payload).keys() == {"id", "name", "fields", "expires_at"}
    assert json.loads(payload)["id"] == command.id
    assert json.loads(payload)["fields"] == {"is_on": True}
    assert delivery.state is S.SENT
    assert delivery.is_awaited


async def test_nothing_is_sent_to_a_device_that_is_away(ada) -> None:
    await ada.hears("ownclimate/plug/availability", "offline")
    device, command = await order(ada)

    with pytest.raises(Unreachable):
        await ada.link.deliver(ada.owner_id, device, command)

    assert ada.published == []


@pytest.mark.parametrize("before", [S.SENDING, S.SENT, S.UNKNOWN], ids=lambda state: state.value)
@pytest.mark.parametrize(
    ("outcome", "after"), [("confirmed", S.CONFIRMED), ("refused", S.FAILED), ("failed", S.FAILED)]
)
async def test_a_result_ends_a_command(ada, before, outcome, after) -> None:
    _, command = await order(ada, state=before)

    await ada.hears("ownclimate/plug/result", {"id": command.id, "outcome": outcome, "reason": "because"})

    assert await state_of(ada, command) == (after, "because" if after is S.FAILED else "")


async def test_a_result_brings_the_new_state_with_it(ada) -> None:
    _, command = await order(ada)

    await ada.hears(
        "ownclimate/plug/result",
        {"id": command.id, "outcome": "confirmed", "state": {"relay_on": True}},
    )

    assert (await state_of(ada, command))[0] is S.CONFIRMED
    assert (await ada.latest("plug"))["relay_on"] == 1


async def test_a_device_decides_nothing_about_anothers_command(ada) -> None:
    await ada.hears("ownclimate/other/state", {"relay_on": False})
    _, command = await order(ada)

    await ada.hears("ownclimate/other/result", {"id": command.id, "outcome": "confirmed"})

    assert (await state_of(ada, command))[0] is S.SENDING
    assert "another device's" in (await ada.notes())[0]


async def test_a_result_that_comes_after_the_end_changes_nothing(ada) -> None:
    _, command = await order(ada, state=S.CONFIRMED)

    await ada.hears("ownclimate/plug/result", {"id": command.id, "outcome": "failed"})

    assert (await state_of(ada, command))[0] is S.CONFIRMED


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [("confirmed", S.CONFIRMED), ("failed", S.FAILED), ("refused", S.FAILED), ("unknown", None)],
)
async def test_a_device_is_asked_what_became_of_a_command(ada, outcome, expected) -> None:
    device, command = await order(ada, state=S.UNKNOWN)

    asking = asyncio.create_task(ada.link.inquire(ada.owner_id, device, command))
    while not ada.published:
        await asyncio.sleep(0)
    await ada.hears("ownclimate/plug/result", {"id": command.id, "outcome": outcome})

    assert await asking is expected
    assert ada.published == [("ownclimate/plug/query", json.dumps({"id": command.id}, separators=(",", ":")))]


async def test_a_device_that_does_not_answer_is_asked_again_later(ada, monkeypatch) -> None:
    monkeypatch.setattr(link_module, "ANSWER_S", 0.01)
    device, command = await order(ada, state=S.UNKNOWN)

    with pytest.raises(Unreachable):
        await ada.link.inquire(ada.owner_id, device, command)


async def test_what_waits_is_due_when_the_device_is_back(ada) -> None:
    await ada.hears("ownclimate/plug/availability", "offline")
    _, command = await order(ada, state=S.ACCEPTED)
    deliverer = Deliverer(ada.home.ports, [_Only(ada.link)], "test")
    await deliverer.look()
    await deliverer.idle()
    waiting = await get_command(ada.home.ports.directory, ada.owner_id, command.id)
    assert waiting.due_ms > ada.home.ports.clock.now_ms()

    await ada.hears("ownclimate/plug/availability", "online")
    await deliverer.look()
    await deliverer.idle()

    assert (await state_of(ada, command))[0] is S.SENT
    assert len(ada.published) == 1


class _Only:
    """A way to every device."""

    def __init__(self, link) -> None:
        self.deliver, self.inquire = link.deliver, link.inquire

    async def carries(self, owner_id, device) -> bool:
        return True


@pytest.mark.parametrize(
    ("profile", "hello", "topic"),
    [
        pytest.param("tasmota", ("stat/plug/POWER", "OFF"), "cmnd/plug/POWER", id="tasmota"),
        pytest.param(
            "tasmota", ("stat/plug/POWER1", "OFF"), "cmnd/plug/POWER1", id="tasmota with more relays"
        ),
        pytest.param(
            "esphome", ("plug/switch/relay_1/state", "OFF"), "plug/switch/relay_1/command", id="esphome"
        ),
    ],
)
async def test_other_firmware_is_told_in_its_own_words(bench, profile, hello, topic) -> None:
    ada = await bench(profiles=(profile,))
    await ada.hears(*hello)
    device, command = await order(ada)

    await ada.link.deliver(ada.owner_id, device, command)
    assert ada.published == [(topic, "ON")]
    with pytest.raises(Unsupported):
        await ada.link.inquire(ada.owner_id, device, command)

    await ada.hears(hello[0], "OFF")
    assert (await state_of(ada, command))[0] is S.SENDING
    await ada.hears(hello[0], "ON")
    assert (await state_of(ada, command))[0] is S.CONFIRMED

    _, lock = await order(ada, SET_CHILD_LOCK)
    with pytest.raises(Unsupported):
        await ada.link.deliver(ada.owner_id, device, lock)


async def test_switches_of_one_node_are_devices_of_their_own_that_come_and_go_together(bench) -> None:
    ada = await bench(profiles=("esphome",), names={"box/one": "lamp", "box/two": "fan"})
    await ada.hears("box/switch/one/state", "ON")
    await ada.hears("box/switch/two/state", "OFF")

    await ada.hears("box/status", "offline")

    assert [(await ada.latest(name))["relay_on"] for name in ("lamp", "fan")] == [1, 0]
    for name in ("lamp", "fan"):
        assert (await ada.device(name)).reports["reachable"].value is False
    assert (await ada.device("fan")).link["part"] == "two"
    assert await ada.device("box") is None
