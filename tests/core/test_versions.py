"""Two versions of a contract, one at each end: they work together by Avro's rules, or the field is named."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
from avrorpc import Code, ContractMismatch, StatusError, connect, stub
from avrorpc.schema import Json, compact
from support.serving import ServerThread


class Old(msgspec.Struct, frozen=True, kw_only=True):
    """What the first version returns."""

    name: str
    gone: int = 0


class New(msgspec.Struct, frozen=True, kw_only=True):
    """What the second version returns."""

    label: str
    size: float = 1.0


def contract(record: Json, types: dict[str, type], **messages: Json) -> stub.Contract:
    text = compact({"protocol": "Shop", "namespace": "v", "types": [record], "messages": dict(messages)})
    made = stub.Contract("v.Shop", text, types=lambda: types)
    for name in messages:
        made.method(name)
    return made


def record(*fields: Json) -> Json:
    return {"type": "record", "name": "Item", "fields": list(fields)}


KEY: Json = {"name": "key", "type": "string"}
COUNT: Json = {"name": "count", "type": "int", "default": 3}
OLD = contract(
    record({"name": "name", "type": "string"}, {"name": "gone", "type": "int", "default": 0}),
    {"v.Item": Old},
    find={"request": [KEY], "response": "Item"},
    only_old={"request": [], "response": "null"},
)
NEW = contract(
    record(
        {"name": "label", "type": "string", "aliases": ["name"]},
        {"name": "size", "type": "double", "default": 2.5},
    ),
    {"v.Item": New},
    find={"request": [KEY, COUNT], "response": "Item"},
)
BROKEN = contract(
    record({"name": "name", "type": "int"}, {"name": "gone", "type": "int"}),
    {"v.Item": Old},
    find={"request": [KEY], "response": "Item"},
)


class OldService(stub.Service):
    __contract__ = OLD

    def find(self, key: str) -> Old:
        return Old(name=key, gone=7)

    def only_old(self) -> None:
        return None


class NewService(stub.Service):
    __contract__ = NEW

    def find(self, key: str, *, count: int = 3) -> New:
        return New(label=f"{key}{count}", size=0.5)


class OldClient(stub.Client):
    __contract__ = OLD

    def find(self, key: str) -> Old:
        found: Old = self.__avrorpc__(OLD.method("find"), key)
        return found

    def only_old(self) -> None:
        self.__avrorpc__(OLD.method("only_old"))


class AsyncOldClient(stub.AsyncClient):
    __contract__ = OLD

    async def find(self, key: str) -> Old:
        found: Old = await self.__avrorpc__(OLD.method("find"), key)
        return found

    async def only_old(self) -> None:
        await self.__avrorpc__(OLD.method("only_old"))


class NewClient(stub.Client):
    __contract__ = NEW

    def find(self, key: str, *, count: int = 3) -> New:
        found: New = self.__avrorpc__(NEW.method("find"), key, count)
        return found


class BrokenClient(stub.Client):
    __contract__ = BROKEN

    def find(self, key: str) -> Old:
        found: Old = self.__avrorpc__(BROKEN.method("find"), key)
        return found


KINDS = pytest.mark.parametrize("kind", ["tcp", "spec", "http"])


@KINDS
def test_a_newer_client_works_with_an_older_server(kind: str) -> None:
    with (
        ServerThread(OldService()) as server,
        connect(NewClient, getattr(server, kind), timeout=20) as client,
    ):
        for _ in range(2):
            assert client.find("a", count=9) == New(label="a", size=2.5)


@KINDS
def test_an_older_client_cannot_do_without_a_field_that_has_no_default(kind: str) -> None:
    # The newer server's `label` is no `name` to a client that knows nothing of the alias.
    with (
        ServerThread(NewService()) as server,
        connect(OldClient, getattr(server, kind), timeout=20) as client,
    ):
        with pytest.raises(ContractMismatch) as caught:
            client.find("a")
        assert str(caught.value) == (
            "find: response: name: the server's v.Item has no such field,"
            " and the client has no default for it"
        )
        # Refused when they met, so that no other message works either.
        with pytest.raises(ContractMismatch, match="find: response: name"):
            client.only_old()


@KINDS
def test_a_type_that_changed_is_named(kind: str) -> None:
    with (
        ServerThread(OldService()) as server,
        connect(BrokenClient, getattr(server, kind), timeout=20) as client,
        pytest.raises(
            ContractMismatch, match="find: response: name: the server has string, the client has int"
        ),
    ):
        client.find("a")


@KINDS
def test_a_message_that_the_server_lacks_is_named_when_it_is_called(kind: str) -> None:
    class Lean(msgspec.Struct, frozen=True, kw_only=True):
        name: str

    lean = contract(
        record({"name": "name", "type": "string"}),
        {"v.Item": Lean},
        find={"request": [KEY], "response": "Item"},
    )

    class LeanService(stub.Service):
        __contract__ = lean

        def find(self, key: str) -> Any:
            return Lean(name=key)

    with ServerThread(LeanService()) as server:
        with connect(OldClient, getattr(server, kind), timeout=20) as client:
            assert client.find("a") == Old(name="a", gone=0)
            with pytest.raises(StatusError, match=r"the server's v\.Shop has no message only_old") as caught:
                client.only_old()
            assert caught.value.code is Code.UNIMPLEMENTED

        async def asynchronously() -> None:
            async with connect(AsyncOldClient, getattr(server, kind), timeout=20) as client:
                assert await client.find("a") == Old(name="a", gone=0)
                with pytest.raises(StatusError, match=r"the server's v\.Shop has no message only_old"):
                    await client.only_old()

        asyncio.run(asynchronously())


NOTE: Json = {"request": [KEY], "response": "null"}
WAITING = contract(record(), {"v.Item": Old}, note=NOTE)
ONE_WAY = contract(record(), {"v.Item": Old}, note={"request": [KEY], "response": "null", "one-way": True})


class NoteService(stub.Service):
    """A contract with a one-way message."""

    __contract__ = ONE_WAY

    def __init__(self) -> None:
        self.kept: list[str] = []

    def note(self, key: str) -> None:
        if not key:
            raise StatusError(Code.INVALID_ARGUMENT, "an empty note")
        self.kept.append(key)


@pytest.mark.parametrize("options", ["", "?upgrade=no", "?upgrade=no&framing=spec", "http"])
def test_a_client_that_awaits_a_one_way_message_of_the_server_is_answered(options: str) -> None:
    service = NoteService()
    with ServerThread(service) as server:
        url = server.http if options == "http" else server.tcp + options
        url = server.spec + "&upgrade=no" if "spec" in options else url

        class Notes(stub.Client):
            __contract__ = WAITING

        with connect(Notes, url, timeout=5) as client:
            for key in ("a", "b"):
                assert client.__avrorpc__(WAITING.methods["note"], key) is None
                assert service.kept[-1] == key, "it waits for the end of the work"
            with pytest.raises(StatusError, match="an empty note"):
                client.__avrorpc__(WAITING.methods["note"], "")
