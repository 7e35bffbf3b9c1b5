"""The examples of a message, as pages show them."""

from __future__ import annotations

import json
from pathlib import Path

from avrorpc.schema import Json

from avrorpc_codegen.example_cases import BadExamples, read_cases
from avrorpc_codegen.reference.pages import Example

__all__ = ["BadExamples", "read_examples"]


def read_examples(value: Json, folder: Path) -> list[Example]:
    """Return the examples that an annotation states; `folder` is the contract's.

    Raises:
        BadExamples: There is no such file, or it holds something else.
    """
    return [_example(case) for case in read_cases(value, folder)]


def _example(case: dict[str, Json]) -> Example:
    reply = _text(case["expected_output"]) if "expected_output" in case else ""
    return Example(str(case.get("description", "")), _text(case["input"]), reply)


def _text(value: object) -> str:
    flat = json.dumps(value, ensure_ascii=False)
    return flat if len(flat) <= 72 else json.dumps(value, indent=2, ensure_ascii=False)
