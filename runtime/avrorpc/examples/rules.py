"""Validation rules: expressions that must hold of a call's input and output.

An object such as `{"input_ids_length": "len(text) + 2"}` is a shorter way to write
`length(output.input_ids) == (len(text) + 2)`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from avrorpc.examples import syntax
from avrorpc.examples.case import EXACT, Case, Tolerance
from avrorpc.examples.evaluation import Evaluator
from avrorpc.examples.functions import MEASURES, kind
from avrorpc.examples.matching import shown
from avrorpc.examples.problem import RuleError, below
from avrorpc.examples.syntax import Node, parse, parts
from avrorpc.schema import Json, Message, Record, streaming

MOST_PARTS: Final = 8
"""How many values of parts a failure shows."""


@dataclass(slots=True, frozen=True)
class Names:
    """What a message's rules may speak of."""

    parameters: tuple[str, ...]
    fields: tuple[str, ...] = ()
    """The fields of the result, where it is a record."""

    @classmethod
    def of(cls, message: Message) -> Names:
        """Return the names of a message."""
        parameters = tuple(field.name for field in message.request)
        result = message.response
        if not isinstance(result, Record) or streaming(message).gives_stream:
            return cls(parameters)
        return cls(parameters, tuple(field.name for field in result.fields))

    def values(self, arguments: Mapping[str, Json], output: Json) -> dict[str, Json]:
        """Return what the names stand for in a call."""
        found: dict[str, Json] = {"input": dict(arguments), "output": output}
        fields = output if self.fields and isinstance(output, dict) else {}
        for name in {**arguments, **fields}:
            if self.problem(name) is None:
                found.setdefault(name, fields[name] if name in fields else arguments[name])
        return found

    def problem(self, name: str) -> str | None:
        """Return why a name alone means nothing, or None where it means something."""
        if name in ("input", "output"):
            return None
        if name in self.parameters and name in self.fields:
            return f"{name!r} is a parameter and a field of the result: write input.{name} or output.{name}"
        if name in self.parameters or name in self.fields:
            return None
        known = ", ".join(dict.fromkeys((*self.parameters, *self.fields, "input", "output")))
        return f"there is no {name!r}; there are {known}"


@dataclass(slots=True, frozen=True)
class Rule:
    """One rule of a case."""

    text: str
    """The expression."""
    pointer: str
    """Where the case says it."""


def rules_of(case: Case, fields: Sequence[str]) -> Iterator[Rule]:
    """Yield the rules of a case as expressions; `fields` are those of the result.

    Raises:
        RuleError: A key of the short form names nothing that can be measured.
    """
    here = "/validation_rules"
    if not isinstance(case.validation_rules, Mapping):
        for index, text in enumerate(case.validation_rules):
            yield Rule(text, below(here, index))
        return
    for key, text in case.validation_rules.items():
        yield Rule(_written_out(key, text, fields, case.tolerance), below(here, key))


def _written_out(key: str, text: str, fields: Sequence[str], tolerance: Tolerance) -> str:
    parse(text)
    measured = _measured(key, fields)
    if tolerance == EXACT:
        return f"{measured} == ({text})"
    return f"approx({measured}, ({text}), {tolerance.absolute!r}, {tolerance.relative!r})"


def _measured(key: str, fields: Sequence[str]) -> str:
    if key == "output":
        return "output"
    if key in fields:
        return f"output.{key}"
    name, _, measure = key.rpartition("_")
    if measure in MEASURES and name == "output":
        return f"{measure}(output)"
    if measure in MEASURES and name in fields:
        return f"{measure}(output.{name})"
    known = ", ".join((*fields, "output"))
    raise RuleError(
        f"{key!r} is neither one of {known}, nor one of these and _ and one of {', '.join(MEASURES)}", key
    )


def check_names(rule: str, names: Names) -> None:
    """Check that a rule is one, and that there is what it speaks of.

    Raises:
        RuleError: It is none, or speaks of something else.
    """
    waiting: list[Node] = [parse(rule)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, syntax.Name):
            problem = names.problem(node.name)
            if problem is not None:
                raise RuleError(problem, rule, node.start)
        elif isinstance(node, syntax.Member) and isinstance(node.of, syntax.Name):
            _check_member(rule, node, node.of.name, names)
        waiting.extend(parts(node))


def _check_member(rule: str, node: syntax.Member, of: str, names: Names) -> None:
    known = names.parameters if of == "input" else names.fields if of == "output" else ()
    if known and node.name not in known:
        raise RuleError(f"{of} has no {node.name!r}; it has {', '.join(known)}", rule, node.start)


def failure(rule: str, values: Mapping[str, Json]) -> str | None:
    """Return how a rule fails of these values, with those of its parts; None where it holds.

    Raises:
        RuleError: It is no rule, or has no value here.
    """
    tree = parse(rule)
    evaluator = Evaluator(rule, values)
    value = evaluator.value(tree)
    if value is True:
        return None
    if value is not False:
        raise RuleError(f"a rule is true or false, and this one is {kind(value)}, {shown(value, 60)}", rule)
    told = [f"{evaluator.text(part)} is {shown(found, 80)}" for part, found in _telling(tree, evaluator)]
    unique = list(dict.fromkeys(told))[:MOST_PARTS]
    return f"{rule} does not hold: {'; '.join(unique)}" if unique else f"{rule} does not hold"


def _telling(tree: Node, evaluator: Evaluator) -> Iterator[tuple[Node, Json]]:
    """Yield the parts whose values explain the rule's, as far as they have been computed."""
    waiting: list[Node] = [tree]
    while waiting:
        node = waiting.pop(0)
        if node is not tree and not isinstance(node, syntax.Literal | syntax.Items) and evaluator.has(node):
            yield node, evaluator.value(node)
        waiting.extend(parts(node))
