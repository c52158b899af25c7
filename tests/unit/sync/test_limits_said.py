from __future__ import annotations

import pytest

from ownclimate.core.errors import InvalidInput
from ownclimate.sync.quota import Allowance
from ownclimate.sync.settings import checked_cloud, cloud_settings


@pytest.mark.parametrize(
    ("text", "calls", "span_ms"), [("50/10", 50, 10_000), ("500/3.6", 500, 3_600), ("1/0.001", 1, 1)]
)
def test_a_limit_is_calls_in_seconds_or_parts_of_them(text: str, calls: int, span_ms: int) -> None:
    settings = cloud_settings(checked_cloud(client_id="app", limits=(text,)))

    assert settings.limits == (Allowance(calls=calls, span_ms=span_ms),)


@pytest.mark.parametrize(
    "text", ["", "50", "0/10", "50/0", "50/0.0", "-1/10", "50/1e3", "٣/10", "50/10/2", "5/.5"]
)
def test_what_is_no_limit_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="CALLS/SECONDS"):
        checked_cloud(client_id="app", limits=(text,))
