"""What every tokenizer of this package is to its service: an encoding of text as ids.

An encoding deals with the ids of text alone; beginning, end and padding are added by `batch`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class SpecialIds:
    """The ids that stand for no text of their own."""

    pad: int
    """Fills the shorter rows of a batch."""
    bos: int | None = None
    """Stands before a text, if the tokenizer has one."""
    eos: int | None = None
    """Stands after a text, if the tokenizer has one."""
    all: frozenset[int] = field(default_factory=frozenset)
    """These and any others."""


class Encoding(Protocol):
    """Text as ids, and ids as text."""

    @property
    def kind(self) -> str:
        """The encoding's kind, such as `bpe`."""
        ...

    @property
    def special(self) -> SpecialIds:
        """The ids that stand for no text."""
        ...

    @property
    def tokens(self) -> Mapping[str, int]:
        """Each token as the vocabulary spells it, with its id."""
        ...

    @property
    def size(self) -> int:
        """The number of ids; each is below it."""
        ...

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the ids of each text, without any special one."""
        ...

    def decode(self, ids: Sequence[int], *, skip_special: bool) -> str:
        """Return the text of ids that are all known."""
        ...

    def knows(self, token_id: int) -> bool:
        """Whether an id is in the vocabulary."""
        ...
