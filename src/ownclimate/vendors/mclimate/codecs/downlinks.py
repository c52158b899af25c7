"""From a command's name to the bytes of a frame, and from those back to the command.

A name is the cloud's (`SetTargetTemperature`), the same in snake case (`set_target_temperature`), or one
that the vendor's clients use for it; parameters go by either spelling too. Nothing leaves here that the
same table does not read back as the command it was made from.

Source: the vendor's documents, "Commands" of each model; names: the builders of npm
mclimate-payload-helper 1.6.0 and the vendor's API reference, "Send a command".
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ownclimate.core.errors import InvalidInput, Unsupported
from ownclimate.vendors.mclimate.codecs.commands import Alias, Command, Product
from ownclimate.vendors.mclimate.codecs.models import product_of
from ownclimate.vendors.mclimate.codecs.names import plain, snake
from ownclimate.vendors.mclimate.codecs.parameters import hex_bytes

DEFAULT_PORT: Final = 1
PORTS: Final = frozenset({1, 2, *range(4, 225)})
"""Class C models take downlinks on these; class A models on any."""

MOST_BYTES: Final = 51
"""What a frame may hold at EU868's slowest data rates, DR0 to DR2."""

CUSTOM: Final = "SendCustomHexCommand"
MASKED: Final = "masked"

COMMAND_NUMBER: Final = "commandnumber"
"""A parameter of every command in the vendor's package, which takes no notice of it either."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Downlink:
    """A frame for a device. `name` is the cloud's, `params` are as the wire carries them, secrets masked.

    Of several commands in one frame `name` joins theirs with `+`, and `params` has them under `commands`.
    One that not `may_be_confirmed` must go out unconfirmed.
    """

    payload: bytes = field(repr=False)
    port: int = DEFAULT_PORT
    name: str
    params: dict[str, Any] = field(default_factory=dict)
    may_be_confirmed: bool = True

    @property
    def hex(self) -> str:
        return self.payload.hex().upper()


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A command that was read out of a frame, with its parameters."""

    command: Command
    values: dict[str, Any]


def encode(
    model: str,
    command: str,
    params: Mapping[str, Any] | None = None,
    *,
    port: int = DEFAULT_PORT,
    firmware: str = "",
) -> Downlink:
    """The frame that tells a device the command. With `firmware` only what that version knows is sent.

    Raises Unsupported for a model without a table and for a command newer or older than the firmware;
    InvalidInput for an unknown command (field `command`), and for a parameter that is unknown, missing
    or out of its range (its name).
    """
    return encode_all(model, [(command, params or {})], port=port, firmware=firmware)


def encode_all(
    model: str,
    orders: Sequence[tuple[str, Mapping[str, Any]]],
    *,
    port: int = DEFAULT_PORT,
    firmware: str = "",
) -> Downlink:
    """Several commands in one frame, in order. Raises what `encode` raises; InvalidInput over 51 bytes."""
    product = product_of(model)
    if port not in PORTS:
        raise InvalidInput("port", f"expected 1, 2, or 4 to {max(PORTS)}, got {port}")
    if not orders:
        raise InvalidInput("command", "expected at least one command")
    if len(orders) > 1 and not product.joins:
        raise InvalidInput("command", f"{model} takes one command a frame")
    parts = [_encoded(product, name, params, port, firmware) for name, params in orders]
    if len(parts) == 1:
        return parts[0]
    payload = b"".join(part.payload for part in parts)
    _check_size(payload)
    return Downlink(
        payload=payload,
        port=port,
        name="+".join(part.name for part in parts),
        params={"commands": [{"name": part.name, "params": part.params} for part in parts]},
        may_be_confirmed=all(part.may_be_confirmed for part in parts),
    )


def read_downlink(model: str, payload: bytes) -> tuple[Order, ...]:
    """The commands in a frame to a device.

    Raises InvalidInput (field `command`) when its bytes are no row of commands that the model knows with
    parameters in their ranges.
    """
    return _read(product_of(model), payload)


def _encoded(product: Product, name: str, params: Mapping[str, Any], port: int, firmware: str) -> Downlink:
    if plain(name) in (plain(CUSTOM), "customhexcommand"):
        return _custom(product, params, port)
    forms, alias = _forms(product, name)
    known = [form for form in forms if not firmware or is_known(form, firmware)]
    if not known:
        raise Unsupported("firmware", f"{forms[0].name} {_versions(forms)}, the device has {firmware}")
    command, values = _fitting(known, alias, params)
    payload = command.write(values)
    _check_size(payload)
    _check_read_back(payload, command, values)
    shown = {
        parameter.name: MASKED if parameter.is_secret else values[parameter.name]
        for parameter in command.parameters
    }
    return Downlink(
        payload=payload,
        port=port,
        name=command.name,
        params=shown,
        may_be_confirmed=command.may_be_confirmed,
    )


def _custom(product: Product, params: Mapping[str, Any], port: int) -> Downlink:
    """Bytes as given, when they are commands of the model."""
    given = {plain(name): value for name, value in params.items()}
    surplus = given.keys() - {"command"}
    if surplus:
        raise InvalidInput(min(surplus), f"{CUSTOM} takes command and nothing else")
    if "command" not in given:
        raise InvalidInput("command", f"is missing: {CUSTOM} takes hexadecimal digits")
    payload = hex_bytes(given["command"])
    if not payload:
        raise InvalidInput("command", "expected pairs of hexadecimal digits, such as 0412")
    _check_size(payload)
    orders = _read(product, payload)
    is_secret = any(parameter.is_secret for order in orders for parameter in order.command.parameters)
    return Downlink(
        payload=payload,
        port=port,
        name=CUSTOM,
        params={"command": MASKED if is_secret else payload.hex().upper()},
        may_be_confirmed=all(order.command.may_be_confirmed for order in orders),
    )


def _forms(product: Product, name: str) -> tuple[list[Command], Alias]:
    """The commands of that name, and the name they were found by."""
    found = _by_name(product.name).get(plain(name))
    if found is None:
        names = dict.fromkeys(snake(command.name) for command in product.commands)
        raise InvalidInput(
            "command", f"{product.name} has no command {name!r:.60}; it has {', '.join(names)}"
        )
    return found


@functools.cache
def _by_name(model: str) -> dict[str, tuple[list[Command], Alias]]:
    """By plain name, its own or an alias, the commands and the name they are found by."""
    forms: dict[str, list[Command]] = {}
    for command in product_of(model).commands:
        forms.setdefault(command.name, []).append(command)
    found = {
        plain(alias.name): (forms[command.name], alias)
        for command in product_of(model).commands
        for alias in command.aliases
    }
    return found | {plain(name): (commands, Alias(name=name)) for name, commands in forms.items()}


def _fitting(
    forms: Sequence[Command], alias: Alias, params: Mapping[str, Any]
) -> tuple[Command, dict[str, Any]]:
    """The first form that can carry the parameters. The complaint is the last form's, the widest."""
    for form in forms[:-1]:
        try:
            return form, _accepted(form, alias, params)
        except InvalidInput:
            continue
    return forms[-1], _accepted(forms[-1], alias, params)


def _accepted(command: Command, alias: Alias, params: Mapping[str, Any]) -> dict[str, Any]:
    ours = {plain(parameter.name): parameter.name for parameter in command.parameters}
    ours |= {plain(theirs): name for theirs, name in alias.parameters.items()}
    given: dict[str, Any] = {}
    for name, value in params.items():
        meant = ours.get(plain(name))
        if plain(name) == COMMAND_NUMBER:
            continue
        if meant is None:
            takes = ", ".join(parameter.name for parameter in command.parameters) or "none"
            raise InvalidInput(name, f"{command.name} has no such parameter; it takes {takes}")
        if meant in given:
            raise InvalidInput(name, f"{meant} is given twice")
        given[meant] = value
    values = {}
    for parameter in command.parameters:
        value = given.get(parameter.name, parameter.default)
        if value is None:
            raise InvalidInput(parameter.name, f"is missing: {command.name} needs it")
        values[parameter.name] = parameter.accept(value)
    command.check(values)
    return values


def _read(product: Product, payload: bytes) -> tuple[Order, ...]:
    by_code: dict[int, list[Command]] = {}
    for command in product.commands:
        by_code.setdefault(command.code, []).append(command)
    orders = []
    offset = 0
    while offset < len(payload):
        commands = by_code.get(payload[offset])
        if commands is None:
            code = f"{payload[offset]:02X}"
            raise InvalidInput("command", f"{product.name} has no command {code} (byte {offset})")
        order, length = _first_read(commands, payload[offset + 1 :])
        orders.append(order)
        offset += 1 + length
    return tuple(orders)


def _first_read(commands: Sequence[Command], rest: bytes) -> tuple[Order, int]:
    """The first of the commands under one code that the bytes can be. The complaint is the last one's."""
    for command in commands[:-1]:
        try:
            return _one_read(command, rest)
        except InvalidInput:
            continue
    return _one_read(commands[-1], rest)


def _one_read(command: Command, rest: bytes) -> tuple[Order, int]:
    read = command.read(rest)
    if read is None:
        raise InvalidInput("command", f"{command.name} is cut short")
    values, length = read
    accepted = {p.name: p.accept(values[p.name]) for p in command.parameters}
    command.check(accepted)
    return Order(command=command, values=accepted), length


def _check_read_back(payload: bytes, command: Command, values: Mapping[str, Any]) -> None:
    """A frame that would say something else than was meant never leaves."""
    order, length = _one_read(command, payload[1:])
    is_whole = payload[0] == command.code and 1 + length == len(payload)
    for parameter in command.parameters:
        if not is_whole or not parameter.is_near(values[parameter.name], order.values[parameter.name]):
            raise InvalidInput(parameter.name, f"{command.name} cannot carry this value")


def _check_size(payload: bytes) -> None:
    if len(payload) > MOST_BYTES:
        raise InvalidInput("command", f"expected at most {MOST_BYTES} bytes a frame, got {len(payload)}")


def is_known(command: Command, firmware: str) -> bool:
    """Whether a device with the firmware (`4.3`) knows the command."""
    has = version(firmware)
    return has >= version(command.since) and (not command.until or has < version(command.until))


def version(text: str) -> tuple[int, ...]:
    """`4.3` as (4, 3); digits that are not decimal count as 0, as does no version at all."""
    return tuple(int(part) if part.isdecimal() else 0 for part in text.split(".")) if text else (0,)


def _versions(forms: Sequence[Command]) -> str:
    since = min((form.since for form in forms), key=version)
    until = max((form.until for form in forms), key=version)
    told = [f"needs firmware {since} or later"] if since else []
    return " and ".join(told + ([f"is gone from firmware {until} on"] if until else []))
