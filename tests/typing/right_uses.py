"""What generated contracts are for: code that both type checkers accept."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import assert_type

import avrorpc
from avrorpc_contracts.llm import (
    AsyncTokenizer,
    AsyncTokenizerClient,
    Completion,
    FinishReason,
    Model,
    ModelClient,
    ModelOutput,
    TokenizedBatch,
    Tokenizer,
    TokenizerClient,
    TokenizerService,
    UnknownToken,
    Vocabulary,
)
from avrorpc_services.llm.tokenizer.service import ByteTokenizer


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

    async def vocab(self) -> Vocabulary:
        return self.inner.vocab()


class Mixed(TokenizerService):
    """Each method in the colour that fits it, and one that decides when it is called."""

    def tokenize(self, text: str | list[str], *, add_special_tokens: bool = True) -> TokenizedBatch:
        return TokenizedBatch(input_ids=[], attention_mask=[])

    async def detokenize(self, input_ids: list[list[int]], *, skip_special_tokens: bool = True) -> list[str]:
        raise UnknownToken(message="", token_id=1, vocabulary_size=1)

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
