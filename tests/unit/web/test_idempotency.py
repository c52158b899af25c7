"""A request under an `Idempotency-Key` is done once, and answered alike however often it is sent."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import msgspec
import pytest

from ownclimate.core.errors import Unreachable
from ownclimate.core.partitions import month_partition
from ownclimate.web import idempotency
from ownclimate.web.call import Answer, Call
from ownclimate.web.idempotency import LIFE_MS, LONGEST_ANSWER_MS, MAX_KEPT_BYTES, forget_answers
from ownclimate.web.tables import BodyKind, Place, Success
from tests.fakes.households import Households, memory_ports
from tests.unit.web.dialects import row, toy

DAY_S = LIFE_MS / 1000
TOO_LONG = "x" * (MAX_KEPT_BYTES + 1)


class Wish(msgspec.Struct, kw_only=True):
    name: Annotated[str, Place.BODY] = ""


class Made(msgspec.Struct):
    number: int
    name: str


class Workshop:
    """Makes a thing at every request that reaches it, unless it is out of order."""

    def __init__(self) -> None:
        self.made: list[str] = []
        self.trouble: Exception | None = None
        self.is_open = asyncio.Event()
        self.is_open.set()

    async def make(self, call: Call, wish: Wish) -> Answer:
        await self.is_open.wait()
        if self.trouble is not None:
            raise self.trouble
        self.made.append(wish.name)
        body = Made(len(self.made), wish.name)
        return Answer(body=body, headers=(("location", f"/toy/{len(self.made)}"),))


@pytest.fixture
def workshop() -> Workshop:
    return Workshop()


@pytest.fixture
async def homes(clock, entropy) -> Households:
    homes = Households(memory_ports(clock, entropy))
    await homes.add("ada")
    await homes.add("ben")
    return homes


@pytest.fixture
def post(homes, workshop):
    made = Success(status=201, item=Made, headers=("Location",))
    rows = [
        row(
            path,
            workshop.make,
            methods=("POST",),
            params=Wish,
            bodies=(BodyKind.JSON,),
            successes=(made,),
            is_public=False,
            is_repeatable=is_repeatable,
            errors=(409,),
        )
        for path, is_repeatable in (("/toy/once", False), ("/toy/again", True))
    ]
    client = homes.client(toy(*rows))

    async def send(name: str, key: str = "k1", who: str = "ada", path: str = "/toy/once") -> Any:
        headers = {"authorization": f"Bearer {who}", "idempotency-key": key}
        return await client.request("POST", path, json_body={"name": name}, headers=headers)

    return send


def told(answer: Any) -> tuple[int, dict[str, str], bytes]:
    return answer.status, {n: v for n, v in answer.headers.items() if n != "x-request-id"}, answer.body


async def test_the_same_request_is_answered_again_as_it_was_and_done_once(post, workshop, clock) -> None:
    first = await post("a")
    clock.advance(DAY_S - 1)
    again = await post("a")

    assert (first.status, first.headers["location"]) == (201, "/toy/1")
    assert told(again) == told(first)
    assert workshop.made == ["a"]


async def test_another_request_under_the_key_is_refused(post, workshop) -> None:
    await post("a")

    assert (await post("b")).status == 409
    assert workshop.made == ["a"]


@pytest.mark.parametrize(
    "other", [{"key": "k2"}, {"who": "ben"}, {"path": "/toy/again"}, {"key": ""}], ids=str
)
async def test_a_key_is_its_clients_and_only_for_what_may_not_be_repeated(post, workshop, other) -> None:
    await post("a")

    answers = [await post("b", **other), await post("a", **other) if "path" in other else None]

    assert answers[0].status == 201
    assert workshop.made == ["a", "b", *(["a"] if answers[1] else [])]


async def test_after_a_day_the_key_is_as_good_as_new(post, workshop, clock) -> None:
    await post("a")
    clock.advance(DAY_S)

    assert (await post("b")).status == 201
    assert workshop.made == ["a", "b"]


async def test_what_was_refused_can_be_tried_again(post, workshop) -> None:
    workshop.trouble = Unreachable("not now")
    assert (await post("a")).status == 503
    workshop.trouble = None

    assert (await post("a")).status == 201


async def test_a_twin_waits_for_the_first_and_gets_its_answer(post, workshop) -> None:
    workshop.is_open.clear()
    first, second = asyncio.create_task(post("a")), asyncio.create_task(post("a"))
    await asyncio.sleep(2 * idempotency.LOOK_AGAIN_S)
    workshop.is_open.set()

    assert told(await first) == told(await second)
    assert workshop.made == ["a"]


async def test_a_twin_that_waited_long_enough_is_told_to_come_back(post, workshop, monkeypatch) -> None:
    monkeypatch.setattr(idempotency, "PATIENCE_S", 0.0)
    workshop.is_open.clear()
    first = asyncio.create_task(post("a"))
    await asyncio.sleep(0.01)

    assert (await post("a")).status == 409
    workshop.is_open.set()
    assert (await first).status == 201


async def test_a_request_that_a_dead_server_began_is_begun_anew(post, workshop, clock) -> None:
    workshop.is_open.clear()
    first = asyncio.create_task(post("a"))
    await asyncio.sleep(0.01)
    first.cancel()
    workshop.is_open.set()
    clock.advance(LONGEST_ANSWER_MS / 1000)

    assert (await post("a")).status == 201
    assert workshop.made == ["a"]


async def test_an_answer_too_long_to_keep_is_given_once_and_its_request_done_once(post, workshop) -> None:
    assert (await post(TOO_LONG)).status == 201

    assert (await post(TOO_LONG)).status == 409
    assert len(workshop.made) == 1


@pytest.mark.parametrize("key", ["x" * 256, "a\tb"], ids=["too long", "a tab"])
async def test_a_key_that_is_none_is_refused(post, workshop, key) -> None:
    assert (await post("a", key=key)).status == 400
    assert workshop.made == []


async def test_answers_are_forgotten_when_their_day_is_over(homes, post, clock) -> None:
    for place in range(3):
        await post("a", key=f"early {place}")
    clock.advance(DAY_S / 2)
    await post("a", key="late")
    clock.advance(DAY_S / 2)

    assert await forget_answers(homes.ports) == 3
    assert await forget_answers(homes.ports) == 0
    owner_id = homes.accounts["ada"].owner_id
    partition = month_partition(owner_id, idempotency.KIND, clock.now_ms())
    assert len(await homes.ports.directory.scan(partition, idempotency.TABLE)) == 1
