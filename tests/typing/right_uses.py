"""What generated contracts are for: code that both type checkers accept."""

from __future__ import annotations

from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Generator,
    Iterable,
    Iterator,
)
from typing import Protocol, assert_type

import avrorpc
from avrorpc.stub import Incoming
from avrorpc_contracts.llm import (
    AsyncTokenizer,
    AsyncTokenizerClient,
    Completion,
    FinishReason,
    Model,
    ModelClient,
    ModelOutput,
    StoredTokens,
    TokenizedBatch,
    Tokenizer,
    TokenizerClient,
    TokenizerService,
    UnknownToken,
    Vocabulary,
)
from avrorpc_services.llm.tokenizer.service import ByteTokenizer
from testcontracts.hard import import_ as hard
from testcontracts.streams import (
    AsyncStreams,
    AsyncStreamsClient,
    Piece,
    Streams,
    StreamsClient,
    StreamsService,
    Summary,
)


def count(tokenizer: Tokenizer, text: str) -> int:
    batch = tokenizer.tokenize(text)
    assert_type(batch, TokenizedBatch)
    assert_type(batch.input_ids, list[list[int]])
    return len(batch.input_ids[0])


async def count_async(tokenizer: AsyncTokenizer, text: str) -> int:
    batch = await tokenizer.tokenize([text], add_special_tokens=False)
    assert_type(batch, TokenizedBatch)
    return len(batch.input_ids[0])


class AsyncByteTokenizer(TokenizerService):
    """An implementation of the other colour."""

    def __init__(self) -> None:
        self.inner = ByteTokenizer()

    async def tokenize(self, text: str | list[str], *, add_special_tokens: bool = True) -> TokenizedBatch:
        return self.inner.tokenize(text, add_special_tokens=add_special_tokens)

    async def detokenize(self, input_ids: list[list[int]], *, skip_special_tokens: bool = True) -> list[str]:
        return self.inner.detokenize(input_ids, skip_special_tokens=skip_special_tokens)

    async def store(self, input_ids: list[list[int]]) -> StoredTokens:
        return self.inner.store(input_ids)

    async def detokenize_stored(self, id: str, *, skip_special_tokens: bool = True) -> list[str]:  # noqa: A002
        return self.inner.detokenize_stored(id, skip_special_tokens=skip_special_tokens)

    async def vocab(self) -> Vocabulary:
        return self.inner.vocab()


class Mixed(TokenizerService):
    """Each method in the colour that fits it, and one that decides when it is called."""

    def tokenize(self, text: str | list[str], *, add_special_tokens: bool = True) -> TokenizedBatch:
        return TokenizedBatch(input_ids=[], attention_mask=[])

    async def detokenize(self, input_ids: list[list[int]], *, skip_special_tokens: bool = True) -> list[str]:
        raise UnknownToken(message="", token_id=1, vocabulary_size=1)

    async def store(self, input_ids: list[list[int]]) -> StoredTokens:
        return ByteTokenizer().store(input_ids)

    def detokenize_stored(self, id: str, *, skip_special_tokens: bool = True) -> list[str]:  # noqa: A002
        return ByteTokenizer().detokenize_stored(id, skip_special_tokens=skip_special_tokens)

    def vocab(self) -> Vocabulary | Awaitable[Vocabulary]:
        return ByteTokenizer().vocab()


def use(url: str) -> None:
    implementation = ByteTokenizer()
    client = avrorpc.connect(TokenizerClient, url, target=implementation, timeout=1.0)
    assert_type(client, TokenizerClient)
    count(implementation, "a")
    count(client, "a")
    count(avrorpc.with_options(client, timeout=2.0), "a")
    with client as same:
        assert_type(same, TokenizerClient)
    avrorpc.close(client)


async def use_async(url: str) -> None:
    client = avrorpc.connect(AsyncTokenizerClient, url)
    await count_async(client, "a")
    await count_async(AsyncByteTokenizer(), "a")
    async with client as same:
        assert_type(same, AsyncTokenizerClient)
    await avrorpc.close(client)


def generate(model: Model) -> FinishReason:
    completion = model.generate("a", max_tokens=3, seed=None)
    assert_type(completion, Completion)
    output = model.forward([[1]], attention_mask=[[1]])
    assert_type(output, ModelOutput)
    assert_type(output.logits, avrorpc.Tensor)
    assert_type(output.logits.dtype, avrorpc.DType)
    return completion.finish_reason


def generate_anywhere(url: str) -> FinishReason:
    return generate(avrorpc.connect(ModelClient, url))


class AnswersHardNames(hard.HardService):
    """Names that Python and the runtime have, with an underscore or as they are."""

    def import_(
        self,
        self_: int,
        class_: int,
        match: str,
        *,
        list_: list[int] | None = None,
        Kind: hard.Kind = hard.Kind.name_,  # noqa: N803 - as in the contract
    ) -> hard.class_:
        return hard.class_(class__=class_, self=hard.class_(class__=self_), Kind_=Kind)

    async def close(self, url: str) -> str:
        return url

    def connect(self, *, timeout: int = 3) -> str:
        raise hard.Exception(args_="a", message="b")

    async def describe(self) -> str:
        return ""

    def call_(self, x_: int, *, cls: int = 0) -> int:
        return x_

    def enter_(self) -> int:
        return 1

    def raise_(self, args: str, message: str) -> None:
        return None


def hard_names(url: str) -> hard.Hard:
    client = avrorpc.connect(hard.HardClient, url, target=AnswersHardNames())
    record = client.import_(1, 2, "m", list_=[1], Kind=hard.Kind.None_)
    assert_type(record, hard.class_)
    assert_type(record.self, hard.class_ | None)
    assert_type(record.list_, list[str])
    assert_type(client.close("here"), str)
    assert_type(client.call_(1, cls=2), int)
    avrorpc.close(client)
    return client


async def hard_names_async(url: str) -> hard.AsyncHard:
    client = avrorpc.connect(hard.AsyncHardClient, url)
    assert_type(await client.close("here"), str)
    assert_type(await client.connect(timeout=1), str)
    await avrorpc.close(client)
    return client


class Numbers:
    """Streams of one direction, in synchronous code that derives from nothing."""

    def count(self, to: int, *, pause: float = 0.0, fail_at: int | None = None) -> Iterator[int]:
        yield from range(to)

    def download(self, pieces: int, size: int) -> Generator[Piece, None, None]:
        yield Piece(number=pieces)

    def upload(self, name: str, piece: Iterable[Piece]) -> Summary:
        return Summary(pieces=sum(1 for _ in piece), size=0)


class SyncStreams(Numbers, StreamsService):
    """The same, served; what comes is read by `for`."""

    def shout(self, prefix: str, text: Iterable[str]) -> Iterator[str]:
        for one in text:
            assert_type(one, str)
            yield prefix + one

    def total(self, bound: int, number: Incoming[int]) -> Iterator[int]:
        for one in number:
            assert_type(one, int)
            yield one

    def break_off(self, after: int, how: str) -> Iterator[int]:
        return iter([after])

    def endless(self, *, pause: float = 0.01) -> Iterator[float]:
        yield pause

    def open_streams(self) -> list[int]:
        return []


class AsynchronousStreams(StreamsService):
    """All kinds in asynchronous code: async generators, and what returns one."""

    async def count(self, to: int, *, pause: float = 0.0, fail_at: int | None = None) -> AsyncIterator[int]:
        for number in range(to):
            yield number

    async def download(self, pieces: int, size: int) -> AsyncGenerator[Piece, None]:
        yield Piece(number=pieces)

    async def upload(self, name: str, piece: AsyncIterable[Piece]) -> Summary:
        async for one in piece:
            assert_type(one, Piece)
        return Summary(pieces=0, size=0)

    async def shout(self, prefix: str, text: AsyncIterable[str]) -> AsyncIterator[str]:
        async for one in text:
            yield prefix + one

    async def total(self, bound: int, number: AsyncIterable[int]) -> AsyncIterator[int]:
        async for one in number:
            assert_type(one, int)
            yield one

    def break_off(self, after: int, how: str) -> AsyncIterator[int]:
        return self.count(after)

    async def endless(self, *, pause: float = 0.01) -> AsyncIterator[float]:
        yield pause

    async def open_streams(self) -> list[int]:
        return []


class MixedStreams(StreamsService):
    """Each method in the colour that fits it; what comes may be read in either."""

    def count(self, to: int, *, pause: float = 0.0, fail_at: int | None = None) -> Iterator[int]:
        return iter(range(to))

    async def download(self, pieces: int, size: int) -> AsyncIterator[Piece]:
        yield Piece(number=pieces)

    def upload(self, name: str, piece: Incoming[Piece]) -> Summary:
        return Summary(pieces=len(list(piece)), size=0)

    async def shout(self, prefix: str, text: Incoming[str]) -> AsyncIterator[str]:
        async for one in text:
            assert_type(one, str)
            yield prefix + one

    def total(self, bound: int, number: Incoming[int]) -> Iterator[int]:
        for one in number:
            assert_type(one, int)
            yield one

    def break_off(self, after: int, how: str) -> Iterator[int] | AsyncIterator[int]:
        return iter([after])

    def endless(self, *, pause: float = 0.01) -> Iterator[float]:
        yield pause

    async def open_streams(self) -> list[int]:
        return []


class Sending(Protocol):
    """The part of the contract that a caller needs: streams of one direction."""

    def count(self, to: int, *, pause: float = 0.0, fail_at: int | None = None) -> Iterator[int]: ...
    def upload(self, name: str, piece: Iterable[Piece]) -> Summary: ...


def add(streams: Sending) -> int:
    summary = streams.upload("a", [Piece(number=0)])
    assert_type(summary, Summary)
    streams.upload("a", (Piece(number=number) for number in streams.count(3)))
    return sum(streams.count(summary.pieces))


def converse(streams: Streams) -> list[str]:
    with streams.shout("> ") as stream:
        stream.send("a")
        assert_type(stream.receive(), str)
        stream.close_send()
        return list(stream)


async def add_async(streams: AsyncStreams) -> int:
    total = 0
    async for number in streams.count(3):
        assert_type(number, int)
        total += number
    summary = await streams.upload("a", pieces(streams))
    assert_type(summary, Summary)
    async for text in streams.shout("> ", texts()):
        assert_type(text, str)
    return total


async def pieces(streams: AsyncStreams) -> AsyncIterator[Piece]:
    async for piece in streams.download(1, 2):
        yield piece


async def texts() -> AsyncIterator[str]:
    yield "a"


def stream(url: str) -> None:
    client = avrorpc.connect(StreamsClient, url, target=SyncStreams())
    add(client)
    add(SyncStreams())
    converse(client)


async def stream_async(url: str) -> None:
    await add_async(avrorpc.connect(AsyncStreamsClient, url, target=MixedStreams()))
    await add_async(AsynchronousStreams())
