"""LoRaWAN frames of every model: bytes to fields, bytes to the core's words, and a command to bytes.

Baseline of the same run: parsing the network server's JSON around the frame, which every uplink costs anyway.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable
from typing import Any

import msgspec

from ownclimate.vendors.mclimate.codecs import FrameTable, decode, encode, models
from ownclimate.vendors.mclimate.codecs.models import PRODUCTS
from tests.contract.codecs.samples import random_keepalive, random_params

CALLS = 2_000
ROUNDS = 7
ENVELOPE = msgspec.json.encode(
    {
        "end_device_ids": {"device_id": "valve-1", "dev_eui": "70B3D52DD3000001", "dev_addr": "260B1234"},
        "received_at": "2026-01-01T10:00:00.123456789Z",
        "uplink_message": {
            "f_port": 2,
            "f_cnt": 17,
            "frm_payload": "gRuvS6sqEpAw",
            "rx_metadata": [{"gateway_ids": {"gateway_id": "gw"}, "rssi": -61, "snr": 9.2}],
            "settings": {"data_rate": {"lora": {"bandwidth": 125000, "spreading_factor": 7}}},
        },
    }
)
WITHOUT_CODE = {"t_valve": "8851FF05A4", "t_flood": "08BE10"}
"""Keep-alives of models whose frames have no code."""


def main() -> None:
    print(f"{'envelope (baseline)':<24}{_us(lambda: msgspec.json.decode(ENVELOPE)):7.1f} µs")
    print(f"{'model':<24}{'decode':>10}{'with answers':>14}{'in our words':>14}{'encode':>10}   µs a frame")
    for model in models():
        print(f"{model:<24}{_row(model)}")


def _row(model: str) -> str:
    source = random.Random(model)
    codec = FrameTable().named(model)
    assert codec is not None
    keepalives = PRODUCTS[model].reading.keepalives
    frame = random_keepalive(keepalives[0], source) if keepalives else bytes.fromhex(WITHOUT_CODE[model])
    answers = bytes.fromhex("120A1B01") + frame if model != "t_valve" else frame + bytes.fromhex("120A1801")
    command = next(c for c in PRODUCTS[model].commands if c.parameters)
    params: dict[str, Any] = random_params(command, source)
    figures = (
        (10, _us(lambda: decode(model, frame))),
        (14, _us(lambda: decode(model, answers))),
        (14, _us(lambda: codec.read(frame))),
        (10, _us(lambda: encode(model, command.name, params))),
    )
    return "".join(f"{figure:{width}.1f}" for width, figure in figures)


def _us(work: Callable[[], object]) -> float:
    """Microseconds of processor time a call, the middle of several rounds."""
    rounds = []
    for _ in range(ROUNDS):
        start = time.process_time()
        for _ in range(CALLS):
            work()
        rounds.append((time.process_time() - start) / CALLS * 1e6)
    return statistics.median(rounds)
