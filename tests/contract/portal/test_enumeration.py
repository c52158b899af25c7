"""Nobody learns from these pages which e-mails have an account."""

from __future__ import annotations

import re
import statistics
import time

from tests.contract.portal.browser import PASSWORD, Browser, Server, Shown


def _without_what_was_typed(shown: Shown) -> str:
    text = re.sub(r'name="csrf" value="[0-9a-f]+"', "", shown.text)
    return re.sub(r"[\w.+-]+@example\.org", "", text)


def _headers(shown: Shown) -> list[tuple[str, str]]:
    changing = ("x-request-id", "set-cookie", "content-length", "location")
    return [(name, value) for name, value in shown.headers if name not in changing]


async def _failed(browser: Browser, email: str) -> Shown:
    return await browser.sign_in(email, "surely not this one")


async def test_a_failed_sign_in_looks_the_same_with_and_without_an_account(server: Server) -> None:
    await server.person("anna")

    known = await _failed(server.browser(), "anna@example.org")
    unknown = await _failed(server.browser(), "nobody@example.org")

    assert known.status == unknown.status == 401
    assert _without_what_was_typed(known) == _without_what_was_typed(unknown)
    assert _headers(known) == _headers(unknown)


async def test_a_failed_sign_in_takes_the_same_work_with_and_without_an_account(server: Server) -> None:
    """Hashing is nearly all of the time; without it the unknown e-mail would answer ten times faster."""
    await server.person("anna")
    browser = server.browser()
    took: dict[str, list[float]] = {"anna@example.org": [], "nobody@example.org": []}
    await _failed(browser, "warming-up@example.org")

    for _ in range(5):
        for email, times in took.items():
            started = time.process_time()
            await _failed(browser, email)
            times.append(time.process_time() - started)

    known, unknown = (statistics.median(times) for times in took.values())
    assert 0.5 < unknown / known < 2


async def test_registering_a_taken_email_looks_like_registering_a_free_one(server: Server) -> None:
    await server.person("anna")
    answers = []

    for email in ("anna@example.org", "new@example.org"):
        browser = server.browser()
        answer = await browser.submit(
            "/register", on="/register", email=email, password=PASSWORD, follow=False
        )
        answers.append((answer.status, answer.header("location").replace(email.partition("@")[0], "")))
    taken, free = answers

    assert taken == free
    assert taken[0] == 303


async def test_registering_a_taken_email_changes_nothing_about_its_account(server: Server) -> None:
    await server.person("anna")

    await server.browser().submit(
        "/register", on="/register", email="anna@example.org", password="the intruder's own"
    )

    assert (await server.browser().sign_in("anna@example.org", "the intruder's own")).status == 401
    assert (await server.browser().sign_in("anna@example.org")).status == 200


async def test_somebody_who_registered_can_sign_in_and_has_a_household(server: Server) -> None:
    browser = server.browser()

    sent = await browser.submit("/register", on="/register", email="New@example.org", password=PASSWORD)
    shown = await browser.submit("/sign-in", email="new@example.org", password=PASSWORD)

    assert "Almost there" in sent.text
    assert (shown.status, shown.title) == (200, "Sites and devices")


async def test_a_registration_that_cannot_stand_says_which_field_is_wrong(server: Server) -> None:
    for fields, words in (
        ({"email": "no address", "password": PASSWORD}, "name@example.org"),
        ({"email": "a@example.org", "password": "short"}, "8 to 1024"),
    ):
        shown = await server.browser().submit("/register", on="/register", **fields)

        assert shown.status == 422
        assert words in shown.text
        assert 'aria-invalid="true"' in shown.text
