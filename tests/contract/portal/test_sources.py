"""The pages of sources: what is told of them, and what can be done about them, by whom."""

from __future__ import annotations

import dataclasses
import html
import re
from urllib.parse import parse_qsl, urlsplit

import numpy as np
import pytest

from ownclimate.core.accounts import get_account
from ownclimate.core.departure import mark_leaving
from ownclimate.core.devices import create_device, find_device
from ownclimate.core.errors import AppError, RateLimited, Refused
from ownclimate.core.linking import find_linked, link_source, list_linked, open_secrets, pause_source
from ownclimate.core.members import invite, join
from ownclimate.core.ports import Directory
from ownclimate.core.readings import Batch, OriginKind
from ownclimate.core.sources import origin_of
from ownclimate.core.things import Account, Report, Role, Source
from ownclimate.links.mqtt import LinkState
from ownclimate.links.states import SavedState, save_state
from ownclimate.sync.book import Book, Live, TaskState
from ownclimate.sync.gaps import HOLE_MS, Track
from ownclimate.sync.quota import Use
from ownclimate.sync.settings import cloud_settings
from tests.contract.portal.browser import Browser, Server, Shown, everything_in
from tests.contract.portal.test_device import switch_to
from tests.fakes import FakeClock, SeededEntropy
from tests.fakes.clouds import KIND, TwinFlow, linked_cloud, twin_cloud
from tests.fakes.households import ACTOR

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
TYPED = {"client_id": "my-app", "secret-client_secret": "app secret", "secret-refresh_token": "hush-token"}


async def somebody(server: Server, name: str = "anna", **more) -> tuple[Account, Browser]:
    browser = await server.signed_in(name, **more)
    return await get_account(server.ports.directory, f"{name}@example.org"), browser


async def guest_of(server: Server, account: Account, role: Role) -> Browser:
    person, browser = await somebody(server, role.value)
    _, text = await invite(server.ports, ACTOR, account.owner_id, role=role, invited_by=account.id)
    await join(server.ports, ACTOR, person, text)
    await switch_to(browser, account.owner_id)
    return browser


async def a_cloud(server: Server, account: Account, name: str = "Twin") -> Source:
    return await linked_cloud(server.ports, server.authorization.cipher, account.owner_id, name)


async def noted(server: Server, account: Account, source: Source, live: Live, **tasks: TaskState) -> None:
    await Book(server.ports, account.owner_id, source.id).save(live, tasks)


async def sources_of(server: Server, account: Account) -> list[Source]:
    return await list_linked(server.ports.directory, account.owner_id)


def text_of(shown: Shown) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", shown.text)).split())


async def test_before_there_is_any_the_page_says_what_to_do(server: Server) -> None:
    _, browser = await somebody(server)

    shown = await browser.get("/sources")

    assert "None yet" in shown.text
    assert 'href="/sources/connect"' in shown.text
    assert "<script" not in shown.text


async def test_every_kind_is_listed_with_what_it_does(server: Server) -> None:
    account, browser = await somebody(server)
    vault, now_ms = server.authorization.cipher, server.clock.now_ms()
    made = {}
    for kind, settings in (
        ("chirpstack", {"broker": "mqtt://ns"}),
        ("mqtt", {"broker": "mqtt://hub"}),
        ("things-stack", {"base_url": "https://ns"}),
    ):
        made[kind] = await link_source(
            server.ports,
            vault,
            account.owner_id,
            ACTOR,
            kind=kind,
            name=f"my {kind}",
            settings=settings,
            secrets={},
        )
    up = LinkState(connected_since_ms=now_ms, last_message_ms=now_ms - 300_000, messages=17)
    down = LinkState(last_error="the password is refused", last_error_ms=now_ms)
    await save_state(server.ports, made["chirpstack"].id, SavedState.of(up, now_ms))
    await save_state(server.ports, made["mqtt"].id, SavedState.of(down, now_ms))
    await a_cloud(server, account)

    text = text_of(await browser.get("/sources"))

    assert re.search(r"my chirpstack ChirpStack Connected Last message 5 min ago", text)
    assert re.search(r"my mqtt MQTT broker Not connected Last message never Last error the password is", text)
    assert re.search(r"my things-stack The Things Stack Answers only", text)
    assert re.search(r"Twin Twin’s cloud About to begin", text)


async def with_history(server: Server, account: Account) -> Source:
    """A station with a gap and a hole, a rain gauge that the cloud does not give."""
    source, now_ms = await a_cloud(server, account), server.clock.now_ms()
    start_ms = now_ms - 10 * DAY_MS
    station = Track(
        since_ms=start_ms,
        known=((start_ms, start_ms + 2 * DAY_MS), (start_ms + 4 * DAY_MS, now_ms - HOUR_MS)),
        rows=12_345,
        oldest_ms=start_ms,
        newest_ms=now_ms - HOUR_MS,
        runs=(
            (start_ms + 4 * DAY_MS, start_ms + 5 * DAY_MS + HOLE_MS),
            (start_ms + 6 * DAY_MS, now_ms),
        ),
    )
    rain = Track(
        since_ms=now_ms - 3 * DAY_MS,
        known=((now_ms - 3 * DAY_MS, now_ms),),
        rows=3,
        oldest_ms=now_ms - 3 * DAY_MS,
        newest_ms=now_ms,
    )
    live = Live(
        at_ms=now_ms,
        activity="history of station",
        calls=1234,
        refused=1,
        saved=56,
        relayed=7,
        last_success_ms=now_ms - 60_000,
    )
    await noted(
        server,
        account,
        source,
        live,
        station=TaskState(label="history of station", track=station),
        rain=TaskState(label="history of rain", track=rain, problem="the token may not see it"),
    )
    return source


async def uses(owner_id, source) -> list[Use]:
    return [Use(meter="user", calls=12, allowed=50, span_ms=10_000)]


async def test_of_a_cloud_that_keeps_no_history_nothing_is_missing(
    directory: Directory, clock: FakeClock, entropy: SeededEntropy
) -> None:
    cloud = dataclasses.replace(twin_cloud(None), keeps_history=False)
    server = Server.over(directory, clock, entropy, clouds={KIND: cloud})
    account, browser = await somebody(server)
    source = await a_cloud(server, account)
    live = Live(at_ms=server.clock.now_ms(), activity="status of Lobby", calls=16)
    await noted(server, account, source, live, status=TaskState(label="status of Lobby"))

    for path in ("/sources", f"/sources/{source.id}"):
        shown = await browser.get(path)
        assert "Asks for status of Lobby" in text_of(shown)
        assert "<progress" not in shown.text
        assert "ows of history" not in shown.text
        assert "rows in" not in shown.text
    assert "Collect from" not in (await browser.get(f"/sources/connect?cloud={KIND}")).text


async def test_the_page_of_a_cloud_tells_how_far_it_is_and_what_is_missing(
    directory: Directory, clock: FakeClock, entropy: SeededEntropy
) -> None:
    server = Server.over(directory, clock, entropy, cloud_uses=uses)
    account, browser = await somebody(server)
    source = await with_history(server, account)

    shown = await browser.get(f"/sources/{source.id}")

    text = text_of(shown)
    assert '<progress max="100" value="90"' in shown.text
    assert "Asks for history of station" in text
    assert "Made in all 1 234 Refused 1 Saved 56" in text
    assert "For commands 7" in text
    assert "Account 10 seconds 12 50 38" in text
    assert "Rows of history 12 348" in text
    assert "Missing: 2 days. The cloud can still give it" in text
    assert "1 time without values in the cloud" in text
    assert "history of rain: the token may not see it" in text


async def test_a_page_follows_by_a_script_of_ours_only_while_something_goes_on(server: Server) -> None:
    account, browser = await somebody(server)
    source = await with_history(server, account)

    for path in ("/sources", f"/sources/{source.id}"):
        moving = await browser.get(path)
        policy = moving.header("content-security-policy")
        (script,) = re.findall(r'<script src="(/static/[0-9a-f]+/live\.js)" defer></script>', moving.text)
        assert "script-src 'self'; connect-src 'self';" in policy
        assert "unsafe" not in policy
        assert moving.text.count("<script") == 1
        assert (await browser.get(script)).header("content-type") == "text/javascript; charset=utf-8"
    await noted(server, account, source, Live(at_ms=1, activity="up to date"))
    for path in ("/sources", f"/sources/{source.id}"):
        still = await browser.get(path)
        assert "<script" not in still.text
        assert "script-src" not in still.header("content-security-policy")


async def test_pasted_credentials_connect_and_are_kept_sealed(server: Server, directory: Directory) -> None:
    account, browser = await somebody(server, time_zone="Europe/Berlin")
    await browser.get(f"/sources/connect?cloud={KIND}")

    shown = await browser.submit(
        "/sources/connect", cloud=KIND, way="paste", name="At home", since="2024-03-01", relays="yes", **TYPED
    )

    (source,) = await sources_of(server, account)
    settings = cloud_settings(source.settings)
    assert "Connected. Collecting begins" in shown.text
    assert (source.name, source.kind) == ("At home", KIND)
    assert (settings.client_id, settings.relays, settings.base_url) == ("my-app", True, "")
    assert settings.since_ms == 1_709_247_600_000  # 2024-03-01, midnight in Berlin
    assert open_secrets(source, server.authorization.cipher) == {
        "client_secret": "app secret",
        "refresh_token": "hush-token",
    }
    assert "hush-token" not in everything_in(directory)
    assert "hush-token" not in shown.text


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"client_id": ""}, "Client id: expected the id"),
        ({"secret-client_secret": ""}, "Client secret: enter it."),
        ({"secret-refresh_token": ""}, "Refresh token: enter it."),
        ({"since": "yesterday"}, "Collect from: expected a day"),
        ({"name": "x" * 300}, "Name: expected"),
        ({"base_url": "http://127.0.0.1:9"}, "Address: only an administrator"),
    ],
    ids=str,
)
async def test_what_cannot_be_is_told_and_nothing_is_connected(
    server: Server, changed: dict[str, str], told: str
) -> None:
    account, browser = await somebody(server)
    await browser.get(f"/sources/connect?cloud={KIND}")

    shown = await browser.submit("/sources/connect", **{"cloud": KIND, "way": "paste", **TYPED, **changed})

    assert shown.status == 422
    assert told in text_of(shown)
    assert "hush-token" not in shown.text
    assert 'aria-invalid="true"' in shown.text or "base_url" in changed
    assert await sources_of(server, account) == []


async def test_an_administrator_may_name_another_address(server: Server) -> None:
    account, browser = await somebody(server, is_admin=True)
    await browser.get(f"/sources/connect?cloud={KIND}")

    await browser.submit("/sources/connect", cloud=KIND, way="paste", base_url="http://127.0.0.1:9", **TYPED)

    (source,) = await sources_of(server, account)
    assert cloud_settings(source.settings).base_url == "http://127.0.0.1:9"


async def test_a_cloud_that_nobody_knows_is_not_there(server: Server) -> None:
    _, browser = await somebody(server)

    assert (await browser.get("/sources/connect?cloud=stratus")).status == 404


async def going(
    browser: Browser, path: str = "/sources/connect", **more: str
) -> tuple[Shown, dict[str, str]]:
    """The page that leads to the vendor, and what it tells it."""
    await browser.get("/account")
    shown = await browser.submit(
        path, **{"cloud": KIND, "way": "sign-in", **TYPED, "secret-refresh_token": "", **more}
    )
    (address,) = re.findall(r'id="there" href="([^"]+)"', shown.text)
    return shown, dict(parse_qsl(urlsplit(html.unescape(address)).query))


def flow_of(server: Server) -> TwinFlow:
    flow = server.services.clouds[KIND].code_flow
    assert isinstance(flow, TwinFlow)
    return flow


async def test_signing_in_at_the_vendor_connects(server: Server, directory: Directory) -> None:
    account, browser = await somebody(server)
    form = await browser.get(f"/sources/connect?cloud={KIND}")

    shown, told = await going(browser, name="At home")
    held = everything_in(directory)
    done = await browser.get(f"/sources/back?code=abc&state={told['state']}")

    assert form.element("redirect-uri") == "http://climate.test/sources/back" == told["redirect_uri"]
    assert "twin.example" in text_of(shown)
    assert "app secret" not in held
    assert told["state"] not in held
    assert flow_of(server).redeemed == [
        ("https://twin.example", "my-app", "app secret", "http://climate.test/sources/back", "abc")
    ]
    (source,) = await sources_of(server, account)
    assert done.path.startswith(f"/sources/{source.id}?done=")
    assert "code=abc" not in done.path
    assert open_secrets(source, server.authorization.cipher) == {
        "client_secret": "app secret",
        "refresh_token": "token for abc",
    }
    assert "sign-in/" not in everything_in(directory)


async def test_a_way_back_works_once(server: Server) -> None:
    account, browser = await somebody(server)
    _, told = await going(browser)
    await browser.get(f"/sources/back?code=abc&state={told['state']}")

    again = await browser.get(f"/sources/back?code=abc&state={told['state']}")

    assert (again.status, "not valid" in again.text) == (400, True)
    assert len(flow_of(server).redeemed) == 1
    assert len(await sources_of(server, account)) == 1


async def test_a_way_back_ends_after_ten_minutes(server: Server, directory: Directory) -> None:
    account, browser = await somebody(server)
    _, told = await going(browser)
    server.clock.advance(600)

    shown = await browser.get(f"/sources/back?code=abc&state={told['state']}")

    assert shown.status == 400
    assert flow_of(server).redeemed == []
    assert await sources_of(server, account) == []
    await going(browser)
    assert everything_in(directory).count("sign-in/") == 1


async def test_a_way_back_belongs_to_the_session_that_began_it(server: Server) -> None:
    """Otherwise somebody could have a victim's household collect from an account that is not the victim's."""
    account, browser = await somebody(server)
    mallory, other = await somebody(server, "mallory")
    again = server.browser()
    await again.sign_in(account.email)
    _, told = await going(browser)

    for wrong in (other, again):
        shown = await wrong.get(f"/sources/back?code=abc&state={told['state']}")
        assert shown.status == 400
    stranger = await server.browser().get(f"/sources/back?code=abc&state={told['state']}", follow=False)

    assert stranger.header("location").startswith("/sign-in")
    assert flow_of(server).redeemed == []
    assert await sources_of(server, mallory) == []
    assert (await browser.get(f"/sources/back?code=abc&state={told['state']}")).status == 200


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("error=access_denied", "Twin says that access was not allowed. Nothing was connected."),
        ("error=server_error", "Twin sent you back without a permission."),
        ("", "Twin sent you back without a permission."),
    ],
)
async def test_a_denial_is_told_plainly_and_leads_to_another_attempt(
    server: Server, query: str, told: str
) -> None:
    account, browser = await somebody(server)
    _, begun = await going(browser)

    shown = await browser.get(f"/sources/back?state={begun['state']}&{query}")

    assert shown.status == 400
    assert told in text_of(shown)
    assert f'href="/sources/connect?cloud={KIND}"' in shown.text
    assert await sources_of(server, account) == []
    retried = await browser.get(f"/sources/back?state={begun['state']}&code=abc")
    assert "not valid" in retried.text


@pytest.mark.parametrize(
    "fault", [Refused("the code does not hold"), RateLimited(60, "the code does not hold")]
)
async def test_a_code_that_the_vendor_does_not_take_connects_nothing(
    fault: AppError, directory: Directory, clock: FakeClock, entropy: SeededEntropy
) -> None:
    flow = TwinFlow(fault=fault)
    server = Server.over(directory, clock, entropy, clouds={KIND: twin_cloud(flow)})
    account, browser = await somebody(server)
    _, told = await going(browser)

    shown = await browser.get(f"/sources/back?code=abc&state={told['state']}")

    assert "something went wrong: the code does not hold. Nothing was connected" in text_of(shown)
    assert await sources_of(server, account) == []


@pytest.mark.parametrize("way", ["paste", "sign-in"])
async def test_connecting_again_changes_the_credentials_and_nothing_else(server: Server, way: str) -> None:
    account, browser = await somebody(server)
    source = await a_cloud(server, account, "At home")
    path = f"/sources/{source.id}/connect"
    form = await browser.get(path)

    if way == "paste":
        await browser.submit(path, way="paste", **TYPED)
    else:
        _, told = await going(browser, path)
        await browser.get(f"/sources/back?code=abc&state={told['state']}")

    (found,) = await sources_of(server, account)
    assert 'value="my-app"' in form.text
    assert (found.id, found.name, found.number) == (source.id, "At home", source.number)
    assert found.settings == source.settings
    fresh = open_secrets(found, server.authorization.cipher)["refresh_token"]
    assert fresh == ("hush-token" if way == "paste" else "token for abc")


async def test_what_is_forbidden_while_somebody_signs_in_stays_forbidden(server: Server) -> None:
    account, browser = await somebody(server)
    source = await a_cloud(server, account)
    page = f"/sources/{source.id}"
    await browser.submit(f"{page}/relay", on=page)
    _, told = await going(browser, f"{page}/connect")
    await browser.submit(f"{page}/no-relay", on=page)

    await browser.get(f"/sources/back?code=abc&state={told['state']}")

    (found,) = await sources_of(server, account)
    assert open_secrets(found, server.authorization.cipher)["refresh_token"] == "token for abc"
    assert not cloud_settings(found.settings).relays


async def test_a_source_removed_while_somebody_signs_in_stays_removed(server: Server) -> None:
    account, browser = await somebody(server)
    source = await a_cloud(server, account)
    _, told = await going(browser, f"/sources/{source.id}/connect")
    await browser.submit(f"/sources/{source.id}/remove", on=f"/sources/{source.id}/remove", data="keep")

    shown = await browser.get(f"/sources/back?code=abc&state={told['state']}")

    assert shown.status == 404
    assert await sources_of(server, account) == []


async def test_a_source_is_renamed_paused_resumed_and_let_relay(server: Server) -> None:
    account, browser = await somebody(server)
    source = await a_cloud(server, account)
    page = f"/sources/{source.id}"

    async def now() -> Source:
        found = await find_linked(server.ports.directory, account.owner_id, source.id)
        assert found is not None
        return found

    await browser.submit(f"{page}/name", on=page, name="Flat")
    assert (await now()).name == "Flat"
    assert (await browser.submit(f"{page}/name", on=page, name=" ")).status == 422
    paused = await browser.submit(f"{page}/pause", on=page)
    assert (await now()).is_paused
    assert "Paused. Nothing is asked" in text_of(paused)
    await browser.submit(f"{page}/resume", on=page)
    assert not (await now()).is_paused
    await browser.submit(f"{page}/relay", on=page)
    assert cloud_settings((await now()).settings).relays
    await browser.submit(f"{page}/no-relay", on=page)
    assert not cloud_settings((await now()).settings).relays
    assert (await now()).sealed == source.sealed


async def test_members_and_guests_see_and_change_nothing(server: Server, directory: Directory) -> None:
    account, _ = await somebody(server)
    source = await with_history(server, account)
    page = f"/sources/{source.id}"
    for role in (Role.MEMBER, Role.GUEST):
        browser = await guest_of(server, account, role)
        assert "Twin" in (await browser.get("/sources")).text
        shown = await browser.get(page)
        assert "12 348" in text_of(shown)
        assert "Manage" not in shown.text
        before = everything_in(directory)
        for deed in ("name", "pause", "resume", "relay", "no-relay", "connect", "remove"):
            refused = await browser.submit(f"{page}/{deed}", name="Twin", data="remove", **TYPED)
            assert refused.status == 403
        assert (await browser.submit("/sources/connect", cloud=KIND, **TYPED)).status == 403
        assert (await browser.get("/sources/back?code=a&state=b")).status == 403
        assert everything_in(directory) == before


async def test_somebody_elses_sources_are_not_listed(server: Server) -> None:
    account, _ = await somebody(server)
    await a_cloud(server, account, "Zanzibar")
    _, other = await somebody(server, "mallory")

    assert "Zanzibar" not in (await other.get("/sources")).text


async def with_station(server: Server, account: Account) -> tuple[Source, str]:
    source = await a_cloud(server, account, "At home")
    said = {"wifi": Report(value=60, at_ms=1, source=source.id)}
    device = await create_device(
        server.ports,
        account.owner_id,
        ACTOR,
        vendor="netatmo",
        model="NAMain",
        vendor_id="70:ee:50:00:00:01",
        name="Attic station",
        reports=said,
    )
    batch = Batch(
        device=device.number,
        times_ms=np.array([server.clock.now_ms()]),
        columns={"temperature_c": np.array([20.0])},
        origin=origin_of(source, OriginKind.CLOUD),
        arrived_ms=server.ports.arrivals.next_ms(),
    )
    await server.ports.series.record([batch])
    return source, device.id


async def test_disconnecting_keeps_the_data_unless_told_otherwise(server: Server) -> None:
    account, browser = await somebody(server)
    source, device_id = await with_station(server, account)
    page = f"/sources/{source.id}/remove"

    asked = await browser.get(page)
    shown = await browser.submit(page, data="keep")

    assert "1 device that nothing else feeds: Attic station" in text_of(asked)
    assert "Disconnected. Its credentials are forgotten; what was collected stays." in text_of(shown)
    assert await sources_of(server, account) == []
    assert (await browser.get(f"/devices/{device_id}")).status == 200


async def test_removing_the_data_takes_the_name_typed_and_says_what_went(server: Server) -> None:
    account, browser = await somebody(server)
    source, device_id = await with_station(server, account)
    page = f"/sources/{source.id}/remove"

    wrong = await browser.submit(page, on=page, data="remove", name="at home")
    assert wrong.status == 422
    assert await sources_of(server, account) == [source]
    shown = await browser.submit(page, on=page, data="remove", name="At home")

    assert "1 device, 0 homes and 0 payloads" in text_of(shown)
    assert await sources_of(server, account) == []
    assert await find_device(server.ports.directory, account.owner_id, device_id) is None


async def test_what_was_heard_through_a_broker_cannot_be_removed_with_it(server: Server) -> None:
    account, browser = await somebody(server)
    source = await link_source(
        server.ports,
        server.authorization.cipher,
        account.owner_id,
        ACTOR,
        kind="mqtt",
        name="hub",
        settings={"broker": "mqtt://hub"},
        secrets={},
    )
    page = f"/sources/{source.id}/remove"

    shown = await browser.get(page)

    assert "it stays" in shown.text
    assert (await browser.submit(page, data="remove", name="hub")).status == 422
    assert await sources_of(server, account) == [source]
    await browser.submit(page, on=page, data="keep")
    assert await sources_of(server, account) == []


async def test_a_source_whose_data_is_still_going_is_named(server: Server) -> None:
    account, browser = await somebody(server)
    source = await a_cloud(server, account, "At home")
    await mark_leaving(server.ports, account.owner_id, ACTOR, source.id)

    shown = await browser.get("/sources")

    assert "At home is disconnected; what it brought is being removed." in text_of(shown)
    assert (await browser.get(f"/sources/{source.id}")).status == 404


SILENCE = (
    "Twin’s cloud “At home” has not answered since 21 November 2026. What was collected until then stays "
    "here and is served as before; devices that only it can reach cannot be controlled."
)


async def silent(server: Server, account: Account) -> tuple[Source, str]:
    source, device_id = await with_station(server, account)
    now_ms = server.clock.now_ms()
    live = Live(at_ms=now_ms, activity="up to date", last_success_ms=now_ms)
    await noted(server, account, source, live)
    server.clock.advance(2 * 24 * 3600)
    failed = Live(
        at_ms=server.clock.now_ms(),
        activity="waits after a failure",
        last_success_ms=now_ms,
        last_error="the cloud cannot be reached",
        last_error_ms=server.clock.now_ms() - 60_000,
    )
    await noted(server, account, source, failed)
    return source, device_id


async def test_a_cloud_that_was_switched_off_is_told_of_wherever_it_matters(server: Server) -> None:
    server.clock.ms = 1_795_262_400_000  # 2026-11-21T12:00Z
    account, browser = await somebody(server)
    source, device_id = await silent(server, account)
    heard = await create_device(
        server.ports,
        account.owner_id,
        ACTOR,
        vendor="mclimate",
        model="vicki",
        vendor_id="v1",
        is_heard=True,
        reports={"x": Report(value=1, at_ms=1, source=source.id)},
    )
    elsewhere = await create_device(
        server.ports, account.owner_id, ACTOR, vendor="generic", model="x", vendor_id="v2"
    )

    for path in ("/sources", f"/sources/{source.id}", "/", f"/devices/{device_id}"):
        assert SILENCE in text_of(await browser.get(path)), path
    for device in (heard, elsewhere):
        assert "has not answered" not in (await browser.get(f"/devices/{device.id}")).text
    assert "the cloud cannot be reached" in (await browser.get("/sources")).text


async def test_a_cloud_is_not_called_silent_too_early_nor_while_it_is_paused(server: Server) -> None:
    account, browser = await somebody(server)
    source, _ = await silent(server, account)
    await pause_source(server.ports, account.owner_id, ACTOR, source.id, is_paused=True)
    assert "has not answered" not in (await browser.get("/")).text
    await pause_source(server.ports, account.owner_id, ACTOR, source.id, is_paused=False)
    assert "has not answered" in (await browser.get("/")).text

    now_ms = server.clock.now_ms()
    early = Live(at_ms=now_ms, last_success_ms=now_ms - 23 * HOUR_MS, last_error="x", last_error_ms=now_ms)
    await noted(server, account, source, early)
    assert "has not answered" not in (await browser.get("/")).text
