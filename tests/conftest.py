"""What every test may use: a clock and entropy that tests control, and where the recorded corpus lies."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes import FakeClock, SeededEntropy

CORPUS = Path(os.environ.get("OWNCLIMATE_CORPUS", "../shared/data"))
"""Recorded vendor payloads and frames. They belong to others, so they are read where they lie."""


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def entropy() -> SeededEntropy:
    return SeededEntropy(1)


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The recorded corpus; skipped by name where it is absent, which CI forbids."""
    if not CORPUS.is_dir():
        message = f"recorded corpus absent: {CORPUS} (set OWNCLIMATE_CORPUS)"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return CORPUS


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """What collecting makes stays until the end: looking through it for garbage, now and at every full
    collection of every test, was a fifth of a run."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()
