"""Each command reaches its device once, in order, or its record says why not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from ownclimate.control.carriers import Delivery
from ownclimate.control.delivery import OVERTAKEN, UNHEARD, UNSENT, UNTOLD, Deliverer
from ownclimate.core.commands import get_command, list_device_commands, list_pending, move_command, settled
from ownclimate.core.devices import remove_device
from ownclimate.core.errors import Garbled, InvalidInput, Unreachable, Unsupported
from ownclimate.core.ordering import give_order
from ownclimate.core.orders import SET_RELAY, SET_SETPOINT, maker_order
from ownclimate.core.things import Ability, CommandState
from tests.fakes.households import ACTOR, Households, memory_ports

S = CommandState


class Wire:
    """A carrier whose receiver does as the test says, and remembers what reached it."""

    def __init__(self) -> None:
        self.reached: list[tuple[str, dict]] = []
        self.before: list[Callable[[], None]] = []
        self.after: list[Callable[[], None]] = []
        self.state, self.is_awaited = S.SENT, False
        self.answer: CommandState | Exception | None = Unsupported("inquiry")

    async def carries(self, owner_id, device) -> bool:
        return device.vendor == "mclimate"

    async def deliver(self, owner_id, device, command) -> Delivery:
        for act in self.before[:1]:
            self.before.remove(act)
            act()
        self.reached.append((command.name, command.fields))
        for act in self.after[:1]:
            self.after.remove(act)
            act()
        receipt = {"queue_id": f"q-{command.id}"}
        return Delivery(state=self.state, receipt=receipt, is_awaited=self.is_awaited)

    async def inquire(self, owner_id, device, command) -> CommandState | None:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def failing(error: BaseException) -> Callable[[], None]:
    def act() -> None:
        raise error

    return act


@pytest.fixture
async def home(clock, entropy):
    households = Households(memory_ports(clock, entropy))
    await households.add("ada")
    return households


@pytest.fixture
async def plug(home):
    return await home.device("ada", "smart_plug", "PLUG1", abilities=frozenset({Ability.RELAY}))


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def deliverer(home, wire) -> Deliverer:
    return Deliverer(home.ports, [wire], "test")


async def order(home, device, name=SET_RELAY, fields=None, **more):
    owner_id = home.accounts["ada"].owner_id
    return await give_order(
        home.ports, owner_id, ACTOR, device, name, {"is_on": True} if fields is None else fields, **more
    )


async def look(deliverer) -> None:
    await deliverer.look()
    await deliverer.idle()


async def state_of(home, command):
    found = await get_command(home.ports.directory, home.accounts["ada"].owner_id, command.id)
    return found.state, found.reason


async def test_an_order_is_sent_once_however_often_it_is_looked_for(home, plug, wire, deliverer) -> None:
    command = await order(home, plug)

    await look(deliverer)
    await look(deliverer)

    assert wire.reached == [(SET_RELAY, {"is_on": True})]
    assert await state_of(home, command) == (S.SENT, "")
    assert not await list_pending(home.ports, home.accounts["ada"].owner_id)


async def test_orders_to_one_device_keep_their_order_though_the_first_has_to_wait(
    home, plug, wire, deliverer, clock
) -> None:
    wire.before.append(failing(Unreachable("the broker is down")))
    first = await order(home, plug, fields={"is_on": True})
    await order(home, plug, fields={"is_on": False})
    await look(deliverer)
    assert await state_of(home, first) == (S.ACCEPTED, "the broker is down")

    clock.advance(0.5)
    await look(deliverer)
    assert wire.reached == []

    clock.advance(1)
    await look(deliverer)
    assert [fields["is_on"] for _, fields in wire.reached] == [True, False]


async def test_what_cannot_be_sent_in_time_expires(home, plug, wire, deliverer, clock) -> None:
    command = await order(home, plug)
    clock.advance(6 * 60)

    await look(deliverer)

    assert await state_of(home, command) == (S.EXPIRED, UNSENT)
    assert wire.reached == []


async def test_a_refusal_of_the_receiver_is_final_and_says_why(home, plug, wire, deliverer) -> None:
    wire.before.append(failing(InvalidInput("is_on", "this plug is locked")))
    command = await order(home, plug)

    await look(deliverer)

    assert await state_of(home, command) == (S.FAILED, "is_on: this plug is locked")


async def test_a_device_that_nothing_connects_refuses(home, deliverer) -> None:
    foreign = await home.device("ada", "NLP", "aa", vendor="netatmo", abilities=frozenset({Ability.RELAY}))
    command = await order(home, foreign)

    await look(deliverer)

    state, reason = await state_of(home, command)
    assert state is S.REFUSED
    assert "nothing connects" in reason


async def test_orders_to_a_removed_device_end_without_it(home, plug, deliverer) -> None:
    command = await order(home, plug)
    await remove_device(home.ports, home.accounts["ada"].owner_id, ACTOR, plug.id)

    await look(deliverer)

    assert await state_of(home, command) == (S.REFUSED, "the device is gone")


@pytest.mark.parametrize("is_before", [True, False], ids=["before", "after"])
async def test_a_wanted_state_is_sent_again_when_its_answer_was_lost(
    home, plug, wire, deliverer, clock, is_before
) -> None:
    (wire.before if is_before else wire.after).append(failing(Garbled("half an answer")))
    command = await order(home, plug)
    await look(deliverer)
    assert (await state_of(home, command))[0] is S.UNKNOWN

    clock.advance(2)
    await look(deliverer)

    assert (await state_of(home, command))[0] is S.SENT
    assert len(wire.reached) == (1 if is_before else 2)


async def test_a_fault_of_ours_that_never_ends_ends_the_command_when_its_life_does(
    home, plug, wire, deliverer, clock
) -> None:
    wire.after += [failing(KeyError("alias"))] * 100
    wire.answer = KeyError("alias")
    command = await order(home, plug)
    with capture_logs() as logged:
        await look(deliverer)
        assert await state_of(home, command) == (S.UNKNOWN, "it could not be worked (KeyError)")
        clock.advance(24 * 3600)

        await look(deliverer)

    assert await state_of(home, command) == (S.EXPIRED, UNTOLD)
    assert [entry["event"] for entry in logged] == ["delivery_failed", "inquiry_failed"]


async def test_an_order_that_a_later_one_overtook_is_not_sent_after_it(
    home, plug, wire, deliverer, clock
) -> None:
    wire.before.append(failing(Garbled("half an answer")))
    first = await order(home, plug, fields={"is_on": True})
    await order(home, plug, fields={"is_on": False})
    await look(deliverer)

    clock.advance(2)
    await look(deliverer)

    assert wire.reached == [(SET_RELAY, {"is_on": False})]
    assert await state_of(home, first) == (S.EXPIRED, OVERTAKEN)


async def test_a_makers_order_is_not_repeated_when_nobody_can_tell(
    home, plug, wire, deliverer, clock
) -> None:
    wire.after.append(failing(TimeoutError()))
    command = await order(home, plug, maker_order("mclimate", "toggle"), {})
    await look(deliverer)
    clock.advance(2)

    await look(deliverer)

    assert len(wire.reached) == 1
    assert await state_of(home, command) == (S.FAILED, UNTOLD)


@pytest.mark.parametrize(
    ("answer", "state", "sent"),
    [(S.SENT, S.SENT, 1), (S.CONFIRMED, S.CONFIRMED, 1), (S.FAILED, S.FAILED, 1), (None, S.SENT, 2)],
    ids=str,
)
async def test_whoever_died_while_sending_asks_the_receiver(
    home, plug, wire, deliverer, answer, state, sent
) -> None:
    command = await order(home, plug, maker_order("mclimate", "toggle"), {})
    wire.after.append(failing(asyncio.CancelledError()))
    await look(deliverer)
    assert (await state_of(home, command))[0] is S.SENDING
    wire.answer = answer

    await look(Deliverer(home.ports, [wire], "the next process"))

    assert (await state_of(home, command))[0] is state
    assert len(wire.reached) == sent


async def test_a_receiver_that_cannot_be_asked_yet_is_asked_until_the_order_expires(
    home, plug, wire, deliverer, clock
) -> None:
    wire.after.append(failing(Garbled("?")))
    wire.answer = Unreachable("down")
    command = await order(home, plug)
    for seconds in (0, 2, 10):
        clock.advance(seconds)
        await look(deliverer)
        assert (await state_of(home, command))[0] is S.UNKNOWN

    clock.advance(600)
    await look(deliverer)

    assert await state_of(home, command) == (S.EXPIRED, UNTOLD)


async def test_an_awaited_answer_confirms_and_without_one_the_command_expires(
    home, plug, wire, deliverer, clock
) -> None:
    owner_id = home.accounts["ada"].owner_id
    wire.is_awaited = True
    heard, silent = await order(home, plug), await order(home, plug, fields={"is_on": False})
    await look(deliverer)

    await move_command(home.ports, owner_id, heard.id, S.CONFIRMED)
    clock.advance(600)
    await look(deliverer)

    assert (await state_of(home, heard))[0] is S.CONFIRMED
    assert await state_of(home, silent) == (S.EXPIRED, UNHEARD)


async def test_a_running_deliverer_is_told_at_once_and_stops_clean(home, plug, wire) -> None:
    deliverer = Deliverer(home.ports, [wire], "test", look_every_s=3600)
    running = asyncio.create_task(deliverer.run())
    await asyncio.sleep(0.01)

    command = await order(home, plug)
    owner_id = home.accounts["ada"].owner_id
    reached = await settled(home.ports, owner_id, command, timeout_s=5, states=(S.SENT,))

    assert reached.state is S.SENT
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    second = await order(home, plug)
    assert (await settled(home.ports, owner_id, second, timeout_s=0.05)).state is S.ACCEPTED


async def test_of_two_deliverers_one_works(home, plug, wire) -> None:
    deliverers = [Deliverer(home.ports, [wire], name, look_every_s=0.01) for name in ("one", "two")]
    running = [asyncio.create_task(each.run()) for each in deliverers]
    owner_id = home.accounts["ada"].owner_id
    await asyncio.sleep(0.02)

    commands = [await order(home, plug, fields={"is_on": bool(n % 2)}) for n in range(20)]
    for command in commands:
        await settled(home.ports, owner_id, command, timeout_s=5, states=(S.SENT,))

    assert [fields["is_on"] for _, fields in wire.reached] == [bool(n % 2) for n in range(20)]
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


async def test_a_devices_log_lists_its_own_orders_newest_first(home, plug) -> None:
    valve = await home.device("ada", "vicki", "V1", abilities=frozenset({Ability.HEATING_SETPOINT}))
    given = [await order(home, valve, SET_SETPOINT, {"temperature_c": 18 + n}) for n in range(3)]
    await order(home, plug)

    owner_id = home.accounts["ada"].owner_id
    listed = await list_device_commands(home.ports, owner_id, valve.id, since_ms=0, limit=2)

    assert [command.id for command in listed] == [given[2].id, given[1].id]


@pytest.mark.parametrize(
    ("name", "fields", "error"),
    [
        (SET_SETPOINT, {"temperature_c": 21}, Unsupported),
        (SET_RELAY, {}, InvalidInput),
        (SET_RELAY, {"is_on": "yes"}, InvalidInput),
        (SET_RELAY, {"is_on": True, "power": 3}, InvalidInput),
        ("explode", {}, InvalidInput),
        ("netatmo.toggle", {}, Unsupported),
    ],
)
async def test_orders_that_cannot_be_meant_so_are_not_accepted(home, plug, name, fields, error) -> None:
    with pytest.raises(error):
        await order(home, plug, name, fields)

    assert not await list_pending(home.ports, home.accounts["ada"].owner_id)
