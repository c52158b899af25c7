"""Frames that the vendor and The Things Network published, against what they say is in them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ownclimate.vendors.mclimate.codecs import decode, models

TOLERANCE = 0.051
"""The corpus rounds some volts to one decimal."""


def vectors(corpus: Path, model: str) -> list[dict[str, Any]]:
    documents = (json.loads(path.read_text()) for path in sorted((corpus / "lorawan").glob("*.json")))
    return [vector for d in documents if d["deviceType"] == model for vector in d["uplink"]]


def differences(expected: Any, found: Any, path: str = "") -> list[str]:
    if isinstance(expected, dict) and isinstance(found, dict):
        return [
            problem
            for name, value in expected.items()
            for problem in differences(value, found.get(name), f"{path}.{name}")
        ]
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        return [
            problem
            for place, value in enumerate(expected)
            for problem in differences(value, found[place], f"{path}[{place}]")
        ]
    if isinstance(found, float) and isinstance(expected, str):
        # The vendor's package prints some numbers as text; we keep numbers.
        expected = float(expected)
    if isinstance(expected, (int, float)) and not isinstance(expected, bool):
        is_number = isinstance(found, (int, float)) and not isinstance(found, bool)
        return [] if is_number and abs(found - expected) <= TOLERANCE else [f"{path}: {expected} ≠ {found}"]
    return [] if expected == found else [f"{path}: {expected!r} ≠ {found!r}"]


@pytest.mark.parametrize("model", models())
def test_every_published_uplink_is_read_as_published(model: str, corpus: Path) -> None:
    disputed = []
    for vector in vectors(corpus, model):
        if vector.get("conflict"):
            disputed.append(vector["id"])
            continue

        fields = decode(model, bytes.fromhex(vector["hex"])).fields

        assert differences(vector["expected"], fields) == [], vector["id"]
        if not vector.get("partial"):
            assert set(fields) == set(vector["expected"]), vector["id"]
    print(f"{model}: disputed and left out: {disputed or 'none'}")


def test_the_corpus_has_frames_of_every_model_read_here(corpus: Path) -> None:
    assert {model: bool(vectors(corpus, model)) for model in models()} == dict.fromkeys(models(), True)
