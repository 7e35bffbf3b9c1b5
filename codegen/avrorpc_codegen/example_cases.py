"""Example cases of a message: `@examples` names a JSON file beside the contract, or holds the list itself.

A case is an object with `description`, `input` and `expected_output`; more keys are allowed.
"""

from __future__ import annotations

import json
from pathlib import Path

from avrorpc.schema import Json


class BadExamples(Exception):
    """Examples that cannot be read or are none; the text says what is wrong, and where."""


def read_cases(value: Json, folder: Path) -> list[dict[str, Json]]:
    """Return the cases that an annotation states, each with an object as its `input`.

    Args:
        value: What `@examples` says.
        folder: The contract's.

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
    return [_case(case, f"case {number} of {name}") for number, case in enumerate(cases, 1)]


def _case(case: object, where: str) -> dict[str, Json]:
    if not isinstance(case, dict) or not isinstance(case.get("input"), dict):
        raise BadExamples(f"{where} is not an object with an `input` of arguments by name")
    if not isinstance(case.get("description", ""), str):
        raise BadExamples(f"the `description` in {where} is not a string")
    return case
