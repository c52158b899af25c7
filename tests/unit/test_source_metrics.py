"""What `/metrics` tells of sources, and what it must not."""

from __future__ import annotations

import pytest

from ownclimate.core.ids import OwnerId
from ownclimate.core.linking import link_source, pause_source, remove_source
from ownclimate.core.ports import Ports
from ownclimate.core.things import Source
from ownclimate.links.mqtt import LinkState
from ownclimate.links.states import SavedState, save_state
from ownclimate.oauth.encryption import Cipher
from ownclimate.observe import Metrics
from ownclimate.source_metrics import sample_sources
from ownclimate.sync.book import Book, Live, TaskState
from ownclimate.sync.gaps import Track
from tests.fakes import FakeClock, SeededEntropy
from tests.fakes.clouds import linked_cloud
from tests.fakes.households import ACTOR, Households, memory_ports

HOUR_MS = 3_600_000


@pytest.fixture
def ports(clock: FakeClock, entropy: SeededEntropy) -> Ports:
    return memory_ports(clock, entropy)


@pytest.fixture
def vault(entropy: SeededEntropy) -> Cipher:
    return Cipher(bytes(32), entropy)


@pytest.fixture
async def owner_id(ports: Ports) -> OwnerId:
    return (await Households(ports).add("ada")).owner_id


@pytest.fixture
async def cloud(ports: Ports, vault: Cipher, owner_id: OwnerId) -> Source:
    source = await linked_cloud(ports, vault, owner_id, "Adas flat")
    now_ms = ports.clock.now_ms()
    start_ms = now_ms - 100 * HOUR_MS
    track = Track(since_ms=start_ms, known=((now_ms - 50 * HOUR_MS, now_ms),), rows=600, oldest_ms=start_ms)
    live = Live(at_ms=now_ms, calls=42, refused=1, saved=5, relayed=2, last_success_ms=now_ms)
    await Book(ports, owner_id, source.id).save(live, {"past a": TaskState(label="a", track=track)})
    return source


async def shown(ports: Ports, vault: Cipher) -> str:
    metrics = Metrics()
    metrics.sample(await sample_sources(ports, vault))
    return metrics.exposition().decode()


async def test_a_cloud_shows_its_calls_its_limits_and_how_far_it_is(ports, vault, cloud) -> None:
    text = await shown(ports, vault)

    labels = f'{{kind="netatmo",source="{cloud.id}"}}'
    for line in (
        f"ownclimate_source_calls_total{labels} 42.0",
        f"ownclimate_source_refused_calls_total{labels} 1.0",
        f"ownclimate_source_saved_calls_total{labels} 5.0",
        f"ownclimate_source_relayed_calls_total{labels} 2.0",
        f"ownclimate_source_known_ratio{labels} 0.5",
        f"ownclimate_source_rows{labels} 600.0",
        f"ownclimate_source_gap_seconds{labels} 180000.0",
        f"ownclimate_source_last_success_timestamp_seconds{labels} 1.7952552e+09",
        f"ownclimate_source_paused{labels} 0.0",
    ):
        assert line in text
    window = f'{{kind="netatmo",of="user",seconds="10",source="{cloud.id}"}}'
    assert f"ownclimate_source_quota_allowed{window} 50.0" in text
    assert f"ownclimate_source_quota_used{window} 0.0" in text


async def test_names_and_credentials_are_never_shown(ports, vault, cloud) -> None:
    text = await shown(ports, vault)

    for secret in ("Adas flat", "app secret", "first token", "my-app", "ada@"):
        assert secret not in text


async def test_a_broker_shows_whether_it_is_connected(ports, vault, owner_id) -> None:
    broker = await link_source(
        ports, vault, owner_id, ACTOR, kind="mqtt", name="hub", settings={"broker": "mqtt://h"}, secrets={}
    )
    state = LinkState(connected_since_ms=1000, last_message_ms=7000)
    await save_state(ports, broker.id, SavedState.of(state, 8000))

    text = await shown(ports, vault)

    labels = f'{{kind="mqtt",source="{broker.id}"}}'
    assert f"ownclimate_source_connected{labels} 1.0" in text
    assert f"ownclimate_source_last_message_timestamp_seconds{labels} 7.0" in text
    assert f"ownclimate_source_calls_total{labels}" not in text
    await pause_source(ports, owner_id, ACTOR, broker.id, is_paused=True)
    assert f"ownclimate_source_connected{labels} 0.0" in await shown(ports, vault)


async def test_a_source_that_was_removed_is_shown_no_more(ports, vault, owner_id, cloud) -> None:
    metrics = Metrics()
    metrics.sample(await sample_sources(ports, vault))
    assert cloud.id in metrics.exposition().decode()

    await remove_source(ports, owner_id, ACTOR, cloud.id)
    metrics.sample(await sample_sources(ports, vault))

    assert cloud.id not in metrics.exposition().decode()


async def test_a_source_whose_key_was_lost_spoils_nothing(ports, vault, cloud, entropy) -> None:
    text = await shown(ports, Cipher(entropy(32), entropy))

    assert "ownclimate_source_calls_total{" in text
    assert "ownclimate_source_quota_allowed{" not in text
