"""Each vendor's limits as its interface has them, with the settings as they come.

MClimate: counted by application and by token, in minutes; over → 429 with a problem body (document
"Rate limiting"; the numbers are ours). Netatmo: 50 in 10 s and 500 an hour for a user, 200 and 2000 for an
application; over → code 26, as 429 since August 2025 and as 403 before. SmartBuildings: the headers of the
gateway in front of it.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from ownclimate.app import dialects
from ownclimate.authorization import open_authorization, with_token_doors
from ownclimate.config import Settings
from ownclimate.core.access import Access
from ownclimate.quotas import quotas_of
from ownclimate.web.dispatch import Application, RequestEntry
from ownclimate.web.limits import Limits
from tests.fakes import FakeClock, SeededEntropy
from tests.fakes.households import Households, memory_ports
from tests.fakes.http import Answered, Client

CONTROLLERS = "/v1/controllers"
MEASURE = "/api/getmeasure"
TENANT_MODE = "/api/v1/thermostats/511863314842/tenantMode"


class Homes:
    """Ada, Ben and two hundred more, all using one app."""

    def __init__(self, clock: FakeClock, **settings: int | bool) -> None:
        chosen = dataclasses.replace(Settings(), **settings)  # type: ignore[arg-type]  # fields by name
        ports = memory_ports(clock, SeededEntropy(1))
        self.households = Households(ports)
        faces = dialects(chosen)
        entries: list[RequestEntry] = []
        app = Application(
            dialects=faces,
            ports=ports,
            authenticators={"token": self._authenticate, "hook": self._authenticate},
            observers=[entries.append],
            limits=Limits(quotas_of(chosen), clock),
        )
        self.client = Client(app, entries, faces)

    async def _authenticate(self, name: str) -> Access:
        if name not in self.households.accesses:
            await self.households.add(name)
            access = self.households.accesses[name]
            self.households.accesses[name] = dataclasses.replace(access, client_id="an app")
        return self.households.accesses[name]

    async def ask(self, path: str, count: int, name: str = "ada", method: str = "GET") -> list[Answered]:
        headers = {"authorization": f"Bearer {name}"}
        body = {"isTenantMode": True} if method == "PATCH" else None
        return [
            await self.client.request(method, path, headers=headers, json_body=body) for _ in range(count)
        ]


def refused(answers: list[Answered]) -> list[int]:
    """The places of the answers that say "too many"."""
    return [place for place, answer in enumerate(answers) if "retry-after" in answer.headers]


async def test_mclimate_answers_the_61st_request_of_a_minute_with_a_429_problem(clock: FakeClock) -> None:
    clock.ms -= clock.ms % 60_000
    answers = await Homes(clock).ask(CONTROLLERS, 61)

    assert refused(answers) == [60]
    assert answers[60].status == answers[60].json["status"] == 429
    assert answers[60].headers["content-type"] == "application/problem+json"
    assert answers[60].headers["retry-after"] == "60"
    assert answers[60].json["title"] == "Too Many Requests"


async def test_mclimate_counts_an_app_with_all_its_users(clock: FakeClock) -> None:
    homes = Homes(clock)
    for number in range(10):
        assert refused(await homes.ask(CONTROLLERS, 60, f"user{number}")) == []

    assert refused(await homes.ask(CONTROLLERS, 1, "another")) == [0]
    clock.advance(60)
    assert refused(await homes.ask(CONTROLLERS, 1, "another")) == []


async def test_mclimate_answers_the_11th_failed_login_of_a_minute_with_429(
    clock: FakeClock, tmp_path: Path
) -> None:
    ports = memory_ports(clock, SeededEntropy(1))
    server = open_authorization(ports, tmp_path, Settings())
    faces = with_token_doors(server, dialects(Settings()))
    entries: list[RequestEntry] = []
    nobody = Households(ports).authenticate
    authenticators = {"token": nobody, "hook": nobody}
    app = Application(dialects=faces, ports=ports, authenticators=authenticators, observers=[entries.append])
    client = Client(app, entries, faces)

    async def login(name: str) -> Answered:
        sent = {"username": f"{name}@example.org", "password": "wrong", "client_id": "mclimate"}
        return await client.request(
            "POST", "/v1/auth/login", json_body=sent | {"client_secret": "mclimate_core"}
        )

    answers = [await login("ada") for _ in range(11)]

    assert [answer.status for answer in answers] == [401] * 10 + [429]
    assert refused(answers) == [10]
    assert (await login("ben")).status == 401
    clock.advance(float(answers[10].headers["retry-after"]))
    assert (await login("ada")).status == 401


async def test_netatmo_answers_the_51st_request_of_a_user_in_10_s_with_code_26(clock: FakeClock) -> None:
    homes = Homes(clock)
    answers = await homes.ask(MEASURE, 51)

    assert refused(answers) == [50]
    assert (answers[50].status, answers[50].json["error"]["code"]) == (429, 26)
    assert answers[50].json["error"]["message"].startswith("API limit exceeded.")
    assert answers[50].headers["retry-after"] == "10"
    assert refused(await homes.ask(MEASURE, 1, "ben")) == []


async def test_netatmo_counts_a_users_hour_as_well(clock: FakeClock) -> None:
    homes = Homes(clock)
    for _ in range(10):
        assert refused(await homes.ask(MEASURE, 50)) == []
        clock.advance(10)
    answer = (await homes.ask(MEASURE, 1))[0]

    assert answer.status == 429
    assert 3600 - 100 <= int(answer.headers["retry-after"]) <= (3600 - 100) * 1.05


async def test_netatmo_counts_an_app_with_all_its_users_in_10_s(clock: FakeClock) -> None:
    homes = Homes(clock)
    for number in range(4):
        assert refused(await homes.ask(MEASURE, 50, f"user{number}")) == []

    assert refused(await homes.ask(MEASURE, 1, "another")) == [0]


async def test_netatmo_counts_an_apps_hour(clock: FakeClock) -> None:
    homes = Homes(clock)
    for number in range(40):
        assert refused(await homes.ask(MEASURE, 50, f"user{number}")) == []
        clock.advance(10)

    assert refused(await homes.ask(MEASURE, 1, "another")) == [0]


@pytest.mark.parametrize(
    ("quota", "message"),
    [
        ("netatmo_requests_per_user_10s", "User usage reached"),
        ("netatmo_requests_per_app_10s", "Application usage reached"),
    ],
    ids=["user", "app"],
)
async def test_netatmo_can_answer_403_as_it_did_until_2025(
    clock: FakeClock, quota: str, message: str
) -> None:
    answers = await Homes(clock, netatmo_limit_is_403=True, **{quota: 1}).ask(MEASURE, 2)

    assert answers[1].status == 403
    assert answers[1].json == {"error": {"code": 26, "message": message}}
    assert answers[1].headers["retry-after"] == "10"


async def test_smartbuildings_tells_limit_and_rest_with_every_answer(clock: FakeClock) -> None:
    homes = Homes(clock, commands_per_token=2)
    answers = await homes.ask(TENANT_MODE, 3, method="PATCH")

    told = [
        (answer.headers["x-ratelimit-limit-minute"], answer.headers["x-ratelimit-remaining-minute"])
        for answer in answers
    ]
    assert told == [("2", "1"), ("2", "0"), ("2", "0")]
    assert refused(answers) == [2]
    assert (answers[2].status, answers[2].json["status"], answers[2].json["code"]) == (429, "error", 429)


async def test_reading_does_not_use_up_what_commands_may(clock: FakeClock) -> None:
    homes = Homes(clock, mclimate_requests_per_token=1, commands_per_token=1)
    await homes.ask(CONTROLLERS, 5)

    assert refused(await homes.ask(TENANT_MODE, 2, method="PATCH")) == [1]


async def test_every_limit_can_be_switched_off(clock: FakeClock) -> None:
    names = [field.name for field in dataclasses.fields(Settings) if "_per_" in field.name]
    homes = Homes(clock, **dict.fromkeys(names, 0))

    assert refused(await homes.ask(CONTROLLERS, 700)) == []
    assert refused(await homes.ask(MEASURE, 300)) == []


async def test_spans_can_be_shortened_for_trials(clock: FakeClock) -> None:
    homes = Homes(
        clock,
        netatmo_requests_per_user_10s=5,
        netatmo_requests_per_user_hour=8,
        netatmo_burst_s=1,
        netatmo_hour_s=6,
        mclimate_requests_per_token=2,
        mclimate_minute_s=3,
    )
    clock.ms -= clock.ms % 3_000

    assert refused(await homes.ask(MEASURE, 6)) == [5]
    assert refused(await homes.ask(CONTROLLERS, 3)) == [2]
    clock.advance(1.1)
    assert refused(await homes.ask(MEASURE, 4)) == [3]
    clock.advance(6.4)
    assert refused(await homes.ask(MEASURE, 5)) == []
    assert refused(await homes.ask(CONTROLLERS, 2)) == []
