"""Reading an uplink by its model's table.

A frame is a row of commands, one code byte and that code's fixed count of argument bytes, and last the
keep-alive. Nothing marks an end, so a frame is only readable with the table of its model. No bytes make
the reading fail: what cannot be read is named in a warning.

Source: the vendor's device documents, "Decoding and bit description" of each model (github.com/MClimate/docs
at 6f04fe9), and npm mclimate-payload-helper 1.6.0 where the documents are silent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

Fields = dict[str, Any]
"""Decoded values by the vendor's canonical field names; JSON types only."""

UNKNOWN_COMMAND: Final = "unknown_command"
TRUNCATED_COMMAND: Final = "truncated_command"
TRUNCATED_KEEPALIVE: Final = "truncated_keepalive"
TRAILING_BYTES: Final = "trailing_bytes"
EMPTY_PAYLOAD: Final = "empty_payload"


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameWarning:
    """Bytes that were passed over: from where in the frame, and which, as upper-case hex."""

    kind: str
    offset: int = 0
    rest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    fields: Fields
    warnings: tuple[FrameWarning, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a device sends under a code: `length` argument bytes, which `read` turns into fields.

    A `length` that depends on the first arguments is a function of everything after the code; it may
    return more than there is, never raise.
    """

    length: int | Callable[[bytes], int]
    read: Callable[[bytes], Fields]

    def length_in(self, rest: bytes) -> int:
        return self.length if isinstance(self.length, int) else self.length(rest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Fields of a keep-alive that need its bytes up to and with `last_byte`; byte 0 is the code."""

    last_byte: int
    read: Callable[[bytes], Fields]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepAlive:
    """The periodic report: recognised by its code, `length` bytes with it."""

    code: int
    length: int
    parts: tuple[Part, ...]

    def is_exactly(self, frame: bytes, offset: int) -> bool:
        """Whether what is left of the frame is this and nothing else."""
        return len(frame) - offset == self.length and frame[offset] == self.code

    def read(self, frame: bytes) -> Fields:
        """The fields of which every byte is there."""
        fields: Fields = {}
        there = len(frame)
        for part in self.parts:
            if part.last_byte < there:
                fields |= part.read(frame)
        return fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A device model's frames. `finish` adds fields that follow from several others.

    `frame` is the rule by which a frame falls into its pieces, for the few models with one of their own.
    """

    name: str
    keepalives: tuple[KeepAlive, ...]
    answers: Mapping[int, Answer]
    finish: Callable[[Fields], None] | None = None
    frame: Callable[[Model, bytes], Decoded] = field(
        default=lambda model, frame: answers_then_keepalive(model, frame)
    )


def decode_frame(model: Model, frame: bytes) -> Decoded:
    """Never raises, whatever the bytes."""
    if not frame:
        return Decoded(fields={}, warnings=(FrameWarning(kind=EMPTY_PAYLOAD),))
    decoded = model.frame(model, frame)
    if model.finish is not None:
        model.finish(decoded.fields)
    return decoded


def answers_then_keepalive(model: Model, frame: bytes) -> Decoded:
    """The common rule: a keep-alive alone, or answers and, when there was room for it, a keep-alive.

    After an unknown code the place of the next command cannot be known; only a keep-alive at the very
    end can still be told by its length. Of a code with keep-alives of several lengths the longest that
    fits is meant.
    """
    keepalive = leading_keepalive(model, frame)
    if keepalive is not None:
        return keepalive_alone(keepalive, frame)
    fields: Fields = {}
    offset = 0
    while offset < len(frame):
        tail = next((k for k in model.keepalives if k.is_exactly(frame, offset)), None)
        if tail is not None:
            fields |= tail.read(frame[offset:])
            return Decoded(fields=fields)
        end = read_answer(model, frame, offset, fields)
        if isinstance(end, str):
            return after_stop(model, frame, offset, fields, end)
        offset = end
    return Decoded(fields=fields)


def leading_keepalive(model: Model, frame: bytes) -> KeepAlive | None:
    """The keep-alive that the frame begins with: the longest that fits, else the shortest there is."""
    found = [keepalive for keepalive in model.keepalives if keepalive.code == frame[0]]
    whole = [keepalive for keepalive in found if keepalive.length <= len(frame)]
    if whole:
        return max(whole, key=_length) if len(whole) > 1 else whole[0]
    return min(found, key=_length) if found else None


def keepalive_alone(keepalive: KeepAlive, frame: bytes) -> Decoded:
    if len(frame) == keepalive.length:
        return Decoded(fields=keepalive.read(frame))
    fields = keepalive.read(frame[: keepalive.length])
    if len(frame) < keepalive.length:
        return Decoded(fields=fields, warnings=(passed_over(TRUNCATED_KEEPALIVE, 0, frame),))
    rest = frame[keepalive.length :]
    return Decoded(fields=fields, warnings=(passed_over(TRAILING_BYTES, keepalive.length, rest),))


def read_answer(model: Model, frame: bytes, offset: int, fields: Fields) -> int | str:
    """Adds the answer at the offset to the fields and says where it ends, or why it cannot be read."""
    answer = model.answers.get(frame[offset])
    if answer is None:
        return UNKNOWN_COMMAND
    first = offset + 1
    end = first + answer.length_in(frame[first:])
    if end > len(frame):
        return TRUNCATED_COMMAND
    fields |= answer.read(frame[first:end])
    return end


def after_stop(model: Model, frame: bytes, offset: int, fields: Fields, kind: str) -> Decoded:
    for keepalive in model.keepalives:
        start = len(frame) - keepalive.length
        if start > offset and frame[start] == keepalive.code:
            fields |= keepalive.read(frame[start:])
            return Decoded(fields=fields, warnings=(passed_over(kind, offset, frame[offset:start]),))
    return Decoded(fields=fields, warnings=(passed_over(kind, offset, frame[offset:]),))


def passed_over(kind: str, offset: int, rest: bytes) -> FrameWarning:
    return FrameWarning(kind=kind, offset=offset, rest=rest.hex().upper())


def _length(keepalive: KeepAlive) -> int:
    return keepalive.length
