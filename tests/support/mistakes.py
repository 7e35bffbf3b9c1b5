"""Implementations that do not fit their contract."""

from __future__ import annotations

from avrorpc_contracts.llm import StoredTokens, TokenizedBatch, TokenizerService, Vocabulary


class OtherDefault(TokenizerService):
    def tokenize(self, text: str | list[str], *, add_special_tokens: bool = False) -> TokenizedBatch:
        return TokenizedBatch(input_ids=[], attention_mask=[])

    def detokenize(self, input_ids: list[list[int]], *, skip_special_tokens: bool = True) -> list[str]:
        return []

    def store(self, input_ids: list[list[int]]) -> StoredTokens:
        raise NotImplementedError

    def detokenize_stored(self, id: str, *, skip_special_tokens: bool = True) -> list[str]:  # noqa: A002
        raise NotImplementedError

    def vocab(self) -> Vocabulary:
        raise NotImplementedError
