"""Random parameters and frames of a model, made from its own table."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from ownclimate.core.errors import InvalidInput
from ownclimate.vendors.mclimate.codecs.commands import Command
from ownclimate.vendors.mclimate.codecs.engine import KeepAlive
from ownclimate.vendors.mclimate.codecs.models import PRODUCTS
from ownclimate.vendors.mclimate.codecs.parameters import Days, Digits, Flag, Hex, Number, Parameter

SHARE_OF_ENDS = 0.25
"""How many of the drawn numbers are the least or the greatest that there is."""

LONGEST_CHUNK = 40
"""Bytes of free length leave room for the rest of a frame."""


def random_value(parameter: Parameter, source: random.Random) -> Any:
    """A value that the parameter takes."""
    if isinstance(parameter, Flag):
        return source.random() < 0.5 if parameter.default is None else parameter.default
    if isinstance(parameter, Digits):
        return source.choice(list(parameter.words))
    if isinstance(parameter, Hex):
        longest = min(parameter.length, LONGEST_CHUNK)
        return source.randbytes(source.randint(parameter.fewest or longest, longest)).hex().upper()
    if isinstance(parameter, Days):
        return {day: source.random() < 0.5 for day in parameter.from_raw(0)}
    assert isinstance(parameter, Number)
    if parameter.words:
        return source.choice(list(parameter.words))
    if not parameter.step:
        return source.uniform(parameter.low, parameter.high)
    if source.random() < SHARE_OF_ENDS:
        return source.choice((parameter.low, parameter.high))
    lowest, highest = round(parameter.low / parameter.step), round(parameter.high / parameter.step)
    return round(source.randint(lowest, highest) * parameter.step, 6)


def random_params(command: Command, source: random.Random) -> dict[str, Any]:
    """Parameters that the command takes, those that depend on one another included."""
    while True:
        params = {p.name: random_value(p, source) for p in command.parameters}
        try:
            command.check(params)
        except InvalidInput:
            continue
        return params


def random_answer(model: str, code: int, source: random.Random) -> bytes:
    """What the model may answer under a code: what can be set, or any bytes where nothing can."""
    product = PRODUCTS[model]
    for command in product.commands:
        if command.answer == code:
            return bytes([code]) + command.write(random_params(command, source))[1:]
    bound = BOUND.get((model, code))
    if bound is not None:
        return bytes([code]) + bound(source)
    answer = product.reading.answers[code]
    rest = source.randbytes(64)
    return bytes([code]) + rest[: answer.length_in(rest)]


def _code_data(source: random.Random) -> bytes:
    return bytes([10]) + source.randbytes(10)


def _heating_events(source: random.Random) -> bytes:
    slots = (bytes([source.randrange(24), source.randrange(60), 0]) + source.randbytes(2) for _ in range(8))
    return bytes([source.randrange(2)]) + b"".join(slots)


BOUND: dict[tuple[str, int], Callable[[random.Random], bytes]] = {
    ("melissa_lorawan", 0x0B): _code_data,
    ("vicki", 0x5A): _heating_events,
}
"""Answers whose bytes are not all free: a length, a group of events."""


def random_keepalive(keepalive: KeepAlive, source: random.Random) -> bytes:
    """Any bytes, some of them the 0 and 1 that most of a device's states are."""
    states = (
        source.choice((source.randrange(256), source.randrange(2))) for _ in range(keepalive.length - 1)
    )
    return bytes([keepalive.code, *states])


T_VALVE_LONG = bytes.fromhex("646304089F")
T_FLOOD = bytes.fromhex("08BE10")


def framed(model: str, answers: bytes, source: random.Random) -> bytes:
    """The answers in a frame with a keep-alive."""
    if model == "t_valve":
        return T_VALVE_LONG + answers
    if model == "t_flood":
        return answers + T_FLOOD
    return answers + random_keepalive(PRODUCTS[model].reading.keepalives[0], source)
