"""What may be called for a picture, and what is never."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from ownclimate.core.ids import OwnerId
from ownclimate.links.http import Answer, Cloud
from ownclimate.sync.book import Book
from ownclimate.vendors.netatmo.collector_pictures import PictureQueue, policy_beside
from ownclimate.vendors.netatmo.pictures import PictureWanted
from tests.fakes import FakeClock, SeededEntropy
from tests.fakes.households import ACTOR, memory_ports

JPEG = b"\xff\xd8\xff\xe0" + bytes(64)


@dataclass(slots=True)
class Listener(Cloud):
    """Answers every request with a picture, and notes what was requested."""

    requested: list[str] = field(default_factory=list)

    async def request(self, method: str, path: str, **more: Any) -> Answer:
        assert not more.get("token")
        self.requested.append(path)
        return Answer(status=200, payload=JPEG)


async def fetched(base_url: str, url: str) -> tuple[list[str], int]:
    """What was asked of the cloud for a picture at the address, and how many pictures still wait."""
    ports = memory_ports(FakeClock(), SeededEntropy(1))
    cloud = Listener(base_url)
    queue = PictureQueue(
        ports=ports,
        owner_id=OwnerId("5f00000000000000000000aa"),
        actor=ACTOR,
        cloud=cloud,
        memory=Book(ports, OwnerId("5f00000000000000000000aa"), "source"),
        policy=policy_beside(base_url),
    )
    await queue.want([PictureWanted(id="5f" + "1" * 22, url=url)])
    await queue.fetch_next()
    await queue.close()
    return cloud.requested, await queue.waiting()


async def test_a_picture_of_the_clouds_own_host_is_fetched_there() -> None:
    assert await fetched("https://cloud.example", "https://cloud.example/p/1.jpg") == (
        ["https://cloud.example/p/1.jpg"],
        0,
    )


@pytest.mark.parametrize(
    ("base_url", "url"),
    [
        ("https://cloud.example", "http://cloud.example/p/1.jpg"),
        ("https://cloud.example", "https://127.0.0.1:1/p/1.jpg"),
        ("https://cloud.example", "https://10.0.0.7:1/p/1.jpg"),
        ("https://cloud.example", "https://[::ffff:10.0.0.7]:1/p/1.jpg"),
        ("https://cloud.example", "https://2130706433:1/p/1.jpg"),
        ("http://127.0.0.1:9", "http://169.254.169.254:1/p/1.jpg"),
        ("https://cloud.example", "https://me:word@cloud.example/p/1.jpg"),
    ],
)
async def test_an_address_that_is_not_trusted_is_given_up_at_once_or_never_reached(
    base_url: str, url: str
) -> None:
    requested, waiting = await fetched(base_url, url)

    assert requested == []
    assert waiting == (1 if "2130706433" in url else 0)


@pytest.mark.parametrize(
    ("base_url", "address", "may"),
    [
        ("https://api.netatmo.com", "127.0.0.1", False),
        ("https://api.netatmo.com", "192.168.1.7", False),
        ("https://api.netatmo.com", "20.60.1.1", True),
        ("http://127.0.0.1:8080", "127.0.0.1", True),
        ("http://localhost:8080", "127.0.0.1", True),
        ("http://192.168.1.5", "192.168.1.7", True),
        ("http://127.0.0.1:8080", "169.254.169.254", False),
    ],
)
def test_private_networks_may_be_called_from_a_cloud_in_one_only(
    base_url: str, address: str, may: bool
) -> None:
    assert policy_beside(base_url).allows(address) is may


async def test_an_address_signed_anew_is_tried_again_but_not_for_ever() -> None:
    ports = memory_ports(FakeClock(), SeededEntropy(1))
    owner_id = OwnerId("5f00000000000000000000aa")
    cloud = Listener("https://cloud.example")
    queue = PictureQueue(
        ports=ports,
        owner_id=owner_id,
        actor=ACTOR,
        cloud=cloud,
        memory=Book(ports, owner_id, "source"),
        policy=policy_beside(cloud.base_url),
    )
    for signature in range(20):
        url = f"http://elsewhere.example/p/1.jpg?sig={signature}"
        await queue.want([PictureWanted(id="5f" + "1" * 22, url=url)])
        if await queue.waiting():
            await queue.fetch_next()

    assert (await queue.waiting(), await queue.lost()) == (0, 1)
    rows = await Book(ports, owner_id, "source").recall_all("picture ")
    assert [row["tries"] for row in rows.values()] == [5]
