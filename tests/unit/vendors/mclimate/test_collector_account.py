from __future__ import annotations

from ownclimate.core.documents import from_body, to_body
from ownclimate.sync.collector import TaskKind
from ownclimate.vendors.mclimate.collector_account import MOST_PAGES, Account, Controller
from ownclimate.vendors.mclimate.collector_tasks import planned


def controllers(*serials: str) -> dict[str, Controller]:
    return {serial: Controller(type="vicki", is_online=True) for serial in serials}


def test_only_what_was_on_no_page_of_the_whole_list_is_missing() -> None:
    first = Account().with_page(1, 2, controllers("a", "b"))
    both = first.with_page(2, 2, controllers("c"))

    assert (first.missing, both.missing) == ((), ())
    assert both.with_page(1, 2, controllers("a")).missing == ("b",)
    assert both.with_page(1, 1, controllers("a", "b")).missing == ("c",)


def test_what_is_gone_is_missed_no_more_and_its_past_may_still_be_had() -> None:
    account = Account().with_page(1, 1, controllers("a", "b")).with_page(1, 1, controllers("a"))
    gone = account.with_controller("b", is_gone=True)

    assert gone.with_page(1, 1, controllers("a")).missing == ()
    keys = {task.key for task in planned(gone, 0)}
    assert "past b" in keys
    assert {"state b", "activity b", "schedules b"}.isdisjoint(keys)


def test_an_account_is_stored_whole() -> None:
    account = Account().with_page(1, 1, controllers("a")).with_list("rooms", 1, 3)
    account = account.with_controller("a", has_log=False, activity_page=2)

    assert from_body(Account, to_body(account)) == account


def test_a_list_that_grows_for_ever_is_followed_to_an_end() -> None:
    account = Account()
    for page in range(1, 2 * MOST_PAGES):
        account = account.with_list("controllers", page, page + 1)

    assert account.pages["controllers"] == MOST_PAGES


def test_rooms_are_asked_for_before_the_controllers_in_them_and_the_past_last() -> None:
    account = Account().with_page(1, 2, controllers("a")).with_list("controllers", 1, 2)
    tasks = sorted(planned(account, 5), key=lambda task: (task.rank, task.key))

    names = [task.label for task in tasks if task.kind is TaskKind.TOPOLOGY]
    assert names == ["the account", "buildings", "floors", "rooms", "controllers", "controllers, page 2"]
    assert (tasks[-1].key, tasks[-1].since_ms) == ("past a", 5)


def test_an_offline_controller_is_not_asked_for_its_state_and_many_are_asked_more_seldom() -> None:
    serials = [f"s{number}" for number in range(600)]
    account = Account().with_page(1, 1, controllers(*serials)).with_controller("s0", is_online=False)
    tasks = {task.key: task for task in planned(account, 0)}

    assert "state s0" not in tasks
    assert tasks["state s1"].every_ms == tasks["past s1"].every_ms == 600 * 4_000
