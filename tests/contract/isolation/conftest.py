from __future__ import annotations

import pytest

from tests.contract.isolation.neighbours import Town


@pytest.fixture
async def town(tmp_path) -> Town:
    return await Town.build(tmp_path)
