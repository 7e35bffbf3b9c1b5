"""The contract `llm.Tokenizer`, bound to the encodings of this package.

The tokenizer of bytes needs nothing that the base install lacks.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from avrorpc_contracts.llm import (
    NoSuchTokens,
    StoredTokens,
    TokenizedBatch,
    TokenizerService,
    TooManyTokens,
    UnknownToken,
    Vocabulary,
)

from avrorpc_services.llm.checkpoint import SHIPPED
from avrorpc_services.llm.tokenizer.batch import pad, surround
from avrorpc_services.llm.tokenizer.byte import ByteEncoding
from avrorpc_services.llm.tokenizer.encoding import Encoding
from avrorpc_services.llm.tokenizer.stored import StoredRows, StoreTooSmall


class EncodingTokenizer(TokenizerService):
    """A tokenizer that turns text into ids by an encoding.

    It keeps token ids for a time where it is asked to; `configure` bounds that.

    Args:
        encoding: What turns text into ids.
        stored: Where token ids are kept; by default a store of its own.
    """

    def __init__(self, encoding: Encoding, stored: StoredRows | None = None) -> None:
        self._encoding: Final = encoding
        self._stored: Final = StoredRows() if stored is None else stored
        self.__variants__: Final = frozenset({encoding.kind})

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._encoding.size} ids)"

    def tokenize(self, text: str | list[str], *, add_special_tokens: bool = True) -> TokenizedBatch:
        """Tokenize one text or a batch of texts; padding goes to the right."""
        rows = self._encoding.encode([text] if isinstance(text, str) else text)
        special = self._encoding.special
        if add_special_tokens:
            rows = [surround(row, special) for row in rows]
        input_ids, attention_mask = pad(rows, special.pad)
        return TokenizedBatch(input_ids=input_ids, attention_mask=attention_mask)

    def detokenize(self, input_ids: list[list[int]], *, skip_special_tokens: bool = True) -> list[str]:
        """Turn rows of token ids, of equal length or not, back into texts.

        Raises:
            UnknownToken: A row has an id that is not in the vocabulary.
        """
        self._check(input_ids)
        return [self._encoding.decode(row, skip_special=skip_special_tokens) for row in input_ids]

    def store(self, input_ids: list[list[int]]) -> StoredTokens:
        """Keep rows of token ids for a time, and return the id that stands for them.

        Raises:
            UnknownToken: A row has an id that is not in the vocabulary.
            TooManyTokens: They would fill the store all by themselves.
        """
        self._check(input_ids)
        try:
            key, seconds = self._stored.put(input_ids)
        except StoreTooSmall as error:
            raise TooManyTokens(message=str(error), tokens=error.tokens, most=error.most) from error
        now = datetime.now(UTC)
        # In the whole milliseconds that the contract carries.
        now = now.replace(microsecond=now.microsecond // 1000 * 1000)
        return StoredTokens(id=key, expires_at=now + timedelta(milliseconds=int(seconds * 1000)))

    def detokenize_stored(
        self,
        id: str,  # noqa: A002 - the contract's name
        *,
        skip_special_tokens: bool = True,
    ) -> list[str]:
        """Turn stored token ids back into texts.

        Raises:
            NoSuchTokens: They are not stored, or not any more.
        """
        rows = self._stored.get(id)
        if rows is None:
            raise NoSuchTokens(message="no tokens are stored under this id, or not any more", id=id)
        return [self._encoding.decode(row, skip_special=skip_special_tokens) for row in rows]

    def vocab(self) -> Vocabulary:
        """Describe the vocabulary."""
        special = self._encoding.special
        return Vocabulary(
            kind=self._encoding.kind,
            size=self._encoding.size,
            tokens=dict(self._encoding.tokens),
            special_ids=sorted(special.all),
            bos_id=special.bos,
            eos_id=special.eos,
            pad_id=special.pad,
        )

    def configuration(self) -> dict[str, float]:
        """Return the settings: how long token ids are stored, and how many."""
        return {"stored_seconds": self._stored.seconds, "stored_tokens": self._stored.most}

    def configure(self, changes: Mapping[str, object]) -> None:
        """Change settings, all or none of them.

        Raises:
            ValueError: One cannot be that.
        """
        seconds = changes.get("stored_seconds", self._stored.seconds)
        most = changes.get("stored_tokens", self._stored.most)
        if isinstance(seconds, bool) or not isinstance(seconds, int | float):
            raise ValueError("stored_seconds is a number")
        if isinstance(most, bool) or not isinstance(most, int):
            raise ValueError("stored_tokens is a whole number")
        self._stored.set(seconds=seconds, most=most)

    def _check(self, input_ids: list[list[int]]) -> None:
        for row in input_ids:
            for token_id in row:
                if not self._encoding.knows(token_id):
                    raise UnknownToken(
                        message=f"the vocabulary has no token {token_id}; it has {self._encoding.size} ids",
                        token_id=token_id,
                        vocabulary_size=self._encoding.size,
                    )


class BpeTokenizer(EncodingTokenizer):
    """The tokenizer of a checkpoint.

    Args:
        folder: A local folder in Hugging Face's format; by default the shipped checkpoint.

    Raises:
        CheckpointError: The folder has no tokenizer that can be read.
    """

    def __init__(self, folder: str | Path = SHIPPED) -> None:
        from avrorpc_services.llm.tokenizer.bpe import BpeEncoding  # noqa: PLC0415  needs `tokenizers`

        super().__init__(BpeEncoding(folder))


class ByteTokenizer(EncodingTokenizer):
    """A tokenizer of bytes, which needs no file."""

    def __init__(self) -> None:
        super().__init__(ByteEncoding())
