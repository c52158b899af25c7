"""Things survive the way into a document and back, also when the document is from another release."""

from __future__ import annotations

from ownclimate.core.documents import from_body, to_body
from ownclimate.core.ids import DeviceId, DeviceNumber, OwnerId, SiteId
from ownclimate.core.things import Ability, Device, Place, Report, Site, SiteKind

DEVICE = Device(
    id=DeviceId("a" * 24),
    number=DeviceNumber(7),
    owner_id=OwnerId("b" * 24),
    vendor="mclimate",
    model="vicki",
    vendor_id="70B3D52DD3000001",
    abilities=frozenset({Ability.VALVE, Ability.TEMPERATURE}),
    aliases={"netatmo": "70:ee:52:00:00:07"},
    reports={"reachable": Report(value=True, at_ms=5, source="x")},
)


def test_a_device_comes_back_equal() -> None:
    assert from_body(Device, to_body(DEVICE)) == DEVICE


def test_nested_values_and_enums_come_back_as_their_types() -> None:
    site = Site(
        id=SiteId("c" * 24),
        owner_id=OwnerId("b" * 24),
        name="Office",
        number=1,
        kind=SiteKind.BUILDING,
        place=Place(latitude=1.5, country="DE"),
        floors=("ground", "first"),
    )

    assert from_body(Site, to_body(site)) == site


def test_defaults_are_not_stored() -> None:
    body = to_body(DEVICE)

    assert "name" not in body
    assert "deleted_ms" not in body


def test_fields_of_a_newer_release_survive_a_rewrite() -> None:
    body = to_body(DEVICE) | {"colour": "white"}

    device = from_body(Device, body)

    assert device.unknown == {"colour": "white"}
    assert to_body(device) == body


def test_a_field_of_a_newer_release_never_replaces_one_of_ours() -> None:
    device = from_body(Device, to_body(DEVICE) | {"colour": "white"})

    assert to_body(device)["model"] == "vicki"


def test_a_nested_field_of_a_newer_release_does_no_harm() -> None:
    body = to_body(DEVICE)
    body["reports"]["reachable"]["colour"] = "white"

    assert from_body(Device, body) == DEVICE
