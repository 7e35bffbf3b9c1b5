"""The examples of a message: `@examples` names a JSON file beside the contract, or holds the list itself.

A case is an object with `description`, `input` and `expected_output`; more keys are allowed, and not shown.
"""

from __future__ import annotations

import json
from pathlib import Path

from avrorpc.schema import Json

from avrorpc_codegen.reference.pages import Example


class BadExamples(Exception):
    """Examples that cannot be read or are none; the text says what is wrong, and where."""


def read_examples(value: Json, folder: Path) -> list[Example]:
    """Return the examples that an annotation states; `folder` is the contract's.

    Raises:
        BadExamples: There is no such file, or it holds something else.
    """
    name = value if isinstance(value, str) else "`@examples`"
    cases: object = value
    if isinstance(value, str):
        try:
            cases = json.loads((folder / value).read_text(encoding="utf-8"))
        except OSError as error:
            raise BadExamples(f"cannot read {name}: {(error.strerror or str(error)).lower()}") from error
        except ValueError as error:
            raise BadExamples(f"{name} is not valid JSON: {error}") from error
    if not isinstance(cases, list):
        raise BadExamples(f"{name} is not a list of cases")
    return [_example(case, f"case {number} of {name}") for number, case in enumerate(cases, 1)]


def _example(case: object, where: str) -> Example:
    if not isinstance(case, dict) or not isinstance(case.get("input"), dict):
        raise BadExamples(f"{where} is not an object with an `input` of arguments by name")
    title = case.get("description", "")
    if not isinstance(title, str):
        raise BadExamples(f"the `description` in {where} is not a string")
    reply = _text(case["expected_output"]) if "expected_output" in case else ""
    return Example(title, _text(case["input"]), reply)


def _text(value: object) -> str:
    flat = json.dumps(value, ensure_ascii=False)
    return flat if len(flat) <= 72 else json.dumps(value, indent=2, ensure_ascii=False)
