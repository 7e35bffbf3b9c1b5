"""What a model accepts: plain checks on token ids, masks and options, without torch.

Each check raises one of two errors that carry what a caller needs to mend the call.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

SEED_RANGE: Final = range(-(2**63), 2**63)
"""The seeds that torch's generators and an Avro long have in common."""


class InvalidArgumentError(ValueError):
    """An argument that the model cannot compute with."""

    def __init__(self, parameter: str, message: str) -> None:
        super().__init__(message)
        self.parameter: Final = parameter
        """The name of the parameter at fault."""


class WindowError(ValueError):
    """More tokens than fit the context window."""

    def __init__(self, prompt_tokens: int, max_tokens: int, context_window: int) -> None:
        wanted = f"{prompt_tokens} tokens"
        if max_tokens:
            wanted = f"a prompt of {prompt_tokens} tokens and {max_tokens} new ones"
        super().__init__(f"{wanted} do not fit the context window of {context_window} tokens")
        self.prompt_tokens: Final = prompt_tokens
        self.max_tokens: Final = max_tokens
        self.context_window: Final = context_window


def check_batch(input_ids: Sequence[Sequence[int]], vocabulary_size: int, context_window: int) -> None:
    """Check a batch of token ids of shape [batch, sequence].

    Raises:
        InvalidArgumentError: The batch or a row is empty, rows differ in length, or an id is unknown.
        WindowError: The rows are longer than the context window.
    """
    if not input_ids:
        raise InvalidArgumentError("input_ids", "the batch has no rows")
    width = len(input_ids[0])
    if not width:
        raise InvalidArgumentError("input_ids", "row 0 has no tokens")
    for index, row in enumerate(input_ids):
        if len(row) != width:
            raise InvalidArgumentError(
                "input_ids",
                f"row {index} has {len(row)} tokens and row 0 has {width}; pad them to one length",
            )
        _check_ids("input_ids", f"row {index}", row, vocabulary_size)
    if width > context_window:
        raise WindowError(width, 0, context_window)


def check_mask(mask: Sequence[Sequence[int]], input_ids: Sequence[Sequence[int]]) -> None:
    """Check the attention mask of a batch that has been checked.

    Raises:
        InvalidArgumentError: It has another shape, holds something else than 0 and 1, or leaves a row
            without a token.
    """
    if len(mask) != len(input_ids):
        raise InvalidArgumentError(
            "attention_mask", f"the mask has {len(mask)} rows and the batch has {len(input_ids)}"
        )
    width = len(input_ids[0])
    for index, row in enumerate(mask):
        if len(row) != width:
            raise InvalidArgumentError(
                "attention_mask", f"row {index} of the mask has length {len(row)}, not {width}"
            )
        values = set(row)
        if not values <= {0, 1}:
            raise InvalidArgumentError(
                "attention_mask", f"row {index} of the mask holds {(values - {0, 1}).pop()}, not 0 or 1"
            )
        if 1 not in values:
            raise InvalidArgumentError(
                "attention_mask", f"row {index} of the mask leaves no token; leave the row out instead"
            )


def check_options(max_tokens: int, temperature: float, seed: int | None) -> None:
    """Check the options of a generation.

    Raises:
        InvalidArgumentError: One is out of its range.
    """
    if max_tokens < 1:
        raise InvalidArgumentError("max_tokens", f"max_tokens is {max_tokens}; ask for at least 1")
    if not (math.isfinite(temperature) and temperature >= 0):
        raise InvalidArgumentError(
            "temperature", f"the temperature is {temperature}; it has to be finite and not below 0"
        )
    if seed is not None and seed not in SEED_RANGE:
        raise InvalidArgumentError("seed", f"the seed {seed} does not fit 64 bits")


def check_prompt(
    prompt_ids: Sequence[int], max_tokens: int, vocabulary_size: int, context_window: int
) -> None:
    """Check that a prompt can be continued.

    Raises:
        InvalidArgumentError: It has no tokens, or an id that is unknown.
        WindowError: It does not fit the context window together with the new tokens.
    """
    if not prompt_ids:
        raise InvalidArgumentError(
            "prompt", "the prompt is empty, and the tokenizer has no token for the beginning of a text"
        )
    _check_ids("prompt", "the prompt", prompt_ids, vocabulary_size)
    if len(prompt_ids) + max_tokens > context_window:
        raise WindowError(len(prompt_ids), max_tokens, context_window)


def _check_ids(parameter: str, where: str, ids: Sequence[int], vocabulary_size: int) -> None:
    """Check that each id of a row is in the vocabulary."""
    low, high = min(ids), max(ids)
    if low < 0 or high >= vocabulary_size:
        raise InvalidArgumentError(
            parameter,
            f"{where} has the id {low if low < 0 else high};"
            f" the vocabulary has ids 0 to {vocabulary_size - 1}",
        )
