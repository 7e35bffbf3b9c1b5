"""One example case of a message, as data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, TypeAlias

from avrorpc.errors import Code
from avrorpc.examples.problem import BadExamples, below
from avrorpc.schema import Json

KEYS: Final = (
    "description",
    "input",
    "expected_output",
    "expected_error",
    "validation_rules",
    "tolerance",
    "variant",
)
"""What a case may say."""


class Absent(Enum):
    """What stands for a result that a case does not state: JSON's null is a result."""

    ABSENT = "absent"

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = Absent.ABSENT

Rules: TypeAlias = tuple[str, ...] | Mapping[str, str]
"""Boolean expressions; or expressions by what each is compared with, such as `input_ids_length`."""


@dataclass(slots=True, frozen=True)
class Tolerance:
    """By how much a number may differ from the one that is expected: the greater of the two counts."""

    absolute: float = 0.0
    relative: float = 0.0
    """As a share of the expected number."""


EXACT: Final = Tolerance()
"""No tolerance at all."""


@dataclass(slots=True, frozen=True)
class ExpectedError:
    """How a call is to fail: with a declared error, or with a code."""

    name: str = ""
    """The declared error's name, full or short; empty where a code is expected."""
    fields: Mapping[str, Json] = field(default_factory=dict)
    """What its fields are to be, as far as that is said."""
    code: str = ""
    """One of the sixteen codes; empty where a declared error is expected."""

    def to_json(self) -> Json:
        """Return what a case file says."""
        if self.code:
            return {"code": self.code}
        return {"name": self.name, "fields": dict(self.fields)} if self.fields else {"name": self.name}


@dataclass(slots=True, frozen=True, kw_only=True)
class Case:
    """A call of a message, and what must come of it."""

    message: str
    """The message's name."""
    description: str = ""
    """What the case shows."""
    input: Mapping[str, Json] = field(default_factory=dict)
    """The arguments by name, as JSON; of a request stream, the last is the list of items."""
    expected_output: Json | Absent = ABSENT
    """The result, with wildcards; of a response stream, the list of items."""
    expected_error: ExpectedError | None = None
    """How the call fails."""
    validation_rules: Rules = ()
    """What must hold of input and result."""
    tolerance: Tolerance = EXACT
    """How closely numbers of the result must be met."""
    variant: str = ""
    """The kind of implementation that the case holds for; empty for all."""

    @property
    def title(self) -> str:
        """What the case is called where it is shown."""
        return self.description or "a case without a description"

    def to_json(self) -> dict[str, Json]:
        """Return what a case file says."""
        said: dict[str, Json] = {"description": self.description, "input": dict(self.input)}
        if self.expected_output is not ABSENT:
            said["expected_output"] = self.expected_output
        if self.expected_error is not None:
            said["expected_error"] = self.expected_error.to_json()
        if self.validation_rules:
            rules = self.validation_rules
            said["validation_rules"] = dict(rules) if isinstance(rules, Mapping) else list(rules)
        if self.tolerance != EXACT:
            tolerance = self.tolerance
            said["tolerance"] = {"absolute": tolerance.absolute, "relative": tolerance.relative}
        if self.variant:
            said["variant"] = self.variant
        return said


def case_from_json(message: str, value: Json) -> Case:
    """Return the case that a JSON value is.

    Raises:
        BadExamples: It is none; `pointer` counts from the case.
    """
    if not isinstance(value, dict):
        raise BadExamples("a case is an object with `input` and what is expected of it")
    unknown = next((key for key in value if key not in KEYS), None)
    if unknown is not None:
        raise BadExamples(f"a case has no {unknown!r}; it has {', '.join(KEYS)}", pointer=below("", unknown))
    if "input" not in value:
        raise BadExamples("a case needs an `input`: the arguments by name")
    expected: Json | Absent = value.get("expected_output", ABSENT)
    error = _error(value["expected_error"]) if "expected_error" in value else None
    rules = _rules(value.get("validation_rules", []))
    if error is not None and (expected is not ABSENT or rules):
        raise BadExamples(
            "a call that fails has no result: leave `expected_output` and `validation_rules` out",
            pointer="/expected_error",
        )
    return Case(
        message=message,
        description=_text(value, "description"),
        input=_object(value["input"], "/input", "`input` is an object: the arguments by name"),
        expected_output=expected,
        expected_error=error,
        validation_rules=rules,
        tolerance=_tolerance(value.get("tolerance", {})),
        variant=_text(value, "variant"),
    )


def _text(value: dict[str, Json], key: str) -> str:
    text = value.get(key, "")
    if not isinstance(text, str):
        raise BadExamples(f"`{key}` is a string", pointer=f"/{key}")
    return text


def _object(value: Json, pointer: str, problem: str) -> dict[str, Json]:
    if not isinstance(value, dict):
        raise BadExamples(problem, pointer=pointer)
    return value


def _error(value: Json) -> ExpectedError:
    here = "/expected_error"
    if isinstance(value, str):
        value = {"name": value}
    said = _object(value, here, "`expected_error` is a declared error's name, or an object")
    unknown = next((key for key in said if key not in ("name", "fields", "code")), None)
    if unknown is not None:
        raise BadExamples(f"it has `name` and `fields`, or `code`, and no {unknown!r}", pointer=here)
    name, code = said.get("name", ""), said.get("code", "")
    if not isinstance(name, str) or not isinstance(code, str) or bool(name) is bool(code):
        raise BadExamples("it needs either the `name` of a declared error or a `code`", pointer=here)
    if code and code not in Code.__members__:
        known = ", ".join(Code.__members__)
        raise BadExamples(f"there is no code {code!r}; there are {known}", pointer=f"{here}/code")
    fields = _object(said.get("fields", {}), f"{here}/fields", "`fields` is an object: values by name")
    if code and fields:
        raise BadExamples("a code has no fields", pointer=f"{here}/fields")
    return ExpectedError(name, fields, code)


def _rules(value: Json) -> Rules:
    here = "/validation_rules"
    if isinstance(value, list):
        for index, rule in enumerate(value):
            if not isinstance(rule, str):
                raise BadExamples("a rule is a string", pointer=below(here, index))
        return tuple(str(rule) for rule in value)
    rules = _object(value, here, "`validation_rules` is a list of rules, or an object")
    for key, rule in rules.items():
        if isinstance(rule, bool) or not isinstance(rule, str | int | float):
            raise BadExamples("a rule is a string, or a number", pointer=below(here, key))
    return {key: str(rule) for key, rule in rules.items()}


def _tolerance(value: Json) -> Tolerance:
    here = "/tolerance"
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = {"absolute": value}
    said = _object(value, here, "`tolerance` is a number, or an object with `absolute` and `relative`")
    numbers: dict[str, float] = {}
    for key, number in said.items():
        if key not in ("absolute", "relative"):
            raise BadExamples(f"it has `absolute` and `relative`, and no {key!r}", pointer=below(here, key))
        is_number = isinstance(number, int | float) and not isinstance(number, bool)
        if not is_number or not 0 <= float(number) < math.inf:  # type: ignore[arg-type]
            raise BadExamples("a tolerance is a number that is not negative", pointer=below(here, key))
        numbers[key] = float(number)  # type: ignore[arg-type]
    return Tolerance(**numbers)
