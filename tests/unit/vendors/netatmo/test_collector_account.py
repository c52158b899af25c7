from __future__ import annotations

from typing import Any

import pytest

from ownclimate.vendors.netatmo.collector_account import Account

STATION = {
    "_id": "70:ee:50:00:00:01",
    "type": "NAMain",
    "modules": [
        {"_id": "02:00:00:00:00:02", "type": "NAModule1"},
        {"_id": "09:00:00:00:00:03", "type": "NAModule99"},
    ],
}
HOME = {
    "id": "5f0000000000000000000001",
    "name": "Cottage",
    "modules": [
        {"id": "70:ee:50:00:00:0a", "type": "NAPlug"},
        {"id": "04:00:00:00:00:0b", "type": "NATherm1", "bridge": "70:ee:50:00:00:0a"},
    ],
}


def test_stations_modules_and_thermostats_have_a_past_each_through_its_gateway() -> None:
    account = Account().with_homes({"homes": [HOME]}).with_stations({"devices": [STATION]})

    assert account.homes == {"5f0000000000000000000001": "Cottage"}
    assert {key: (past.gateway, past.types) for key, past in account.pasts.items()} == {
        "04:00:00:00:00:0b": (
            "70:ee:50:00:00:0a",
            ("temperature", "sp_temperature", "boileron", "boileroff"),
        ),
        "70:ee:50:00:00:01": ("70:ee:50:00:00:01", ("temperature", "co2", "humidity", "pressure", "noise")),
        "02:00:00:00:00:02": ("70:ee:50:00:00:01", ("temperature", "humidity")),
    }
    assert Account.of_body(account.to_body()) == account


def test_an_unknown_weather_product_is_asked_for_what_it_says_that_it_measures() -> None:
    module = {
        "_id": "09:00:00:00:00:03",
        "type": "NAModule99",
        "data_type": ["Lux", "Wind", "CO2", "; drop", 3],
    }
    account = Account().with_stations({"devices": [{**STATION, "modules": [module]}]})

    assert account.pasts["09:00:00:00:00:03"].types == (
        "lux",
        "windstrength",
        "windangle",
        "guststrength",
        "gustangle",
        "co2",
    )
    assert account.pasts["09:00:00:00:00:03"].scale == "max"
    mere_gateway = account.with_stations(
        {"devices": [{"_id": "70:ee:51:00:00:11", "type": "NAMain", "data_type": []}]}
    )
    assert mere_gateway.pasts.keys() == account.pasts.keys()


def test_meters_are_asked_for_sums_of_half_hours_and_never_for_values_as_measured() -> None:
    modules = [
        {"id": "00:04:74:00:00:00:00:01", "type": "NLPC", "bridge": "00:04:74:00:00:00:00:00"},
        {"id": "00:04:74:00:00:00:00:02#1", "type": "NLE"},
        {"id": "00:04:74:00:00:00:00:03", "type": "NLV", "bridge": "00:04:74:00:00:00:00:00"},
    ]
    account = Account().with_homes({"homes": [{**HOME, "timezone": "Asia/Kathmandu", "modules": modules}]})

    assert {key: (p.gateway, p.types[0], p.scale, p.zone) for key, p in account.pasts.items()} == {
        "00:04:74:00:00:00:00:01": (
            "00:04:74:00:00:00:00:00",
            "sum_energy_buy_from_grid$0",
            "30min",
            "Asia/Kathmandu",
        ),
        "00:04:74:00:00:00:00:02#1": (
            "00:04:74:00:00:00:00:02",
            "sum_energy_elec$0",
            "30min",
            "Asia/Kathmandu",
        ),
    }
    assert Account.of_body(account.to_body()) == account


def test_only_a_room_whose_one_valve_has_no_past_of_its_own_is_asked_for() -> None:
    def module(number: int, product: str, room: str) -> dict[str, str]:
        return {
            "id": f"09:00:00:00:00:{number:02x}",
            "type": product,
            "room_id": room,
            "bridge": "70:ee:50:00:00:0a",
        }

    modules = [
        module(1, "NRV", "1"),
        module(2, "NRV", "2"),
        module(3, "NRV", "2"),
        module(4, "NRV", "3"),
        module(5, "NATherm1", "3"),
        module(6, "NATherm1", "4"),
        module(7, "NACamera", "1"),
    ]
    rooms = [{"id": "1", "name": "Bedroom"}]
    account = Account().with_homes({"homes": [{**HOME, "modules": modules, "rooms": rooms}]})

    assert account.rooms == {(HOME["id"], "1"): "Bedroom"}
    assert account.watched == {HOME["id"]}
    alone = account.with_homes({"homes": [{**HOME, "modules": modules[:2]}]})
    assert set(alone.rooms) == {(HOME["id"], "1"), (HOME["id"], "2")}
    assert alone.watched == {HOME["id"]}


def test_what_is_no_longer_told_stays_marked_and_favourites_of_others_are_left_out() -> None:
    account = Account().with_homes({"homes": [HOME]}).with_stations({"devices": [STATION]})

    later = account.with_homes({"homes": []}).with_stations({"devices": []}, "gethomecoachsdata")
    assert (later.homes, later.pasts.keys()) == (account.homes, account.pasts.keys())
    assert [key for key, past in later.pasts.items() if not past.is_told] == ["04:00:00:00:00:0b"]
    assert later.with_homes({"homes": [HOME]}) == account
    assert Account().with_stations({"devices": [{**STATION, "favorite": True}]}) == Account()


@pytest.mark.parametrize(
    "said",
    [
        None,
        [],
        "x",
        {"homes": None, "devices": 3},
        {"homes": [3, {"id": [4], "modules": [1]}], "devices": [None, {"_id": ["a"], "type": {}}]},
        {"homes": [{"id": "x" * 5000, "modules": [{}]}], "devices": [{"_id": "y" * 5000, "type": "NAMain"}]},
    ],
)
def test_what_cannot_be_read_adds_nothing(said: Any) -> None:
    assert Account().with_homes(said).with_stations(said) == Account()
