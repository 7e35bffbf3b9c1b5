"""Rows of ids made into a batch: special ids around each row, padding on the right, and the mask."""

from __future__ import annotations

from collections.abc import Sequence

from avrorpc_services.llm.tokenizer.encoding import SpecialIds


def surround(ids: list[int], special: SpecialIds) -> list[int]:
    """Put the beginning and the end token around a text, where the tokenizer has them."""
    before = [] if special.bos is None else [special.bos]
    after = [] if special.eos is None else [special.eos]
    return before + ids + after


def pad(rows: Sequence[list[int]], pad_id: int) -> tuple[list[list[int]], list[list[int]]]:
    """Pad rows on the right to the longest.

    Returns:
        The ids and the mask, both of shape [rows, longest].
    """
    width = max(map(len, rows), default=0)
    ids = [row + [pad_id] * (width - len(row)) for row in rows]
    mask = [[1] * len(row) + [0] * (width - len(row)) for row in rows]
    return ids, mask
