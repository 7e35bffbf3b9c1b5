"""The contract `llm.Tokenizer`, bound to the encodings of this package.

The tokenizer of bytes needs nothing that the base install lacks.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from avrorpc_contracts.llm import TokenizedBatch, TokenizerService, UnknownToken, Vocabulary

from avrorpc_services.llm.checkpoint import SHIPPED
from avrorpc_services.llm.tokenizer.batch import pad, surround
from avrorpc_services.llm.tokenizer.byte import ByteEncoding
from avrorpc_services.llm.tokenizer.encoding import Encoding


class EncodingTokenizer(TokenizerService):
    """A tokenizer that turns text into ids by an encoding."""

    def __init__(self, encoding: Encoding) -> None:
        self._encoding: Final = encoding
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
        for row in input_ids:
            for token_id in row:
                if not self._encoding.knows(token_id):
                    raise UnknownToken(
                        message=f"the vocabulary has no token {token_id}; it has {self._encoding.size} ids",
                        token_id=token_id,
                        vocabulary_size=self._encoding.size,
                    )
        return [self._encoding.decode(row, skip_special=skip_special_tokens) for row in input_ids]

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
