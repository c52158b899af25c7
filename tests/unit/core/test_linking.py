"""Connected sources: what is kept of them, and what is not."""

from __future__ import annotations

import pytest

from ownclimate.core.errors import Conflict, NotFound, StoreCorrupt
from ownclimate.core.ids import OwnerId
from ownclimate.core.linking import (
    find_any_source,
    find_linked,
    link_source,
    list_linked,
    offer_source,
    open_secrets,
    pause_source,
    remove_source,
)
from ownclimate.core.ports import RawEntry
from ownclimate.core.sources import standing_source
from ownclimate.core.writes import Actor
from ownclimate.oauth.encryption import Cipher

OWNER, OTHER = OwnerId("a" * 24), OwnerId("b" * 24)
ACTOR = Actor(via="test")
SECRETS = {"api_key": "NNSXS.secret"}


@pytest.fixture
def vault(entropy) -> Cipher:
    return Cipher(entropy(32), entropy)


async def linked(ports, vault, **more):
    given = {"kind": "chirpstack", "name": "attic", "settings": {"base_url": "http://ns"}, "secrets": SECRETS}
    return await link_source(ports, vault, OWNER, ACTOR, **{**given, **more})


async def test_credentials_are_sealed_and_can_be_had_again(ports, vault) -> None:
    source = await linked(ports, vault)

    assert b"secret" not in source.sealed
    assert "secret" not in repr(source)
    assert open_secrets(source, vault) == SECRETS


async def test_credentials_open_with_no_other_key_and_for_no_other_source(ports, vault, entropy) -> None:
    source = await linked(ports, vault)
    other = await linked(ports, vault, name="cellar")

    with pytest.raises(StoreCorrupt):
        open_secrets(source, Cipher(entropy(32), entropy))
    with pytest.raises(StoreCorrupt):
        vault.decrypt(source.sealed, f"source {other.id}")


async def test_only_connected_kinds_are_listed_and_only_their_owners(ports, vault) -> None:
    await standing_source(ports, OWNER, ACTOR, "import.csv")
    source = await linked(ports, vault)

    assert await list_linked(ports.directory, OWNER) == [source]
    assert await list_linked(ports.directory, OTHER) == []
    assert await find_linked(ports.directory, OTHER, source.id) is None
    assert await find_linked(ports.directory, OWNER, "import.csv") is None


async def test_a_paused_source_stays_listed(ports, vault) -> None:
    source = await linked(ports, vault)

    await pause_source(ports, OWNER, ACTOR, source.id, is_paused=True)
    assert [found.is_paused for found in await list_linked(ports.directory, OWNER)] == [True]
    await pause_source(ports, OWNER, ACTOR, source.id, is_paused=False)

    assert await list_linked(ports.directory, OWNER) == [source]


async def test_a_removed_source_leaves_neither_credentials_nor_payloads(ports, vault) -> None:
    source = await linked(ports, vault)
    for origin in (source.id, "another"):
        entry = RawEntry(
            owner=OWNER, source=origin, kind="x", received_ms=1, payload=b"1", digest=origin.encode()
        )
        await ports.raw.keep(entry)

    await remove_source(ports, OWNER, ACTOR, source.id)
    await remove_source(ports, OWNER, ACTOR, source.id)

    assert [entry.source for entry in await ports.raw.scan(OWNER)] == ["another"]
    left = await find_any_source(ports.directory, OWNER, source.id)
    assert left is not None
    assert (left.sealed, left.settings, left.number) == (b"", {}, source.number)
    assert await list_linked(ports.directory, OWNER) == []


async def test_a_neighbours_source_can_be_neither_paused_nor_removed(ports, vault) -> None:
    source = await linked(ports, vault)

    with pytest.raises(NotFound):
        await pause_source(ports, OTHER, ACTOR, source.id, is_paused=True)
    with pytest.raises(NotFound):
        await remove_source(ports, OTHER, ACTOR, source.id)


async def test_a_source_that_only_says_where_readings_came_from_cannot_be_removed(ports) -> None:
    await standing_source(ports, OWNER, ACTOR, "import.csv")

    with pytest.raises(NotFound):
        await remove_source(ports, OWNER, ACTOR, "import.csv")


async def test_an_offer_is_written_once_until_it_changes(ports, vault, directory) -> None:
    offer = {"kind": "chirpstack", "name": "theirs", "settings": {"base_url": "http://ns"}}
    first = await offer_source(ports, vault, OWNER, ACTOR, "x.y", **offer, secrets=SECRETS)
    writes = directory.writes
    again = await offer_source(ports, vault, OWNER, ACTOR, "x.y", **offer, secrets=SECRETS)
    assert (again, directory.writes) == (first, writes)

    changed = await offer_source(ports, vault, OWNER, ACTOR, "x.y", **offer, secrets={"api_key": "new"})

    assert changed is not None
    assert open_secrets(changed, vault) == {"api_key": "new"}
    with pytest.raises(Conflict):
        await linked(ports, vault, source_id="x.y")


async def test_an_offer_heals_credentials_whose_key_was_lost(ports, vault, entropy) -> None:
    offer = {"kind": "chirpstack", "name": "theirs", "settings": {}, "secrets": SECRETS}
    await offer_source(ports, vault, OWNER, ACTOR, "x.y", **offer)
    new = Cipher(entropy(32), entropy)

    healed = await offer_source(ports, new, OWNER, ACTOR, "x.y", **offer)

    assert healed is not None
    assert open_secrets(healed, new) == SECRETS
