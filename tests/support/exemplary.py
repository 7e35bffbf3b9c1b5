"""A contract that holds example cases, and an implementation of it with a mistake."""

from __future__ import annotations

import abc
from collections.abc import Mapping

from avrorpc import stub
from avrorpc.schema import Json, compact

CASES: list[Json] = [
    {"description": "two and three", "input": {"a": 2, "b": 3}, "expected_output": 6},
    {"description": "a wrong result", "input": {"a": 7, "b": 7}, "expected_output": 50},
    {"description": "no result", "input": {"a": 1}},
    {"description": "rules", "input": {"a": 2}, "expected_output": 2, "validation_rules": ["output > a"]},
    {"description": "an argument of another type", "input": {"a": "two"}, "expected_output": 2},
    {"description": "it breaks", "input": {"a": 13}, "expected_output": 13},
    {"description": "another kind", "input": {"a": 0}, "expected_output": 1, "variant": "other"},
]
CHANGING: list[Json] = [{"description": "it changes something", "input": {}, "expected_output": None}]


def _message(request: list[Json], response: str, **props: Json) -> Json:
    return {**props, "request": request, "response": response}


EXEMPLARY = stub.Contract(
    "exemplary.Exemplary",
    compact(
        {
            "protocol": "Exemplary",
            "namespace": "exemplary",
            "types": [],
            "messages": {
                "times": _message(
                    [{"name": "a", "type": "int"}, {"name": "b", "type": "int", "default": 1}],
                    "int",
                    readonly=True,
                    examples=CASES,
                ),
                "store": _message([], "null", examples=CHANGING),
                "elsewhere": _message([], "null", readonly=True, examples="cases.json"),
            },
        }
    ),
    types=dict,
)
for _name in ("times", "store", "elsewhere"):
    EXEMPLARY.method(_name)


class ExemplaryService(stub.Service):
    """What would be generated for it."""

    __contract__ = EXEMPLARY

    @abc.abstractmethod
    def times(self, a: int, *, b: int = 1) -> int:
        """Multiply."""

    @abc.abstractmethod
    def store(self) -> None:
        """Change something."""

    @abc.abstractmethod
    def elsewhere(self) -> None:
        """Has cases in a file."""


class Exemplary(ExemplaryService):
    def __init__(self) -> None:
        self.stored: Mapping[str, int] = {}

    def times(self, a: int, *, b: int = 1) -> int:
        if a == 13:
            raise ValueError("the password is hunter2")
        return a * b

    def store(self) -> None:
        self.stored = {"changed": 1}

    def elsewhere(self) -> None:
        return None
