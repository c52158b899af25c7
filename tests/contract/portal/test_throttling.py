"""How often somebody may try."""

from __future__ import annotations

from ownclimate.core.ports import Directory
from ownclimate.oauth.throttle import Allowance, Throttle
from tests.contract.portal.browser import PASSWORD, Server
from tests.fakes import FakeClock, SeededEntropy

WRONG = "surely not this one"


async def test_an_account_is_closed_for_a_while_after_too_many_failures(
    server: Server, clock: FakeClock
) -> None:
    await server.person("anna")
    browser = server.browser()

    statuses = [(await browser.sign_in("anna@example.org", WRONG)).status for _ in range(11)]
    right = await server.browser(address="198.51.100.7").sign_in("anna@example.org")
    clock.advance(60)
    later = await browser.sign_in("anna@example.org")

    assert statuses == [401] * 10 + [429]
    assert (right.status, int(right.header("retry-after")) <= 60) == (429, True), "from anywhere"
    assert later.status == 200


async def test_an_email_without_an_account_is_throttled_alike(server: Server) -> None:
    browser = server.browser()

    statuses = [(await browser.sign_in("nobody@example.org", WRONG)).status for _ in range(11)]

    assert statuses == [401] * 10 + [429]


async def test_signing_in_forgets_the_failures_of_the_account(server: Server) -> None:
    await server.person("anna")
    browser = server.browser()

    for _ in range(3):
        for _ in range(9):
            await browser.sign_in("anna@example.org", WRONG)
        assert (await browser.sign_in("anna@example.org")).status == 200


async def test_an_address_that_tries_many_accounts_has_to_wait(
    directory: Directory, clock: FakeClock, entropy: SeededEntropy
) -> None:
    server = Server.over(directory, clock, entropy)
    server.services.sign_ins.addresses._allowance = Allowance(burst=3, interval_s=60)
    await server.person("anna")
    spraying = server.browser()

    statuses = [(await spraying.sign_in(f"n{i}@example.org", WRONG)).status for i in range(4)]
    elsewhere = await server.browser(address="198.51.100.7").sign_in("anna@example.org")

    assert statuses == [401, 401, 401, 429]
    assert elsewhere.status == 200


async def test_guessing_the_password_on_the_account_page_counts_as_well(server: Server) -> None:
    browser = await server.signed_in("anna")

    for _ in range(11):
        shown = await browser.submit(
            "/account/password", on="/account", password=WRONG, new_password=PASSWORD
        )

    assert "Too many attempts" in shown.text


async def test_an_address_can_make_only_so_many_accounts(
    directory: Directory, clock: FakeClock, entropy: SeededEntropy
) -> None:
    registrations = Throttle(clock, Allowance.in_every(3600, 2))
    server = Server.over(directory, clock, entropy, registrations=registrations)

    statuses = [
        (
            await server.browser().submit(
                "/register", on="/register", email=f"n{i}@example.org", password=PASSWORD, follow=False
            )
        ).status
        for i in range(3)
    ]

    assert statuses == [303, 303, 429]


async def test_registration_can_be_closed(
    directory: Directory, clock: FakeClock, entropy: SeededEntropy
) -> None:
    server = Server.over(directory, clock, entropy, is_registration_open=False)
    browser = server.browser()

    page = await browser.get("/register")
    token = (await browser.get("/sign-in")).csrf
    sent = await browser.post("/register", {"csrf": token, "email": "a@example.org", "password": PASSWORD})

    assert (page.status, sent.status) == (403, 403)
    assert "/register" not in (await browser.get("/")).text


def test_the_throttle_forgets_what_has_recovered_when_it_is_full(clock: FakeClock) -> None:
    throttle = Throttle(clock, Allowance(burst=1, interval_s=60))
    for name in range(50_000):
        throttle.count(str(name))
    clock.advance(61)

    throttle.count("one more")

    assert len(throttle._empty_at_ms) == 1
    assert throttle.wait_s("one more") > 0


def test_a_burst_of_nothing_is_no_limit(clock: FakeClock) -> None:
    throttle = Throttle(clock, Allowance.in_every(60, 0))

    for _ in range(100):
        throttle.count("anna")

    assert throttle.wait_s("anna") == 0
