"""Authentication: no call passes whose caller is not known, or may not make it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import avrorpc
import pytest
from avrorpc import Call, Code, StatusError, bind
from avrorpc.driving import drive
from avrorpc.middleware import Authentication, Credentials
from avrorpc.principal import Principal
from support.calls import Scripted, a_call
from support.implementations import SyncSmall
from support.serving import ServerThread
from testcontracts.small import SmallClient

ADA = Principal("ada", "token", {"role": ("admin",)})


def by_token(call: Call) -> Principal | None:
    return {b"secret": ADA, b"other": Principal("bob", "token")}.get(call.metadata.get("authorization", b""))


async def test_who_is_known_passes_and_is_the_principal() -> None:
    service = Scripted("yes")
    call = a_call("ask", metadata={"authorization": b"secret"})
    await Authentication(by_token)(service)(call)
    assert service.calls[0].principal is ADA
    assert call.principal is None


@pytest.mark.parametrize("metadata", [{}, {"authorization": b"wrong"}])
async def test_who_is_not_known_does_not_pass(metadata: dict[str, bytes]) -> None:
    service = Scripted("yes")
    with pytest.raises(StatusError, match=r"n.Shop/ask needs to know who calls") as caught:
        await Authentication(by_token)(service)(a_call("ask", metadata=metadata))
    assert caught.value.code is Code.UNAUTHENTICATED
    assert not service.calls


async def test_who_may_not_call_a_message_is_told_so() -> None:
    service = Scripted("yes")
    may = Authentication(by_token, authorize=lambda who, method: who is ADA or method.name == "read")
    await may(service)(a_call("read", metadata={"authorization": b"other"}))
    with pytest.raises(StatusError, match=r"bob may not call n.Shop/write") as caught:
        await may(service)(a_call("write", metadata={"authorization": b"other"}))
    assert caught.value.code is Code.PERMISSION_DENIED
    assert len(service.calls) == 1


async def test_exempt_messages_are_for_everybody() -> None:
    service = Scripted("yes")
    await Authentication(by_token, exempt=["n.Shop/read"])(service)(a_call("read"))
    assert service.calls[0].principal is None


async def test_both_hooks_may_wait_and_what_they_raise_stops_the_call() -> None:
    service = Scripted("yes")

    async def slowly(call: Call) -> Principal | None:
        await call.clock.sleep(1.0)
        return by_token(call)

    async def fetch(call: Call) -> dict[str, bytes]:
        await call.clock.sleep(1.0)
        return {"authorization": b"secret"}

    def broken(call: Call) -> Principal | None:
        raise ConnectionError("the directory is away")

    await Credentials(fetch)(Authentication(slowly)(service))(a_call("ask"))
    with pytest.raises(ConnectionError):
        await Authentication(broken)(service)(a_call("ask"))
    assert len(service.calls) == 1


def test_credentials_are_asked_for_at_each_call() -> None:
    service, tokens = Scripted("yes"), iter([b"one", b"two"])
    serve = Credentials(lambda call: {"authorization": next(tokens)})(service)

    async def run() -> Any:
        return await serve(a_call("ask", metadata={"tenant": b"blue"}))

    drive(run())
    drive(run())
    assert [call.metadata["authorization"] for call in service.calls] == [b"one", b"two"]
    assert service.calls[0].metadata["tenant"] == b"blue"


class Naming(SyncSmall):
    def double(self, value: int, *, offset: int = 0) -> int:
        context = avrorpc.current_call()
        assert context is not None
        assert context.principal is not None
        return len(context.principal.name)


@pytest.fixture(scope="module")
def server() -> Iterator[ServerThread]:
    with ServerThread(bind(Naming(), middleware=(Authentication(by_token),))) as served:
        yield served


@pytest.mark.parametrize("placement", ["tcp", "http"])
def test_at_a_server_callers_are_told_and_implementations_see_who_calls(
    server: ServerThread, placement: str
) -> None:
    url = getattr(server, placement)
    with avrorpc.connect(SmallClient, url) as anonymous:
        with pytest.raises(StatusError) as caught:
            anonymous.double(1)
        assert caught.value.code is Code.UNAUTHENTICATED
    known = (Credentials(lambda call: {"authorization": b"secret"}),)
    with avrorpc.connect(SmallClient, url, middleware=known) as client:
        assert client.double(1) == 3


@pytest.mark.parametrize("options", ["", "?upgrade=no"])
def test_whom_the_connection_proves_is_there_to_be_taken(options: str) -> None:
    authentication = Authentication(
        lambda call: call.principal, authorize=lambda who, method: who.kind == "process"
    )
    with ServerThread(bind(SyncSmall(), middleware=(authentication,))) as server:
        with avrorpc.connect(SmallClient, f"{server.unix}{options}") as client:
            assert client.double(2) == 4
        with avrorpc.connect(SmallClient, server.tcp) as client, pytest.raises(StatusError) as caught:
            client.double(2)
    assert caught.value.code is Code.UNAUTHENTICATED
