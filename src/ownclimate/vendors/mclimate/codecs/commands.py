"""Rows of the models' tables: what can be set and asked, and how the answer says it.

A `Setting` is both ways of one thing: the command that sets it, the one that asks for it, and the answer,
which carries the same argument bytes. So the table that writes a frame is the one that reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ownclimate.core.errors import InvalidInput
from ownclimate.vendors.mclimate.codecs.arguments import Argument, Plain, Values, byte
from ownclimate.vendors.mclimate.codecs.engine import (
    Answer,
    Decoded,
    Fields,
    KeepAlive,
    Model,
    answers_then_keepalive,
)
from ownclimate.vendors.mclimate.codecs.extractors import COMMON_ANSWERS
from ownclimate.vendors.mclimate.codecs.parameters import Digits, Number, Parameter, whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """Another name for a command, with the names that its parameters go by there (theirs → ours)."""

    name: str
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """An order to a device: a code byte and its arguments.

    Several may share a `name`, from the narrowest to the widest: the first that can carry the parameters
    is sent (whole degrees, else tenths). `since` and `until` are the firmware versions between which the
    device knows it, `until` exclusive; empty is any. `answer` is the code under which the device tells
    the same bytes when asked. Not `may_be_confirmed` is what a device would repeat if its receipt got
    lost on the way. `check` looks at parameters that depend on one another. `shows` tells of one that has
    no `answer` whether a later uplink's fields show it done; it raises KeyError where they say nothing.
    """

    name: str
    code: int
    arguments: tuple[Argument, ...] = ()
    aliases: tuple[Alias, ...] = ()
    since: str = ""
    until: str = ""
    answer: int | None = None
    may_be_confirmed: bool = True
    check: Callable[[Values], None] = lambda values: None
    shows: Callable[[Values, Fields], bool] | None = None

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        return tuple(parameter for argument in self.arguments for parameter in argument.parameters)

    def write(self, values: Values) -> bytes:
        return bytes([self.code]) + b"".join(argument.write(values) for argument in self.arguments)

    def read(self, rest: bytes) -> tuple[dict[str, Any], int] | None:
        """The parameters in the bytes after the code, and how many bytes those are; None if cut short."""
        values: dict[str, Any] = {}
        offset = 0
        for argument in self.arguments:
            end = offset + argument.length_in(rest[offset:])
            if end > len(rest):
                return None
            values.update(argument.read(rest[offset:end]))
            offset = end
        return values, offset


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What can be set and asked. `told` reads the answer where it is not just the parameters again."""

    set: Command
    get: Command
    told: Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a device tells and nobody sets; `get` is None where it only tells of itself."""

    code: int
    told: Answer
    get: Command | None = None


Row = Command | Setting | Asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A model's whole table: how its frames are read, and what it can be told.

    Of one that is not `joins` every frame is one command, of a length of its own. An experimental one is
    known from the vendor's package alone; nobody could try it.
    """

    reading: Model
    commands: tuple[Command, ...]
    joins: bool = True
    is_experimental: bool = False

    @property
    def name(self) -> str:
        return self.reading.name


def product(
    name: str,
    *,
    keepalives: tuple[KeepAlive, ...],
    rows: Iterable[Row],
    finish: Callable[[Fields], None] | None = None,
    frame: Callable[[Model, bytes], Decoded] = answers_then_keepalive,
    joins: bool = True,
    is_experimental: bool = False,
) -> Product:
    """The table of a model; of two rows for one code the later holds."""
    rows = tuple(rows)
    return Product(
        reading=Model(name=name, keepalives=keepalives, answers=answers(rows), finish=finish, frame=frame),
        commands=commands(rows),
        joins=joins,
        is_experimental=is_experimental,
    )


def setting(
    name: str,
    set_code: int,
    get_code: int,
    said_as: str,
    *arguments: Argument,
    told: Answer | None = None,
    aliases: tuple[Alias, ...] = (),
    get_name: str = "",
    get_aliases: tuple[str, ...] = (),
    since: str = "",
    get_since: str = "",
    check: Callable[[Values], None] = lambda values: None,
) -> Setting:
    """`Set<name>` and `Get<name>`; the answer is the field `said_as`: the parameter, or all by name.

    `get_since` is the firmware that answers, where it is newer than the one that can be told.
    """
    return Setting(
        set=Command(
            name=f"Set{name}",
            code=set_code,
            arguments=arguments,
            aliases=aliases,
            since=since,
            answer=get_code,
            check=check,
        ),
        get=Command(
            name=get_name or f"Get{name}",
            code=get_code,
            aliases=tuple(Alias(name=alias) for alias in get_aliases),
            since=get_since or since,
        ),
        told=told or answer_of(said_as, arguments),
    )


def asked(name: str, code: int, told: Answer, *, since: str = "") -> Asked:
    """`Get<name>` and its answer."""
    return Asked(code=code, told=told, get=Command(name=f"Get{name}", code=code, since=since))


def told(code: int, answer: Answer) -> Asked:
    """What the device tells unasked."""
    return Asked(code=code, told=answer)


def answer_of(name: str, arguments: tuple[Argument, ...]) -> Answer:
    """An answer that says the parameters of the command again: one under `name`, several within it."""
    if len(arguments) == 1 and isinstance(arguments[0], Plain):
        plain = arguments[0]
        value_of, order = plain.parameter.from_raw, plain.order
        return Answer(length=plain.length, read=lambda data: {name: value_of(int.from_bytes(data, order))})
    lengths = tuple(argument.length_in(b"") for argument in arguments)
    is_single = sum(len(argument.parameters) for argument in arguments) == 1

    def read(data: bytes) -> Fields:
        values: dict[str, Any] = {}
        offset = 0
        for argument, length in zip(arguments, lengths, strict=True):
            values.update(argument.read(data[offset : offset + length]))
            offset += length
        return {name: next(iter(values.values())) if is_single else values}

    return Answer(length=sum(lengths), read=read)


def answers(rows: Iterable[Row]) -> dict[int, Answer]:
    """By code what a device with these rows answers."""
    found: dict[int, Answer] = {}
    for row in rows:
        if isinstance(row, Setting):
            found[row.get.code] = row.told
        elif isinstance(row, Asked):
            found[row.code] = row.told
    return found


def commands(rows: Iterable[Row]) -> tuple[Command, ...]:
    """What a device with these rows can be told, in the order of the rows."""
    found: list[Command] = []
    for row in rows:
        if isinstance(row, Setting):
            found += (row.set, row.get)
        elif isinstance(row, Asked):
            found += (row.get,) if row.get else ()
        else:
            found.append(row)
    return tuple(found)


def ascending(low: str, high: str, *, apart: float = 0) -> Callable[[Values], None]:
    """A check that one parameter is not above another, and at least `apart` below it."""

    def check(values: Values) -> None:
        if values[high] - values[low] < apart:
            least = f"at least {apart:g} above {low}" if apart else f"not below {low}"
            raise InvalidInput(high, f"expected {least} ({values[low]:g}), got {values[high]:g}")

    return check


UPLINK_TYPES = {"00": "unconfirmed", "01": "confirmed"}
MOST_JOIN_RETRY_MIN = 255 * 5 / 60

KEEP_ALIVE_MIN = whole("time", 1, 255, "min")
JOIN_RETRY_MIN = Number(name="period", low=1, high=MOST_JOIN_RETRY_MIN, step=0, per=60 / 5, unit="min")
UPLINK_TYPE = Digits(name="type", words=UPLINK_TYPES)
WATCH_DOG = (
    byte(whole("confirmedUplinks", 0, 255, "uplinks")),
    byte(whole("unconfirmedUplinks", 0, 255, "h")),
)

KEEP_ALIVE_NAMES = (Alias(name="SetKeepAliveTime"),)


def join_retry(set_code: int, get_code: int) -> Setting:
    return setting(
        "JoinRetryPeriod",
        set_code,
        get_code,
        "joinRetryPeriod",
        byte(JOIN_RETRY_MIN),
        told=COMMON_ANSWERS[0x19],
    )


def uplink_type(set_code: int, get_code: int) -> Setting:
    return setting("UplinkType", set_code, get_code, "uplinkType", byte(UPLINK_TYPE))


def watch_dog(set_code: int, get_code: int) -> Setting:
    return setting(
        "WatchDogParams", set_code, get_code, "watchDogParams", *WATCH_DOG, told=COMMON_ANSWERS[0x1D]
    )


KEEP_ALIVE = setting(
    "KeepAlive",
    0x02,
    0x12,
    "keepAliveTime",
    byte(KEEP_ALIVE_MIN),
    aliases=KEEP_ALIVE_NAMES,
    get_name="GetKeepAliveTime",
    get_aliases=("GetKeepAlive",),
)
VERSIONS = asked("DeviceVersion", 0x04, COMMON_ANSWERS[0x04])
REGION = asked("Region", 0xA4, COMMON_ANSWERS[0xA4])
UNASKED = (told(0xA0, COMMON_ANSWERS[0xA0]), told(0xA6, COMMON_ANSWERS[0xA6]))

COMMON: tuple[Row, ...] = (
    KEEP_ALIVE,
    VERSIONS,
    join_retry(0x10, 0x19),
    uplink_type(0x11, 0x1B),
    watch_dog(0x1C, 0x1D),
    REGION,
    *UNASKED,
)
"""What nearly every model has. Source: the vendor's documents, "Commands" of each model."""


def restart(*, since: str = "", name: str = "RestartDevice", also: tuple[str, ...] = ()) -> Command:
    """Not a factory reset. Confirmed, it would come again and again: a restart forgets the receipt."""
    return Command(
        name=name,
        code=0xA5,
        aliases=tuple(Alias(name=alias) for alias in also),
        since=since,
        may_be_confirmed=False,
    )
