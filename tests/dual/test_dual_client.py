"""One client in two modes: what it gives, what it raises, and a switch under load."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from avrorpc import (
    BindError,
    Code,
    ConnectError,
    ConnectionLost,
    DeclaredError,
    LimitExceeded,
    Limits,
    RemoteProtocolError,
    Server,
    StatusError,
)
from avrorpc.binding import bind
from avrorpc.dual import (
    DevelopmentEnvironment,
    DualClient,
    Mode,
    RESTfulResponse,
    ServiceRegistry,
    UnifiedService,
)
from avrorpc.dual.carriers import OverHttp
from avrorpc.dual.catalogue import Catalogue
from avrorpc.dual.directly import Implementations
from avrorpc.dual.requests import Question
from avrorpc.streaming import close_iterator
from support.shelf import MemoryShelf
from support.waiting import until


def vars_of(error: DeclaredError) -> dict[str, Any]:
    return {name: getattr(error, name) for name in ("message", "id")}


MODES = [Mode.RESEARCH, Mode.PRODUCTION]


@pytest.fixture(params=["here", "there"])
async def client(request: pytest.FixtureRequest) -> Any:
    shelf = MemoryShelf()
    if request.param == "here":
        async with DualClient.of(shelf) as here:
            yield here
        return
    async with Server([shelf]) as server:
        url = await server.listen("http://127.0.0.1:0")
        async with await DualClient.connect(url) as there:
            yield there


async def test_research_gives_the_envelope_and_production_the_result(client: DualClient) -> None:
    plain = await client.post("shelf", "count_books")
    assert plain == 5
    client.enable_restful_mode(True)
    answer = await client.post("shelf", "count_books")
    assert isinstance(answer, RESTfulResponse)
    assert (answer.data, answer["data"], set(answer)) == (5, 5, {"data", "metadata", "examples"})
    client.enable_restful_mode(False)
    assert await client.post("Shelf", "count_books") == 5
    assert (await client.post("shelf", "count_books", mode="research")).data == 5


async def test_one_service_may_be_switched_alone(client: DualClient) -> None:
    client.enable_restful_mode(True, service="shelf.Shelf")
    assert isinstance(await client.get("shelf", "get_book", {"id": "b1"}), RESTfulResponse)
    assert client.mode is Mode.PRODUCTION
    client.enable_restful_mode(False)
    assert (await client.get("shelf", "get_book", {"id": "b1"}))["title"] == "Book 1"


@pytest.mark.parametrize("mode", MODES)
async def test_errors_are_alike_in_both_modes(client: DualClient, mode: Mode) -> None:
    with pytest.raises(DeclaredError) as declared:
        await client.get("shelf", "get_book", {"id": "b99"}, mode=mode)
    assert type(declared.value).__name__.endswith("NoSuchBook")
    assert vars_of(declared.value) == {"message": "there is no book b99", "id": "b99"}
    with pytest.raises(StatusError) as crash:
        await client.post("shelf", "fail", {"how": "crash"}, mode=mode)
    assert (crash.value.code, "secret" in str(crash.value)) == (Code.INTERNAL, False)
    assert crash.value.error_id
    with pytest.raises(StatusError) as wrong:
        await client.post("shelf", "fail", {"how": 1}, mode=mode)
    assert wrong.value.code is Code.INVALID_ARGUMENT
    with pytest.raises(StatusError, match=r"has no POST 'count_book'; did you mean 'count_books'\?"):
        await client.post("shelf", "count_book", mode=mode)
    with pytest.raises(StatusError, match="there is no service 'shop' here; there is shelf"):
        await client.post("shop", "x", mode=mode)


@pytest.mark.parametrize("mode", MODES)
async def test_values_of_all_places_arrive_in_both_modes(client: DualClient, mode: Mode) -> None:
    async def data(given: Any) -> Any:
        return given.data if mode is Mode.RESEARCH else given

    page: Any = await data(
        await client.get("shelf", "list_books", {"page_size": 1, "tag": ["old"]}, mode=mode)
    )
    assert [book["id"] for book in page["items"]] == ["b1"]
    book: dict[str, Any] = {"id": "x", "title": "T", "price": "2.50"}
    put = await data(await client.put("shelf", "replace_book", {"id": "b2", "book": book}, mode=mode))
    assert (put["id"], put["price"]) == ("b2", "2.50")
    gone = await client.delete("shelf", "remove_book", {"id": "b3"}, mode=mode)
    assert await data(gone) is None


@pytest.mark.parametrize("mode", MODES)
async def test_streams_are_alike_in_both_modes(client: DualClient, mode: Mode) -> None:
    items = [item async for item in client.stream("shelf", "changes", {"count": 3}, mode=mode)]
    assert [item["id"] for item in items] == ["c0", "c1", "c2"]  # type: ignore[index,call-overload]
    stream = client.stream("shelf", "changes", {"fail_after": 2}, mode=mode)
    assert await anext(stream)
    assert await anext(stream)
    with pytest.raises(StatusError) as torn:
        await anext(stream)
    assert torn.value.code is Code.DATA_LOSS


async def test_every_service_answers_without_a_line_of_its_own(client: DualClient) -> None:
    info: Any = await client.get("shelf", "info")
    assert info["name"] == "shelf.Shelf"
    client.enable_restful_mode(True)
    assert isinstance(await client.get("shelf", "examples"), RESTfulResponse)


async def test_switching_under_load_loses_no_call(client: DualClient) -> None:
    done: list[bool] = []

    async def work() -> None:
        for _ in range(30):
            given = await client.get("shelf", "get_book", {"id": "b1"})
            book: Any = given.data if isinstance(given, RESTfulResponse) else given
            assert book["id"] == "b1"
            done.append(isinstance(given, RESTfulResponse))
            await asyncio.sleep(0)

    async def switch() -> None:
        for turn in range(60):
            client.enable_restful_mode(turn % 2 == 0)
            await asyncio.sleep(0)
            await asyncio.sleep(0)

    await asyncio.gather(*(work() for _ in range(8)), switch())
    assert len(done) == 240
    assert len(set(done)) == 2


async def test_a_unified_service_is_called_both_ways() -> None:
    shelf = MemoryShelf()
    service = UnifiedService(shelf)
    assert service.count_books == shelf.count_books
    answer = await service.post_count_books({})
    assert answer.data == 5
    assert (await service.get_get_book({"id": "b1"})).data["title"] == "Book 1"
    assert "post_count_books" in dir(service)
    with pytest.raises(StatusError, match="has no POST 'nothing'"):
        _ = service.post_nothing


async def test_a_registry_gives_services_in_either_mode() -> None:
    shelf = MemoryShelf()
    registry = ServiceRegistry(shelf)
    assert registry.names() == ["shelf"]
    assert registry.get_service("shelf") is shelf
    assert registry.get_service("shelf", mode="zero_cost") is shelf
    restful = registry.get_service("shelf", mode="restful")
    assert (await restful.post_count_books()).data == 5
    with pytest.raises(BindError, match="is no mode"):
        registry.get_service("shelf", mode="fast")
    with pytest.raises(BindError, match="registered already"):
        registry.register_service(MemoryShelf())


async def test_an_environment_serves_what_it_works_on() -> None:
    async with DevelopmentEnvironment(MemoryShelf()) as env:
        env.enable_restful_mode(True)
        assert (await env.client.get("shelf", "get_book", {"id": "b1"})).data["id"] == "b1"
        url = await env.serve("http://127.0.0.1:0")
        async with await DualClient.connect(url, mode="research") as client:
            assert (await client.post("shelf", "count_books")).data == 5
        env.enable_restful_mode(False)
        assert await env.client.post("shelf", "count_books") == 5


async def test_research_mode_needs_an_http_address() -> None:
    with pytest.raises(BindError, match="needs an HTTP address"):
        await DualClient.connect("tcp://127.0.0.1:1")


@pytest.mark.parametrize("mode", MODES)
async def test_a_path_may_have_its_values_in_it(client: DualClient, mode: Mode) -> None:
    given: Any = await client.get("shelf", "get_book", {"id": "b2"}, mode=mode)
    from_path: Any = await client.get("shelf", "books/b2", mode=mode)
    if mode is Mode.RESEARCH:
        given, from_path = given.data, from_path.data
    assert given == from_path
    with pytest.raises(StatusError, match="has no GET 'books/b2/title'"):
        await client.get("shelf", "books/b2/title", mode=mode)


async def test_an_environment_takes_services_until_it_is_first_called() -> None:
    async with DevelopmentEnvironment() as env:
        env.enable_restful_mode(True)
        assert env.mode.value == "research"
        env.register_service(MemoryShelf())
        assert (await env.client.post("shelf", "count_books")).data == 5
        with pytest.raises(BindError, match="before the environment is first called"):
            env.register_service(MemoryShelf())
        env.enable_restful_mode(False)
        assert env.mode.value == "production"
        assert await env.client.post("shelf", "count_books") == 5


async def test_answers_above_the_limit_are_refused() -> None:
    shelf, limits = MemoryShelf(), Limits(max_body=80)
    async with Server([shelf]) as server:
        carrier = OverHttp(await server.listen("http://127.0.0.1:0"), limits)
        catalogue, direct = Catalogue([shelf.__contract__]), Implementations([bind(shelf)])
        async with DualClient(catalogue, direct, carrier, mode="research", limits=limits) as client:
            with pytest.raises(LimitExceeded, match="answered with more than max_body=80 bytes"):
                await client.get("shelf", "get_book", {"id": "b1"})
            with pytest.raises(LimitExceeded, match="a line is above max_body=80 bytes"):
                await anext(client.stream("shelf", "changes"))


@pytest.mark.parametrize("mode", MODES)
async def test_a_stream_that_is_left_ends_at_once(mode: Mode) -> None:
    shelf = MemoryShelf()
    async with DualClient.of(shelf, mode=mode) as here:
        stream = here.stream("shelf", "changes", {"count": 1_000_000})
        await anext(stream)
        assert shelf.open_streams == 1
        await close_iterator(stream)
        assert shelf.open_streams == 0
    async with Server([shelf]) as server:
        url = await server.listen("http://127.0.0.1:0")
        async with await DualClient.connect(url, mode=mode) as there:
            stream = there.stream("shelf", "changes", {"count": 1_000_000})
            await anext(stream)
            assert shelf.open_streams == 1
            await close_iterator(stream)
            await until(lambda: shelf.open_streams == 0)


@pytest.mark.parametrize("mode", MODES)
async def test_a_server_that_is_gone_is_told_alike_in_both_modes(mode: Mode) -> None:
    async with Server([MemoryShelf()]) as server:
        client = await DualClient.connect(await server.listen("http://127.0.0.1:0"), mode=mode)
    with pytest.raises(ConnectError):
        await client.post("shelf", "count_books")
    with pytest.raises(ConnectError):
        await anext(client.stream("shelf", "changes"))
    await client.close()


@pytest.mark.parametrize(
    ("answer", "error", "problem"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", ConnectionLost, "broke"),
        (b"", ConnectionLost, "broke"),
        (b"220 mail.example ESMTP\r\n", RemoteProtocolError, "does not speak HTTP"),
    ],
)
async def test_what_a_server_breaks_off_is_told_in_words_of_ours(
    answer: bytes, error: type[Exception], problem: str
) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    carrier = OverHttp(f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}")
    with pytest.raises(error, match=problem):
        await carrier.send(Question("GET", "/books", {}))
    await carrier.close()
    listening.close()
    await listening.wait_closed()
