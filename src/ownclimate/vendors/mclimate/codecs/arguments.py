"""Where the parameters of a command lie in its argument bytes. Both ways, so that what is sent can be read.

Reading takes exactly the bytes that `length_in` told and never fails.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from ownclimate.core.errors import InvalidInput
from ownclimate.vendors.mclimate.codecs.parameters import Hex, Number, Parameter

Values = Mapping[str, Any]


class Argument(Protocol):
    @property
    def parameters(self) -> tuple[Parameter, ...]: ...

    def length_in(self, rest: bytes) -> int:
        """How many bytes of `rest` are this argument's; may be more than there are."""
        ...

    def write(self, values: Values) -> bytes: ...

    def read(self, data: bytes) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Plain:
    """One parameter in whole bytes of its own."""

    parameter: Parameter
    length: int = 1
    order: Literal["big", "little"] = "big"

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        return (self.parameter,)

    def length_in(self, rest: bytes) -> int:
        return self.length

    def write(self, values: Values) -> bytes:
        raw = self.parameter.to_raw(values[self.parameter.name])
        try:
            return raw.to_bytes(self.length, self.order)
        except OverflowError as error:
            raise InvalidInput(self.parameter.name, "has no room in the frame") from error

    def read(self, data: bytes) -> dict[str, Any]:
        return {self.parameter.name: self.parameter.from_raw(int.from_bytes(data, self.order))}


@dataclass(frozen=True, slots=True)
class Bits:
    """A parameter in some bits of a `Packed` argument.

    `spans` are (place, width) of its pieces, its own lowest bits first; place counts from the argument's
    lowest bit. Without spans it can only be said to be 0.
    """

    parameter: Parameter
    spans: tuple[tuple[int, int], ...]

    def scatter(self, raw: int) -> int:
        bits = 0
        for place, width in self.spans:
            bits |= (raw & ((1 << width) - 1)) << place
            raw >>= width
        if raw:
            raise InvalidInput(self.parameter.name, "has no room in the frame")
        return bits

    def gather(self, bits: int) -> int:
        raw = 0
        shift = 0
        for place, width in self.spans:
            raw |= (bits >> place & ((1 << width) - 1)) << shift
            shift += width
        return raw


@dataclass(frozen=True, slots=True)
class Packed:
    """Several parameters that share bytes."""

    length: int
    fields: tuple[Bits, ...]

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        return tuple(bits.parameter for bits in self.fields)

    def length_in(self, rest: bytes) -> int:
        return self.length

    def write(self, values: Values) -> bytes:
        bits = 0
        for field in self.fields:
            bits |= field.scatter(field.parameter.to_raw(values[field.parameter.name]))
        return bits.to_bytes(self.length, "big")

    def read(self, data: bytes) -> dict[str, Any]:
        bits = int.from_bytes(data, "big")
        return {field.parameter.name: field.parameter.from_raw(field.gather(bits)) for field in self.fields}


@dataclass(frozen=True, slots=True)
class SignAndSize:
    """A number whose sign has a byte of its own, 1 for less than 0, before the byte of its size."""

    parameter: Number

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        return (self.parameter,)

    def length_in(self, rest: bytes) -> int:
        return 2

    def write(self, values: Values) -> bytes:
        value = values[self.parameter.name]
        return bytes([value < 0, self.parameter.to_raw(abs(value))])

    def read(self, data: bytes) -> dict[str, Any]:
        size = self.parameter.from_raw(data[1])
        return {self.parameter.name: -size if data[0] else size}


@dataclass(frozen=True, slots=True)
class Constant:
    """Bytes that are always the same. Those read are not looked at: they say nothing."""

    data: bytes

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        return ()

    def length_in(self, rest: bytes) -> int:
        return len(self.data)

    def write(self, values: Values) -> bytes:
        return self.data

    def read(self, data: bytes) -> dict[str, Any]:
        return {}


@dataclass(frozen=True, slots=True)
class Chunk:
    """A length byte, a place in the device's memory, and bytes that belong there; the length counts both."""

    place: Number
    data: Hex

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        return (self.place, self.data)

    def length_in(self, rest: bytes) -> int:
        return 1 + max(rest[0], 2) if rest else 1

    def write(self, values: Values) -> bytes:
        data = bytes.fromhex(values[self.data.name])
        return bytes([2 + len(data)]) + int(values[self.place.name]).to_bytes(2, "big") + data

    def read(self, data: bytes) -> dict[str, Any]:
        return {self.place.name: int.from_bytes(data[1:3], "big"), self.data.name: data[3:].hex().upper()}


def byte(parameter: Parameter) -> Plain:
    return Plain(parameter)


def word(parameter: Parameter) -> Plain:
    """Two bytes, the high one first."""
    return Plain(parameter, 2)


def bits(parameter: Parameter, *spans: tuple[int, int]) -> Bits:
    return Bits(parameter, spans)
