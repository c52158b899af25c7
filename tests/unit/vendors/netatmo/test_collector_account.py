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


def test_stations_modules_and_thermostats_have_a_history_each_through_its_gateway() -> None:
    account = Account().with_homes({"homes": [HOME]}).with_stations({"devices": [STATION]})

    assert account.homes == {"5f0000000000000000000001": "Cottage"}
    assert account.measured == {
        "04:00:00:00:00:0b": ("70:ee:50:00:00:0a", "NATherm1"),
        "70:ee:50:00:00:01": ("70:ee:50:00:00:01", "NAMain"),
        "02:00:00:00:00:02": ("70:ee:50:00:00:01", "NAModule1"),
    }
    assert Account.of_body(account.to_body()) == account


def test_what_is_no_longer_told_stays_and_favourites_of_others_are_left_out() -> None:
    account = Account().with_homes({"homes": [HOME]}).with_stations({"devices": [STATION]})

    assert account.with_homes({"homes": []}).with_stations({"devices": []}) == account
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
