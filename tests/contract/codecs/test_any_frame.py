"""Whatever bytes arrive: an answer, never an exception, and the same rules for every model."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator

import msgspec
import pytest

from ownclimate.core.errors import Unsupported
from ownclimate.core.quantities import QUANTITIES
from ownclimate.vendors.mclimate.codecs import FrameTable, decode, models
from ownclimate.vendors.mclimate.codecs.engine import (
    Answer,
    FrameWarning,
    KeepAlive,
    Model,
    Part,
    decode_frame,
)
from ownclimate.vendors.mclimate.codecs.models import MODELS
from tests.contract.codecs.samples import framed, random_answer

FRAMES = 100_000 if os.environ.get("TEST_FULL") else 500
KEEPALIVE = "811BAF4BAB2A129030"


def random_frames(model: str, count: int) -> Iterator[bytes]:
    """Half noise, half rows of codes that the model knows with noise for arguments, some cut short."""
    source = random.Random(f"frames of {model}")
    codes = [*MODELS[model].answers, *(k.code for k in MODELS[model].keepalives)]
    for place in range(count):
        frame = source.randbytes(source.randrange(60))
        if place % 2 and codes:
            parts = [bytes([source.choice(codes)]) + source.randbytes(source.randrange(12)) for _ in range(4)]
            frame = b"".join(parts)[: source.randrange(1, 60)]
        yield frame


def valid_frames(model: str, count: int) -> Iterator[bytes]:
    """Some answers, each once, and the keep-alive."""
    source = random.Random(f"valid frames of {model}")
    codes = list(MODELS[model].answers)
    for _ in range(count):
        chosen = source.sample(codes, min(len(codes), source.randrange(4)))
        yield framed(model, b"".join(random_answer(model, code, source) for code in chosen), source)


@pytest.mark.parametrize("model", models())
def test_no_bytes_make_the_reading_fail(model: str) -> None:
    for frame in random_frames(model, FRAMES):
        decoded = decode(model, frame)

        msgspec.json.encode(decoded)
        assert bool(frame) or decoded.warnings
        assert_nothing_impossible_is_good(model, frame)


@pytest.mark.parametrize("model", models())
def test_a_valid_frame_is_read_to_its_end(model: str) -> None:
    for frame in valid_frames(model, FRAMES):
        decoded = decode(model, frame)

        assert decoded.warnings == (), frame.hex()
        assert decoded.fields
        assert_nothing_impossible_is_good(model, frame)


def assert_nothing_impossible_is_good(model: str, frame: bytes) -> None:
    codec = FrameTable().named(model)
    assert codec is not None
    understood = codec.read(frame)
    for name, value in understood.values.items():
        assert QUANTITIES[name].is_plausible(value) == (name not in understood.implausible)


def test_of_an_unknown_command_nothing_is_read_but_the_keepalive_at_the_end() -> None:
    decoded = decode("vicki", bytes.fromhex("1203" + "9902042643" + KEEPALIVE))

    assert (decoded.fields["keepAliveTime"], decoded.fields["targetTemperature"]) == (3, 27)
    assert "deviceVersions" not in decoded.fields
    assert decoded.warnings == (FrameWarning(kind="unknown_command", offset=2, rest="9902042643"),)


def test_arguments_that_run_past_the_end_are_reported_and_not_read() -> None:
    decoded = decode("vicki", bytes.fromhex("1203" + "0426"))

    assert decoded.fields == {"keepAliveTime": 3}
    assert decoded.warnings == (FrameWarning(kind="truncated_command", offset=2, rest="0426"),)


@pytest.mark.parametrize("length", range(1, 9))
def test_of_a_short_keepalive_the_whole_fields_are_read(length: int) -> None:
    whole = decode("vicki", bytes.fromhex(KEEPALIVE)).fields

    decoded = decode("vicki", bytes.fromhex(KEEPALIVE)[:length])

    assert decoded.fields.items() <= whole.items()
    assert ("targetTemperature" in decoded.fields) == (length > 1)
    assert [warning.kind for warning in decoded.warnings] == ["truncated_keepalive"]


def test_bytes_after_a_keepalive_are_reported() -> None:
    decoded = decode("vicki", bytes.fromhex(KEEPALIVE + "1203"))

    assert "keepAliveTime" not in decoded.fields
    assert decoded.warnings == (FrameWarning(kind="trailing_bytes", offset=9, rest="1203"),)


def test_an_empty_payload_is_an_empty_object_and_a_warning() -> None:
    decoded = decode("vicki", b"")

    assert (decoded.fields, [warning.kind for warning in decoded.warnings]) == ({}, ["empty_payload"])


def test_a_model_without_a_table_says_which_there_are() -> None:
    with pytest.raises(Unsupported, match="vicki"):
        decode("toaster", b"\x01")


@pytest.mark.parametrize(
    ("payload", "target"), [(KEEPALIVE, 27.0), ("520102" + KEEPALIVE, 25.8), ("520102", 25.8)]
)
def test_the_exact_target_wins_over_the_whole_degrees(payload: str, target: float) -> None:
    assert decode("vicki", bytes.fromhex(payload)).fields["targetTemperatureFloat"] == target


@pytest.mark.parametrize(
    ("answer", "field", "value"),
    [
        ("1D0000", "watchDogParams", {"wdpC": False, "wdpUc": False}),
        ("19C6", "joinRetryPeriod", 16.5),
        ("044A41", "deviceVersions", {"hardware": "4A", "software": 41}),
        ("A402", "region", 2),
        ("5411", "temperatureOffset", -1.936),
        ("36057E67", "proportionalGain", 2.74688),
        ("60FD", "deviceTimeZone", -3),
        ("5E64BB5A80", "deviceTime", "22/7/2023 4:26"),
        ("5CFF010301", "heatingSchedule", {"start": "1 month 256", "end": "1 April"}),
        ("6801", "internalAlgoTemporaryState", False),
        ("6203", "autoSetpointRestoreStatus", 30),
        ("2B02", "temperatureControlAlgorithm", "proportionalIntegral"),
    ],
)
def test_an_answer_means_what_the_document_says(answer: str, field: str, value: object) -> None:
    assert decode("vicki", bytes.fromhex(answer)).fields == {field: value}


@pytest.mark.parametrize(
    ("motor", "openness"), [("000010", 0), ("002C02", 100), ("FA2C01", 17), ("2CFA10", -20)]
)
def test_openness_follows_from_the_motors_place_and_range(motor: str, openness: int) -> None:
    assert decode("vicki", bytes.fromhex("811BAF4B" + motor + "9030")).fields["valveOpenness"] == openness


TWO_KEEPALIVES = Model(
    name="two",
    keepalives=(
        KeepAlive(code=0x01, length=3, parts=(Part(last_byte=2, read=lambda b: {"old": b[2]}),)),
        KeepAlive(code=0x81, length=4, parts=(Part(last_byte=3, read=lambda b: {"new": b[3]}),)),
    ),
    answers={
        0x0B: Answer(length=lambda rest: 1 + rest[0] if rest else 1, read=lambda d: {"data": d[1:].hex()})
    },
)
"""A model with two keep-alives of different length and an answer that says how long it is."""


@pytest.mark.parametrize(
    ("frame", "fields"),
    [
        ("0B02AABB" + "010203", {"data": "aabb", "old": 3}),
        ("0B02AABB" + "81020304", {"data": "aabb", "new": 4}),
        ("0BFFAABB" + "81020304", {"new": 4}),
        ("0B", {}),
    ],
)
def test_lengths_that_a_frame_itself_tells_are_followed(frame: str, fields: dict[str, object]) -> None:
    assert decode_frame(TWO_KEEPALIVES, bytes.fromhex(frame)).fields == fields
