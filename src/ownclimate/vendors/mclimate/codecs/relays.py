"""The 16 A switches, class C: 16ASPM, which measures, and 16ADS, whose contact is dry.

Source: the vendor's documents of the two; the timers and what they tell are from npm
mclimate-payload-helper 1.6.0 alone, which names the clearing of the energy and does not build it.
"""

from __future__ import annotations

from ownclimate.vendors.mclimate.codecs import parts
from ownclimate.vendors.mclimate.codecs.arguments import Constant, byte, word
from ownclimate.vendors.mclimate.codecs.blocks import SWITCH
from ownclimate.vendors.mclimate.codecs.commands import (
    COMMON,
    Alias,
    Command,
    Row,
    asked,
    product,
    restart,
    setting,
    told,
)
from ownclimate.vendors.mclimate.codecs.engine import Answer, KeepAlive, Part
from ownclimate.vendors.mclimate.codecs.extractors import flag as said_flag
from ownclimate.vendors.mclimate.codecs.extractors import number, record, unsigned
from ownclimate.vendors.mclimate.codecs.parameters import choice, flag, whole

LOWEST_TRIGGER_C = 30
HIGHEST_TRIGGER_C = 100


def _timer(name: str, set_code: int, get_code: int, said_as: str, unit: str) -> Row:
    return setting(
        name,
        set_code,
        get_code,
        said_as,
        byte(choice("state", *SWITCH)),
        word(whole("time", 0, 65_535, unit)),
    )


def _events(name: str, what: str, length: int) -> Answer:
    """How often it happened, and the value at the last time."""
    return record(name, 1 + length, lambda d: {"events": d[0], what: unsigned(d[1:])})


_BOTH: tuple[Row, ...] = (
    *COMMON,
    setting(
        "RelayState",
        0xC1,
        0xB1,
        "relayState",
        byte(flag("state")),
        told=said_flag("relayState", true=1),
    ),
    setting(
        "OverheatingThresholds",
        0x1E,
        0x1F,
        "overheatingThresholds",
        byte(whole("trigger", LOWEST_TRIGGER_C, HIGHEST_TRIGGER_C, "°C")),
        byte(whole("recovery", LOWEST_TRIGGER_C, HIGHEST_TRIGGER_C, "°C")),
    ),
    _timer("RelayTimerInMilliseconds", 0x55, 0x56, "relayTimerInMilliseconds", "ms"),
    _timer("RelayTimerInSeconds", 0x57, 0x58, "relayTimerInSeconds", "s"),
    asked("RelayStateChangeReason", 0x54, number("relayStateChangeReason")),
    setting(
        "AfterOverheatingProtectionRecovery",
        0x59,
        0x5A,
        "afterOverheatingProtectionRecovery",
        byte(choice("state", "last", "off")),
    ),
    setting("LedIndicationMode", 0x5B, 0x5C, "ledIndicationMode", byte(choice("mode", *SWITCH))),
    setting(
        "RelayRecoveryState", 0x5E, 0x5F, "relayRecoveryState", byte(choice("state", "last", "on", "off"))
    ),
    told(0x5D, number("manualChangeRelayState")),
    asked("OverheatingEvents", 0x60, _events("overheatingEvents", "temperature", 1)),
    asked("OverheatingRecoveryTime", 0x70, number("overheatingRecoveryTime", 2)),
)


def _temperature(name: str) -> Answer:
    return Answer(length=1, read=lambda d: {name: parts.signed_size(d[0])})


_MEASURING: tuple[Row, ...] = (
    setting(
        "OvervoltageThresholds",
        0x20,
        0x21,
        "overvoltageThresholds",
        # The factory's trigger is 275 V, beyond what the package takes.
        word(whole("trigger", 1, 65_535, "V")),
        byte(whole("recovery", 1, 255, "V")),
    ),
    setting("OvercurrentThreshold", 0x22, 0x23, "overcurrentThreshold", byte(whole("current", 1, 16, "A"))),
    setting("OverpowerThreshold", 0x24, 0x25, "overpowerThreshold", word(whole("power", 100, 3680, "W"))),
    Command(
        name="ClearAccumulatedEnergy",
        code=0x26,
        arguments=(Constant(b"\x01"),),
        aliases=(Alias(name="ClearAcumulatedEnergy"),),
        since="1.1",
    ),
    asked("OvervoltageEvents", 0x61, _events("overvoltageEvents", "voltage", 2)),
    asked("OvercurrentEvents", 0x62, _events("overcurrentEvents", "current", 2)),
    asked("OverpowerEvents", 0x63, _events("overpowerEvents", "power", 2)),
    asked("OvervoltageRecoveryTime", 0x71, number("overvoltageRecoveryTime", 2)),
    asked("OvercurrentRecoveryTemp", 0x72, _temperature("overcurrentRecoveryTemp")),
    asked("OverpowerRecoveryTemp", 0x73, _temperature("overpowerRecoveryTemp")),
    restart(since="1.3"),
)


def _relay_state(at: int) -> Part:
    return Part(last_byte=at, read=lambda b: {"relayState": b[at] == 1})


RELAY_16 = product(
    "relay_16",
    keepalives=(
        KeepAlive(
            code=0x01,
            length=12,
            parts=(
                parts.sign_and_size("internalTemperature", 1),
                Part(last_byte=5, read=lambda b: {"energy": unsigned(b[2:6]) / 1000}),
                parts.word("power", 6),
                parts.byte("acVoltage", 8),
                parts.word("acCurrent", 9),
                _relay_state(11),
            ),
        ),
    ),
    rows=(*_BOTH, *_MEASURING),
)

RELAY_16_DRY = product(
    "relay_16_dry",
    keepalives=(
        KeepAlive(
            code=0x01, length=3, parts=(parts.sign_and_size("internalTemperature", 1), _relay_state(2))
        ),
    ),
    rows=_BOTH,
)
