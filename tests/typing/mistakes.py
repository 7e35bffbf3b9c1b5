"""Mistakes, one to a marked line: both type checkers must reject each, and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator

import avrorpc
from avrorpc_contracts.llm import (
    AsyncTokenizer,
    AsyncTokenizerClient,
    Completion,
    FinishReason,
    Model,
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


class Incomplete(TokenizerService):
    def tokenize(self, text: str | list[str], *, add_special_tokens: bool = True) -> TokenizedBatch:
        raise NotImplementedError


class WrongReply(TokenizerService):
    def tokenize(self, text: str | list[str], *, add_special_tokens: bool = True) -> list[int]:  # mistake
        raise NotImplementedError

    def detokenize(self, input_ids: list[list[int]]) -> list[str]:  # mistake
        raise NotImplementedError

    def vocab(self, size: int) -> Vocabulary:  # mistake
        raise NotImplementedError


class Renamed:
    """Has the contract's methods, one with a parameter of another name."""

    def tokenize(self, texts: str | list[str], *, add_special_tokens: bool = True) -> TokenizedBatch:
        raise NotImplementedError

    def detokenize(self, input_ids: list[list[int]], *, skip_special_tokens: bool = True) -> list[str]:
        raise NotImplementedError

    def vocab(self) -> Vocabulary:
        raise NotImplementedError


def tokenize(tokenizer: Tokenizer) -> TokenizedBatch:
    return tokenizer.tokenize("a")


async def tokenize_async(tokenizer: AsyncTokenizer) -> TokenizedBatch:
    return await tokenizer.tokenize("a")


def callers(tokenizer: Tokenizer, model: Model) -> None:
    tokenizer.tokenise("a")  # mistake
    tokenizer.tokenize(5)  # mistake
    tokenizer.tokenize()  # mistake
    tokenizer.tokenize("a", True)  # mistake
    tokenizer.tokenize("a", add_special_token=True)  # mistake
    tokenizer.tokenize("a", add_special_tokens="yes")  # mistake
    model.generate("a", max_tokens=None)  # mistake
    text: str = model.generate("a")  # mistake
    number: int = tokenizer.vocab().bos_id  # mistake
    print(text, number, tokenizer.tokenize("a").ids)  # mistake


async def colours(url: str) -> None:
    tokenize(avrorpc.connect(AsyncTokenizerClient, url))  # mistake
    await tokenize_async(avrorpc.connect(TokenizerClient, url))  # mistake
    await tokenize_async(ByteTokenizer())  # mistake
    batch: TokenizedBatch = avrorpc.connect(AsyncTokenizerClient, url).tokenize("a")  # mistake
    print(batch)


def values(url: str) -> None:
    Incomplete()  # mistake
    avrorpc.connect(TokenizerService, url)  # mistake
    avrorpc.connect(TokenizerClient, url, timeout="1 s")  # mistake
    TokenizedBatch(input_ids=[[1]])  # mistake
    TokenizedBatch(input_ids=["a"], attention_mask=[[1]])  # mistake
    UnknownToken("a", 1, 2)  # mistake
    UnknownToken(message="a", token_id="1", vocabulary_size=2)  # mistake
    batch = TokenizedBatch(input_ids=[], attention_mask=[])
    batch.input_ids = [[1]]  # mistake
    reason: FinishReason = "STOP"  # mistake
    completion = Completion(text="", token_ids=[], finish_reason=reason, prompt_tokens=0.5)  # mistake
    print(completion, FinishReason.LENGHT)  # mistake


async def functions(client: TokenizerClient, other: AsyncTokenizerClient) -> None:
    client.close()  # mistake
    avrorpc.describe(Renamed())  # mistake
    avrorpc.with_options(client, retries=3)  # mistake
    avrorpc.Server(Renamed())  # mistake
    await avrorpc.close(client)  # mistake
    await client.tokenize("a")  # mistake
    with other:  # mistake
        pass
    async with client:  # mistake
        pass


def hard_names(client: hard.HardClient) -> None:
    client.import_(1, 2, "m", list=[1])  # mistake
    client.import_(1, 2, "m", list_=["a"])  # mistake
    client.import_(1, 2)  # mistake
    client.close()  # mistake
    client.connect(4)  # mistake
    client(1)  # mistake
    hard.class_(class_=1)  # mistake
    hard.Exception(message="b")  # mistake
    raise hard.Kind.None_  # mistake


class WrongStreams(StreamsService):
    def count(self, to: int, *, pause: float = 0.0, fail_at: int | None = None) -> int:  # mistake
        return to

    async def download(self, pieces: int, size: int) -> Iterator[Piece]:  # mistake
        return iter([])

    def upload(self, name: str, piece: Piece) -> Summary:  # mistake
        raise NotImplementedError

    def shout(self, prefix: str, text: Iterable[int]) -> Iterator[str]:  # mistake
        yield prefix

    async def total(self, bound: int) -> AsyncIterator[int]:  # mistake
        yield bound

    def break_off(self, after: int, how: str) -> Iterator[str]:  # mistake
        yield how


def send(streams: Streams, others: AsyncStreams) -> None:
    streams.upload("a", Piece(number=0))  # mistake
    streams.upload("a", [0])  # mistake
    streams.upload("a", others.download(1, 2))  # mistake
    streams.shout("> ", ["a"])  # mistake
    streams.shout("> ").send(1)  # mistake
    number: int = streams.shout("> ").receive()  # mistake
    piece: Piece = streams.download(1, 2)  # mistake
    print(number, piece, next(streams.count(1)).upper())  # mistake
    for item in others.count(3):  # mistake
        print(item)


async def send_async(streams: AsyncStreams) -> None:
    await streams.upload("a", [Piece(number=0)])  # mistake
    await streams.count(3)  # mistake
    streams.shout("> ")  # mistake
    streams.shout("> ", streams.count(3))  # mistake
    for item in streams.count(3):  # mistake
        print(item)
    async for text in streams.count(3):
        print(text.upper())  # mistake


async def stream_colours(url: str) -> None:
    send(avrorpc.connect(AsyncStreamsClient, url), avrorpc.connect(AsyncStreamsClient, url))  # mistake
    await send_async(avrorpc.connect(StreamsClient, url))  # mistake
