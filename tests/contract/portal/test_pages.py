"""Pages as contracts: every template uses what its view offers, the front page shows what is there."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any

import jinja2.meta
import numpy as np
import pytest

import ownclimate.portal.pages
from ownclimate.core.devices import create_device
from ownclimate.core.readings import Batch, OriginKind, origin_number
from ownclimate.core.sites import create_room
from ownclimate.portal import words
from ownclimate.portal.rendering import environment
from tests.contract.portal.browser import Server
from tests.fakes import FakeClock
from tests.fakes.households import ACTOR

AROUND = {"frame", "static"}
INCLUDED = {"key_rows.html": {"rows", "path", "shows_what"}}


def _views() -> Iterator[Any]:
    for module in pkgutil.iter_modules(ownclimate.portal.pages.__path__):
        found = importlib.import_module(f"ownclimate.portal.pages.{module.name}")
        for value in vars(found).values():
            if getattr(value, "__module__", "") == found.__name__ and hasattr(value, "template"):
                yield value


def _used(template: str) -> set[str]:
    """The variables that a template, and what it includes, takes from outside."""
    source, _, _ = environment().loader.get_source(environment(), template)  # type: ignore[union-attr]
    tree = environment().parse(source)
    names = set(jinja2.meta.find_undeclared_variables(tree))
    for included in jinja2.meta.find_referenced_templates(tree):
        if included and included not in ("base.html", "macros.html"):
            names |= _used(included) - INCLUDED.get(included, set())
    return names - {"ui"}


@pytest.mark.parametrize("view", list(_views()), ids=lambda view: view.__name__)
def test_a_template_uses_exactly_what_its_view_offers(view: Any) -> None:
    offered = {field.name for field in dataclasses.fields(view)}
    unused_on_purpose = {"title"}

    used = _used(view.template) - AROUND

    assert used <= offered
    assert offered - used <= unused_on_purpose


async def test_the_front_page_lists_rooms_and_devices_with_values_and_their_age(
    server: Server, clock: FakeClock
) -> None:
    account = await server.person("anna")
    site_id = await server.site(account, "Town flat")
    room = await create_room(server.ports, account.owner_id, ACTOR, site_id=site_id, name="Kitchen")
    kitchen = await create_device(
        server.ports,
        account.owner_id,
        ACTOR,
        vendor="mclimate",
        model="vicki",
        vendor_id="v1",
        name="Kitchen valve",
        site_id=site_id,
        room_id=room.id,
    )
    await create_device(
        server.ports, account.owner_id, ACTOR, vendor="netatmo", model="NHC", vendor_id="h1", name="Stray"
    )
    columns = {"temperature_c": [21.44], "contact_open": [1.0], "co2_ppm": [1234.0], "valve_pct": [0.0]}
    batch = Batch(
        device=kitchen.number,
        times_ms=np.array([clock.now_ms()], dtype=np.int64),
        columns={name: np.array(values) for name, values in columns.items()},
        origin=origin_number(1, OriginKind.DEVICE),
        arrived_ms=server.ports.arrivals.next_ms(),
    )
    await server.ports.series.record([batch])
    browser = server.browser()
    await browser.sign_in(account.email)
    clock.advance(5 * 60)

    shown = await browser.get("/")

    for text in (
        "Town flat",
        "Kitchen",
        "21.4 °C",
        "open",
        "1 234 ppm",
        "5 min ago",
        "Not in a site yet",
        "Stray",
    ):
        assert text in shown.text
    assert "No readings yet" in shown.text


async def test_instants_are_shown_in_the_readers_time_zone(server: Server) -> None:
    browser = await server.signed_in("anna", time_zone="America/St_Johns")

    shown = await browser.get("/activity")

    assert '<time datetime="2026-11-21T10:00:00Z">21 Nov 2026, 06:30</time>' in shown.text


async def test_a_person_changes_name_and_time_zone(server: Server) -> None:
    browser = await server.signed_in("anna")

    saved = await browser.submit(
        "/account", on="/account", first_name="Ana", last_name="B", time_zone="Europe/Sofia"
    )
    refused = await browser.submit("/account", first_name="Ana", last_name="B", time_zone="Mars/Olympus")

    assert 'value="Ana"' in saved.text
    assert refused.status == 422


async def test_an_administrator_makes_others_one_but_not_themselves_none(server: Server) -> None:
    root = await server.person("root", is_admin=True)
    anna = await server.person("anna")
    admin, browser = server.browser(), server.browser()
    await admin.sign_in(root.email)
    await browser.sign_in(anna.email)

    await admin.submit(f"/admin/users/{anna.id}", on="/admin/users", admin="yes")
    own = await admin.submit(f"/admin/users/{root.id}", on="/admin/users", admin="no")

    assert (await browser.get("/admin/users")).status == 200
    assert own.status == 400
    assert (await admin.get("/admin/users")).status == 200


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("temperature_c", 21.449, "21.4 °C"),
        ("temperature_c", -0.04, "0.0 °C"),
        ("temperature_c", -3.26, "−3.3 °C"),
        ("co2_ppm", 1320.0, "1 320 ppm"),
        ("humidity_pct", 41.6, "42 %"),
        ("wind_direction_deg", 239.0, "239°"),
        ("contact_open", 0.0, "closed"),
        ("health_index", 2.0, "fair"),
        ("energy_total_wh", 12345.0, "12.3 kWh"),
        ("battery_v", 3.075, "3.08 V"),
    ],
)
def test_values_read_as_people_write_them(name: str, value: float, text: str) -> None:
    assert words.value_text(name, value) == text


def test_every_quantity_has_a_name_for_people() -> None:
    assert set(words.QUANTITIES) == set(words.QUANTITY_NAMES)


@pytest.mark.parametrize(
    ("age_s", "text"),
    [
        (0, "just now"),
        (59, "just now"),
        (60, "1 min ago"),
        (3600, "1 h ago"),
        (47 * 3600, "47 h ago"),
        (48 * 3600, "2 days ago"),
    ],
)
def test_ages_read_in_their_largest_unit(age_s: int, text: str) -> None:
    now_ms = 1_795_255_200_000

    assert words.age_text(now_ms - age_s * 1000, now_ms) == text
