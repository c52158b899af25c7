"""The dispatcher: checks in order, faults in the dialect's words, one log entry for every request."""

from __future__ import annotations

import asyncio
import threading
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from ownclimate.core import errors
from ownclimate.core.access import Permission
from ownclimate.web.asgi import Receive, Scope, Send, send_reply
from ownclimate.web.call import Answer, Call
from ownclimate.web.dispatch import CLIENT_GONE, Application, RequestEntry
from ownclimate.web.tables import BodyKind, Check, Credential, Envelope, Success
from tests.fakes import FakeClock, SeededEntropy
from tests.fakes.households import memory_ports
from tests.unit.web.dialects import NARROW, PLAIN, authenticate, client_of, nothing, row, toy


class Thing(msgspec.Struct):
    name: str


def raising(error: BaseException) -> Any:
    async def handler(call: Call, params: None) -> None:
        raise error

    return handler


async def thing(call: Call, params: Any) -> Thing:
    return Thing("x")


THING = row("/toy/thing", thing, successes=(Success(item=Thing),), is_conditional=True)


# Methods


async def test_head_is_get_without_the_body() -> None:
    client = client_of(toy(THING))

    head, get = await client.request("HEAD", "/toy/thing"), await client.get("/toy/thing")

    assert head.body == b""
    same = ("content-length", "content-type", "etag")
    assert [head.headers[name] for name in same] == [get.headers[name] for name in same]


async def test_a_method_that_is_not_there_is_405_with_allow_in_the_dialects_words() -> None:
    answer = await client_of(toy(THING)).request("DELETE", "/toy/thing")

    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
    assert "trouble" in answer.json


async def test_options_tells_what_is_possible() -> None:
    answer = await client_of(toy(THING)).request("OPTIONS", "/toy/thing")

    assert (answer.status, answer.headers["allow"]) == (204, "GET, HEAD, OPTIONS")


async def test_a_preflight_is_answered_for_any_origin_and_without_a_credential() -> None:
    client = client_of(toy(row("/toy", is_public=False)))
    asking = {"origin": "https://app.example", "access-control-request-method": "GET"}

    answer = await client.request("OPTIONS", "/toy", headers=asking)

    assert answer.status == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    headers = answer.headers["access-control-allow-headers"].split(", ")
    assert {"Authorization", "Content-Type", "If-None-Match", "X-Requested-With"} <= set(headers)
    assert "access-control-allow-credentials" not in answer.headers


async def test_faults_can_be_read_across_origins_too() -> None:
    answer = await client_of(toy(THING)).get("/toy/none", origin="https://app.example")

    assert answer.headers["access-control-allow-origin"] == "*"
    assert "X-Request-Id" in answer.headers["access-control-expose-headers"]


async def test_a_dialect_can_be_closed_to_other_origins() -> None:
    client = client_of(toy(THING, is_cross_origin=False))

    answer = await client.get("/toy/thing", origin="https://app.example")

    assert "access-control-allow-origin" not in answer.headers


# Paths


async def test_an_unknown_path_is_answered_by_the_longest_prefix() -> None:
    inner = toy(name="inner", prefixes=("/toy/inner",))
    client = client_of(toy(THING), inner)

    assert (await client.get("/toy/none")).entry.dialect == "toy"
    assert (await client.get("/toy/inner/none")).entry.dialect == "inner"
    assert (await client.get("/toyland")).entry.dialect == "operations"
    for target in ("/", "", "*", "?"):
        assert (await client.get(target)).entry.dialect == "operations"


async def test_doubled_slashes_collapse_only_where_the_dialect_says_so() -> None:
    lenient = toy(row("/lax/thing"), name="lax", prefixes=("/lax",), collapses_slashes=True)
    client = client_of(toy(THING), lenient)

    assert (await client.get("//lax//thing/")).status == 200
    assert (await client.get("/toy//thing")).status == 404
    assert (await client.get("//toy/thing")).status == 404


async def test_a_raw_bar_in_the_target_survives() -> None:
    async def tell(call: Call, params: Any) -> list[str]:
        return [call.path, call.query]

    client = client_of(toy(row("/toy/{x}", tell, params=X, successes=(Success(item=list),))))

    assert (await client.get("/toy/a|b?t=91|88")).json == ["/toy/a|b", "t=91|88"]


class X(msgspec.Struct):
    x: str


# Checks


async def test_checks_run_in_the_dialects_order() -> None:
    endpoint = row(
        "/toy", params=X, is_public=False, bodies=(BodyKind.JSON,), max_body_bytes=10, methods=("POST",)
    )
    early = client_of(toy(endpoint))
    late = client_of(toy(endpoint, checks=(Check.BODY, Check.PARAMETERS, Check.AUTHENTICATE, Check.SCOPE)))

    assert (await early.request("POST", "/toy", body=b"x" * 11)).status == 401
    assert (await late.request("POST", "/toy", body=b"x" * 11)).status == 413
    assert (await late.request("POST", "/toy")).status == 400


@pytest.mark.parametrize(
    "changes",
    [
        {"checks": (Check.BODY,)},
        {"credentials": (Credential.BODY,)},
        {"credential_kind": "nobody checks this"},
    ],
)
def test_a_table_that_contradicts_itself_does_not_start(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="toy"):
        client_of(toy(row("/toy", is_public=False), **changes))


async def test_a_row_asks_for_the_neutral_permission_and_for_every_vendor_scope() -> None:
    client = client_of(
        toy(
            row("/toy/read", permission=Permission.DEVICE_READ, scopes=("read",), is_public=False),
            row("/toy/both", permission=Permission.DEVICE_READ, scopes=("read", "write"), is_public=False),
            row("/toy/control", permission=Permission.DEVICE_CONTROL, is_public=False),
            row("/toy/any", is_public=False),
        )
    )
    statuses = {}
    for path in ("/toy/read", "/toy/both", "/toy/control", "/toy/any"):
        for token in (NARROW, PLAIN):
            answer = await client.get(path, authorization=f"Bearer {token}")
            statuses[path, token] = answer.status

    assert statuses == {
        ("/toy/read", NARROW): 200,
        ("/toy/read", PLAIN): 200,
        ("/toy/both", NARROW): 403,
        ("/toy/both", PLAIN): 200,
        ("/toy/control", NARROW): 403,
        ("/toy/control", PLAIN): 200,
        ("/toy/any", NARROW): 200,
        ("/toy/any", PLAIN): 200,
    }


@pytest.mark.parametrize("given", ["", "Basic x", "Bearer", "Bearer ", "Bearer wrong", PLAIN])
async def test_without_a_good_bearer_token_there_is_nothing(given: str) -> None:
    client = client_of(toy(row("/toy", is_public=False)))

    assert (await client.get("/toy", authorization=given)).status == 401


# Bodies


async def test_a_body_is_refused_as_soon_as_it_passes_the_limit() -> None:
    endpoint = row("/toy", bodies=(BodyKind.RAW,), max_body_bytes=10, methods=("POST",))
    client = client_of(toy(endpoint))
    declared = {"content-length": "11"}

    assert (await client.request("POST", "/toy", body=[b"x" * 5, b"x" * 5])).status == 200
    assert (await client.request("POST", "/toy", body=[b"x" * 5, b"x" * 6, b"never read"])).status == 413
    assert (await client.request("POST", "/toy", body=b"", headers=declared)).status == 413
    assert (await client.request("POST", "/toy", headers={"content-length": "9" * 5000})).status == 413


async def test_a_raw_body_reaches_the_handler_as_it_came() -> None:
    async def tell(call: Call, params: Any) -> Thing:
        return Thing(call.body.hex())

    endpoint = row("/toy", tell, bodies=(BodyKind.RAW,), methods=("POST",), successes=(Success(item=Thing),))

    answer = await client_of(toy(endpoint)).request("POST", "/toy", body=[b"\xff", b"", b"\x00"])

    assert answer.json == {"name": "ff00"}


async def test_a_client_that_hangs_up_while_sending_is_logged_and_not_answered() -> None:
    entries: list[RequestEntry] = []
    app = Application(
        dialects=[toy(row("/toy", bodies=(BodyKind.RAW,), methods=("POST",)))],
        ports=memory_ports(FakeClock(), SeededEntropy(1)),
        authenticators={"token": authenticate},
        observers=[entries.append],
    )
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/toy", "query_string": b"", "headers": []}
    await app(scope, receive, send)

    assert sent == []
    assert entries[0].status == CLIENT_GONE


# Faults


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.InvalidInput("x", "is odd"), 400),
        (errors.Forbidden("no"), 403),
        (errors.NotFound("thing", "7"), 404),
        (errors.Conflict("thing", "7"), 409),
        (errors.RateLimited(2.5), 429),
        (errors.StoreUnavailable("the queue is full"), 503),
        (errors.StoreCorrupt("page 7 is damaged"), 500),
        (errors.Refused("upstream says no"), 502),
        (errors.Unreachable("upstream is away"), 503),
        (RuntimeError("password=hunter2"), 500),
    ],
)
async def test_every_kind_of_error_has_its_status(error: Exception, status: int) -> None:
    declared = (409, 429, 502)
    answer = await client_of(toy(row("/toy", raising(error), errors=declared, is_public=False))).get(
        "/toy", authorization=f"Bearer {PLAIN}"
    )

    assert answer.status == status


@pytest.mark.parametrize("error", [RuntimeError("hunter2"), errors.StoreCorrupt("hunter2")])
async def test_a_500_is_bland_and_its_error_goes_to_the_log_alone(error: Exception) -> None:
    answer = await client_of(toy(row("/toy", raising(error)))).get("/toy")

    assert answer.status == 500
    assert b"hunter2" not in answer.body
    assert answer.entry.error is error


async def test_later_is_said_with_retry_after_in_whole_seconds() -> None:
    full = errors.StoreUnavailable("full", retry_after_s=0.2)

    answer = await client_of(toy(row("/toy", raising(full)))).get("/toy")

    assert (answer.status, answer.headers["retry-after"]) == (503, "1")


async def test_a_cancelled_request_stays_cancelled() -> None:
    client = client_of(toy(row("/toy", raising(asyncio.CancelledError()))))

    with pytest.raises(asyncio.CancelledError):
        await client.get("/toy")


# Answers


async def test_an_answer_may_choose_another_success_of_its_row() -> None:
    async def accept(call: Call, params: None) -> Answer:
        return Answer(status=202, headers=(("location", "/toy/job"),))

    endpoint = row("/toy", accept, successes=(Success(item=Thing), Success(status=202)))

    answer = await client_of(toy(endpoint)).get("/toy")

    assert (answer.status, answer.headers["location"], answer.body) == (202, "/toy/job", b"")


async def test_a_dialects_envelope_is_around_every_result_but_bare_ones() -> None:
    envelope = Envelope(wrap=lambda item, call: {"ok": item}, shape=lambda item: dict)
    client = client_of(
        toy(
            row("/toy/a", thing, successes=(Success(item=Thing),)),
            row("/toy/b", thing, successes=(Success(item=Thing, is_bare=True),)),
            envelope=envelope,
        )
    )

    assert (await client.get("/toy/a")).json == {"ok": {"name": "x"}}
    assert (await client.get("/toy/b")).json == {"name": "x"}


async def test_content_that_is_not_json_goes_out_as_it_is() -> None:
    async def text(call: Call, params: None) -> bytes:
        return b"up 1\n"

    endpoint = row("/metrics", text, successes=(Success(item=str, content_type="text/plain"),))

    answer = await client_of(operations=[endpoint]).get("/metrics")

    assert (answer.body, answer.headers["content-type"]) == (b"up 1\n", "text/plain")


async def test_a_row_in_a_thread_does_not_run_on_the_loop() -> None:
    def where(call: Call, params: None) -> Thing:
        return Thing(threading.current_thread().name)

    endpoint = row("/toy", where, in_thread=True, successes=(Success(item=Thing),))

    answer = await client_of(toy(endpoint)).get("/toy")

    assert answer.json["name"] != threading.current_thread().name


@pytest.mark.parametrize("known", ["{}", "W/{}", '"other", {}', '"a",W/{} ,"b"', "*"])
async def test_a_client_that_has_this_very_answer_gets_304_without_a_body(known: str) -> None:
    client = client_of(toy(THING))
    etag = (await client.get("/toy/thing")).headers["etag"]

    answer = await client.get("/toy/thing", if_none_match=known.format(etag))

    assert (answer.status, answer.body, answer.headers["etag"]) == (304, b"", etag)


@pytest.mark.parametrize("known", ['"other"', "x", '"', "W/*"])
async def test_a_client_that_has_another_answer_gets_this_one(known: str) -> None:
    answer = await client_of(toy(THING)).get("/toy/thing", if_none_match=known)

    assert answer.status == 200


# Ids, log, public address, mounts


async def test_a_sane_request_id_is_kept_and_another_replaced() -> None:
    client = client_of(toy(THING))

    kept = await client.get("/toy/thing", x_request_id="abc-1.2_3")
    replaced = await client.get("/toy/thing", x_request_id="two words\tand more")

    assert kept.headers["x-request-id"] == kept.entry.request_id == "abc-1.2_3"
    assert len(replaced.headers["x-request-id"]) == 16


async def test_the_log_entry_names_the_route_and_never_the_query() -> None:
    client = client_of(toy(row("/toy/{x}", params=X, is_public=False)))

    answer = await client.get("/toy/secret?access_token=secret", authorization=f"Bearer {PLAIN}")

    assert answer.entry[1:5] == ("GET", "/toy/{x}", "toy", 200)
    assert answer.entry.client_id == "client-plain"
    assert answer.entry.duration_ms > 0
    assert "secret" not in repr(answer.entry)


async def test_the_public_address_is_the_configured_one_else_the_one_that_was_called() -> None:
    async def tell(call: Call, params: None) -> Thing:
        return Thing(call.public_url)

    dialect = toy(row("/toy", tell, successes=(Success(item=Thing),)))

    assert (await client_of(dialect).get("/toy")).json["name"] == "http://climate.test"
    configured = client_of(dialect, public_url="https://own.example/")
    assert (await configured.get("/toy")).json["name"] == "https://own.example"


async def test_a_mount_serves_its_prefix_and_a_row_wins_over_it() -> None:
    async def mounted(scope: Scope, receive: Receive, send: Send) -> None:
        await send_reply(send, 202, [], b"mounted")

    client = client_of(toy(THING), mounts={"/toy": mounted, "/hooks": mounted})

    answer = await client.request("POST", "/hooks/readings")
    assert (answer.status, answer.body, answer.entry.route) == (202, b"mounted", "/hooks")
    assert answer.headers["x-request-id"] == answer.entry.request_id
    assert (await client.get("/toy/thing")).status == 200
    assert (await client.get("/toy/else")).status == 202
    assert (await client.get("/hooksx")).status == 404


async def test_a_mount_over_everything_leaves_dialects_their_unknown_paths() -> None:
    async def mounted(scope: Scope, receive: Receive, send: Send) -> None:
        scope["route"] = "/pages/{name}"
        await send_reply(send, 200, [], b"page")

    client = client_of(toy(THING), mounts={"": mounted})

    assert (await client.get("/toy/none")).entry.dialect == "toy"
    page = await client.get("/anything")
    assert (page.body, page.entry.route) == (b"page", "/pages/{name}")


async def test_a_public_row_that_asks_for_an_access_is_a_mistake_of_ours() -> None:
    async def ask(call: Call, params: None) -> None:
        _ = call.access

    assert (await client_of(toy(row("/toy", ask))).get("/toy")).status == 500


async def test_the_server_is_told_of_start_and_stop() -> None:
    seen: list[str] = []

    @asynccontextmanager
    async def lifetime() -> Any:
        seen.append("start")
        yield
        seen.append("stop")

    app = Application(
        dialects=[toy(row("/toy", nothing))],
        ports=memory_ports(FakeClock(), SeededEntropy(1)),
        authenticators={},
        lifetime=lifetime,
    )
    messages = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])

    async def receive() -> Any:
        return next(messages)

    async def send(message: Any) -> None:
        seen.append(message["type"])

    await app({"type": "lifespan"}, receive, send)

    assert seen == ["start", "lifespan.startup.complete", "stop", "lifespan.shutdown.complete"]
