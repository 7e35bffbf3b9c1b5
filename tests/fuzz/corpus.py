"""What fuzzing found interesting: `corpus/TARGET.txt` has an input a line, in base 64, the shortest first."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent / "corpus"
MOST_INPUTS: Final = 300
"""Inputs kept for one target."""
MOST_BYTES: Final = 60_000
"""Bytes of all inputs kept for one target."""
_OVERHEAD: Final = 20
"""Bytes that an input counts beside its own, so that a few long ones may be better than many short ones."""


def read(name: str, folder: Path = FOLDER) -> list[bytes]:
    """Return the inputs kept for a target."""
    text = (folder / f"{name}.txt").read_text(encoding="ascii")
    return [base64.b64decode(line, validate=True) for line in text.splitlines()]


def write(name: str, inputs: Iterable[bytes], folder: Path = FOLDER) -> None:
    """Make inputs the ones kept for a target."""
    lines = (
        base64.b64encode(data).decode() + "\n"
        for data in sorted(set(inputs), key=lambda data: (len(data), data))
    )
    (folder / f"{name}.txt").write_text("".join(lines), encoding="ascii")


def reached(notes: str) -> dict[bytes, frozenset[int]]:
    """Read from libFuzzer's notes on a merge, its control file, which features each input reaches."""
    count, _, *lines = notes.splitlines()
    files, found = lines[: int(count)], {}
    for line in lines[int(count) :]:
        word, *numbers = line.split()
        if word == "FT":
            index, *features = map(int, numbers)
            found[Path(files[index]).read_bytes()] = frozenset(features)
    return found


def choose(
    reach: Mapping[bytes, frozenset[int]], most_inputs: int = MOST_INPUTS, most_bytes: int = MOST_BYTES
) -> list[bytes]:
    """Return a few inputs that together reach most of what all do, given what each reaches.

    It is the greedy cover: each time the one with the most that is new for its length, until nothing is
    new or the limits are met.
    """
    left, chosen = dict(reach), list[bytes]()
    while left and len(chosen) < most_inputs:
        best = max(left, key=lambda data: (len(left[data]) / (len(data) + _OVERHEAD), data))
        features = left.pop(best)
        if len(best) > most_bytes:
            continue
        most_bytes -= len(best)
        chosen.append(best)
        left = {data: others - features for data, others in left.items() if not others <= features}
    return chosen
