"""What a server tells of itself, to whom, and beside what."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import avrorpc
import pytest
from avrorpc import BindError, Code, Limits, Server, ServingStatus, StatusError, close, connect
from avrorpc.codec import acceleration
from avrorpc.contracts import (
    AsyncIntrospectionClient,
    NotServed,
    Outcome,
    ServerInfo,
    StreamKind,
)
from avrorpc.middleware.statistics import Statistics
from avrorpc.schema import fingerprint, handshake_hash
from avrorpc.server.activity import Activity
from avrorpc.server.health import Health
from avrorpc.server.introspection import ServerIntrospection
from support.exemplary import Exemplary
from support.implementations import AsyncConformance, AsyncSmall, AsyncStreams
from support.waiting import until
from testcontracts.conformance import CONFORMANCE, AsyncConformanceClient, NotThere
from testcontracts.small import SMALL, AsyncSmallClient


@pytest.fixture(params=["tcp", "http"])
def scheme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with Server(
        [AsyncSmall(), AsyncConformance(), AsyncStreams(), Exemplary()], limits=Limits(max_calls=77)
    ) as made:
        yield made


@pytest.fixture
async def client(server: Server, scheme: str) -> AsyncIterator[AsyncIntrospectionClient]:
    async with connect(AsyncIntrospectionClient, await server.listen(f"{scheme}://127.0.0.1:0")) as made:
        yield made


def pretend_all_are_remote(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("avrorpc.transport.accepted.is_loopback", lambda host: False)


async def test_info_says_what_runs_and_what_is_served(
    server: Server, client: AsyncIntrospectionClient
) -> None:
    info = await client.info()
    assert (info.version, info.addresses) == (avrorpc.__version__, server.urls)
    assert info.services == [
        "small.Small", "conformance.Conformance", "streams.Streams", "exemplary.Exemplary"
    ]  # fmt: skip


async def test_services_are_listed_in_outline(client: AsyncIntrospectionClient) -> None:
    small, conformance, streams, _ = await client.services()
    assert (small.name, small.hash) == ("small.Small", SMALL.hash.hex())
    messages = {message.name: message for message in conformance.messages}
    assert list(messages) == list(CONFORMANCE.methods)
    assert messages["find"].errors == ["conformance.NotThere", "conformance.TooLarge"]
    assert (messages["note"].one_way, messages["hurry"].timeout) == (True, 0.15)
    assert (messages["add"].readonly, messages["add"].idempotent, messages["echo"].readonly) == (
        True,
        True,
        False,
    )
    kinds = {message.name: message.streaming for message in streams.messages}
    assert (kinds["count"], kinds["upload"], kinds["shout"]) == (
        StreamKind.RESPONSE,
        StreamKind.REQUEST,
        StreamKind.BOTH,
    )


async def test_a_contract_comes_with_its_text_its_hash_and_its_fingerprints(
    client: AsyncIntrospectionClient,
) -> None:
    found = await client.contract("conformance.Conformance")
    assert (found.name, found.text) == ("conformance.Conformance", CONFORMANCE.text)
    assert found.hash == handshake_hash(found.text).hex()
    point = next(named for named in CONFORMANCE.protocol.types if named.name == "conformance.Point")
    told = {item.name: (item.crc64, item.sha256) for item in found.fingerprints}
    assert told["conformance.Point"] == (fingerprint(point).hex(), fingerprint(point, "sha256").hex())
    assert list(told) == [named.name for named in CONFORMANCE.protocol.types]


async def test_what_is_not_served_is_a_declared_error_that_says_what_is(
    client: AsyncIntrospectionClient,
) -> None:
    for asked in (
        client.contract("no.Such"), client.examples("no.Such"), client.test("no.Such"),
        client.health(service="no.Such"), client.contract("avrorpc.Introspection"),
    ):  # fmt: skip
        with pytest.raises(NotServed) as caught:
            await asked
        assert caught.value.served[0] == "small.Small"
    with pytest.raises(NotServed) as wrong:
        await client.examples("small.Small", message="triple")
    assert wrong.value.message == "small.Small has no message 'triple'; it has double, fail"


async def test_examples_are_given_and_run(client: AsyncIntrospectionClient) -> None:
    cases = await client.examples("exemplary.Exemplary")
    assert {case.message for case in cases} == {"times", "store"}
    results = await client.test("exemplary.Exemplary", message="times")
    assert [result.outcome for result in results].count(Outcome.PASSED) == 2
    assert [result.outcome for result in results].count(Outcome.SKIPPED) == 1
    assert len(await client.test("exemplary.Exemplary")) == len(results) + 1
    assert await client.test("small.Small") == []


async def test_health_is_what_the_server_was_told(server: Server, client: AsyncIntrospectionClient) -> None:
    assert (await client.health()).ready
    server.health.set(ServingStatus.NOT_SERVING, "loading weights", service="small.Small")
    assert (await client.health(service="conformance.Conformance")).ready
    small = await client.health(service="small.Small")
    assert (small.ready, small.live, small.text) == (False, True, "loading weights")
    assert (await client.health()).text == "small.Small: loading weights"


async def test_calls_are_counted_by_message_and_outcome(server: Server) -> None:
    url = await server.listen("tcp://127.0.0.1:0")
    async with connect(AsyncConformanceClient, url) as user, connect(AsyncIntrospectionClient, url) as client:
        assert (await client.statistics()).messages == []
        await user.add(1.0)
        await user.add(2.0)
        with pytest.raises(NotThere):
            await user.find("missing")
        with pytest.raises(StatusError):
            await user.fail("status")
        found = {item.message: item for item in (await client.statistics()).messages}
    assert (found["add"].service, found["add"].started, found["add"].in_flight) == (
        "conformance.Conformance",
        2,
        0,
    )
    assert found["add"].codes == {"OK": 2}
    assert sum(found["find"].declared.values()) == 1
    assert found["fail"].codes == {"NOT_FOUND": 1}
    latency = found["add"].latency
    assert latency.keys() == {"p50", "p90", "p99", "max"}
    assert 0 <= latency["p50"] <= latency["p99"] <= latency["max"]


async def test_connections_and_calls_under_way_are_listed(server: Server, scheme: str) -> None:
    url = await server.listen(f"{scheme}://127.0.0.1:0")
    running: Any = server.services[1].binding.implementation
    async with (
        connect(AsyncConformanceClient, url, timeout=60) as user,
        connect(AsyncIntrospectionClient, url) as client,
    ):
        waiting = asyncio.create_task(user.wait(50.0))
        await running.started.wait()
        (call,) = await client.calls()
        assert (call.service, call.message) == ("conformance.Conformance", "wait")
        assert call.remaining is not None
        assert 0 < call.remaining <= 60
        mine, own = sorted(
            await client.connections(), key=lambda item: item.service != "conformance.Conformance"
        )
        assert (mine.id, mine.peer) == (call.connection, call.peer)
        assert mine.peer.startswith("127.0.0.1:")
        assert (mine.transport, mine.calls, mine.hash) == (scheme, 1, CONFORMANCE.hash.hex())
        assert (own.service, own.calls) == ("avrorpc.Introspection", 1)
        assert mine.received > 0
        waiting.cancel()
        await asyncio.wait([waiting])
        await running.cancelled.wait()
        await until(lambda: len(server.activity.calls) == 0)


async def test_a_connection_that_ends_is_listed_no_more(server: Server) -> None:
    url = await server.listen("tcp://127.0.0.1:0")
    user = connect(AsyncSmallClient, url)
    await user.double(1)
    assert len(server.activity.connections) == 1
    await close(user)
    await until(lambda: not server.activity.connections)


async def test_settings_are_told_with_the_limits_in_force(client: AsyncIntrospectionClient) -> None:
    settings = {item.name: item.value for item in await client.configuration()}
    assert settings["limits.max_calls"] == "77"
    assert settings["codec"] == acceleration.description
    assert (settings["threads"], settings["expose_cause"], settings["introspection"]) == (
        "8",
        "False",
        "True",
    )


PUBLIC = ("info", "services", "health")
PRIVATE = ("statistics", "connections", "calls", "configuration")


@pytest.mark.parametrize(
    ("access", "told", "refused"),
    [(True, PUBLIC, PRIVATE), ("local", (), PUBLIC + PRIVATE), ("open", PUBLIC + PRIVATE, ())],
)
async def test_callers_on_other_hosts_are_told_what_the_access_allows(
    access: Any, told: tuple[str, ...], refused: tuple[str, ...], scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend_all_are_remote(monkeypatch)
    async with Server([AsyncSmall()], introspection=access) as server:
        url = await server.listen(f"{scheme}://127.0.0.1:0")
        async with connect(AsyncIntrospectionClient, url) as client:
            for name in told:
                await getattr(client, name)()
            for name in refused:
                with pytest.raises(StatusError, match="own host alone") as caught:
                    await getattr(client, name)()
                assert caught.value.code is Code.PERMISSION_DENIED
            if access is True:
                info: ServerInfo = await client.info()
                assert info.addresses == []
                with pytest.raises(StatusError, match="own host alone"):
                    await client.test("small.Small")


async def test_behind_a_proxy_on_the_same_host_nobody_is_local(server: Server) -> None:
    url = await server.listen("http://127.0.0.1:0")
    seen: list[bool] = []
    answer = server.services[0].answer

    async def watching(*args: Any, **kwargs: Any) -> Any:
        seen.extend(connection.accepted.is_local for connection in server.activity.connections)
        return await answer(*args, **kwargs)

    server.services[0].answer = watching  # type: ignore[method-assign]
    async with aiohttp.ClientSession() as session:
        for extra in (
            {},
            {"X-Forwarded-For": "203.0.113.7"},
            {"forwarded": "for=203.0.113.7"},
            {"via": "1.1 x"},
        ):
            headers = {"Content-Type": "avro/binary", **extra}
            body = SMALL.hash + b"\x00" + SMALL.hash + b"\x00" + b"\x00" + b"\x0cdouble" + b"\x02\x00"
            framed = len(body).to_bytes(4, "big") + body + bytes(4)
            async with session.post(f"{url}/avro/small.Small", data=framed, headers=headers) as reply:
                assert reply.status == 200
    assert seen == [True, False, False, False]


async def test_it_is_offered_last_and_is_none_of_the_services(server: Server) -> None:
    offers = [offer.name for offer in server.offers]
    assert offers[0] == "small.Small"
    assert offers[-1] == "avrorpc.Introspection"
    assert "avrorpc.Introspection" not in repr(server)
    assert "avrorpc.Introspection" not in [served.name for served in server.services]


async def test_it_may_be_left_out_and_then_nothing_is_counted() -> None:
    async with Server([AsyncSmall()], introspection=False) as server:
        url = await server.listen("tcp://127.0.0.1:0")
        assert [offer.name for offer in server.offers] == ["small.Small"]
        assert server.services[0].binding.middleware == ()
        async with connect(AsyncIntrospectionClient, url) as client:
            with pytest.raises(avrorpc.RpcError, match=r"small\.Small"):
                await client.info()


def test_an_access_that_is_none_is_refused() -> None:
    nonsense: Any = "everybody"
    with pytest.raises(BindError, match="introspection='everybody' is none of True, False, 'local', 'open'"):
        Server([AsyncSmall()], introspection=nonsense)


async def test_it_answers_while_the_server_drains_and_does_not_hold_the_drain_up(server: Server) -> None:
    url = await server.listen("tcp://127.0.0.1:0?upgrade=no")
    running: Any = server.services[1].binding.implementation
    async with connect(AsyncConformanceClient, url) as user, connect(AsyncIntrospectionClient, url) as client:
        assert (await client.health()).ready
        assert await user.add(1.0) == 2.0
        waiting = asyncio.create_task(user.wait(50.0))
        await running.started.wait()
        closing = asyncio.create_task(server.close(drain=60))
        await until(lambda: not server.health.is_ready)
        report = await client.health()
        assert (report.live, report.ready, report.text) == (True, False, "the server is shutting down")
        (call,) = await client.calls()
        assert call.message == "wait"
        with pytest.raises(StatusError, match="shutting down"):
            await user.add(1.0)
        await close(user)
        await asyncio.wait([waiting])
        await closing


async def test_an_introspection_of_the_users_own_is_served_in_its_place() -> None:
    own = ServerIntrospection(
        [],
        access="open",
        activity=Activity(),
        health=Health([]),
        statistics=Statistics(),
        addresses=lambda: ["nowhere"],
        settings={"colour": "blue"},
    )
    async with Server([AsyncSmall(), own]) as server:
        assert [offer.name for offer in server.offers] == ["small.Small", "avrorpc.Introspection"]
        async with connect(AsyncIntrospectionClient, await server.listen("tcp://127.0.0.1:0")) as client:
            assert (await client.info()).addresses == ["nowhere"]
            assert [item.value for item in await client.configuration()] == ["blue"]


async def test_who_watches_is_told_at_once_and_of_each_change_and_does_not_hold_the_drain_up() -> None:
    async with Server([AsyncSmall()]) as server:
        url = await server.listen("tcp://127.0.0.1:0")
        async with connect(AsyncIntrospectionClient, url) as client:
            reports = aiter(client.watch())
            assert (await anext(reports)).ready
            server.health.set(ServingStatus.NOT_SERVING, "loading", service="small.Small")
            assert (await anext(reports)).text == "small.Small: loading"
            (call,) = server.activity.calls
            assert call.message == "watch"
            await server.close(drain=60)
            assert (await anext(reports)).text == "the server is shutting down"
            with pytest.raises(StopAsyncIteration):
                await anext(reports)
        await until(lambda: not server.activity.calls)


async def test_a_watch_of_what_is_not_served_is_refused(server: Server) -> None:
    url = await server.listen("tcp://127.0.0.1:0")
    async with connect(AsyncIntrospectionClient, url) as client:
        with pytest.raises(NotServed):
            await anext(aiter(client.watch(service="no.Such")))
