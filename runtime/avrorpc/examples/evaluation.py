"""The value of a rule: bounded in steps, in the sizes of lists and texts, and in those of numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from avrorpc.examples import syntax
from avrorpc.examples.functions import FUNCTIONS, NON_FINITE, Misuse, finite, is_number, kind, size
from avrorpc.examples.problem import RuleError
from avrorpc.examples.syntax import Node
from avrorpc.schema import Json, same_json

MAX_RULE_STEPS: Final = 5_000_000
"""How much a rule may do: a step for each operation, and for each value that it looks at."""
MAX_RESULT_SIZE: Final = 1_000_000
"""How many values, or eights of characters, what a part of a rule gives may have."""
MAX_NUMBER_BITS: Final = 4_096
"""How large a whole number may become."""


class Evaluator:
    """Computes the parts of one rule.

    Args:
        rule: Its text.
        names: What its names stand for.
    """

    def __init__(self, rule: str, names: Mapping[str, Json]) -> None:
        self._rule = rule
        self._names = names
        self._steps = 0
        self._known: dict[int, Json] = {}  # by the identity of nodes, which the tree keeps

    def value(self, node: Node) -> Json:
        """Return the value of a part; it is computed once.

        Raises:
            RuleError: It has none, or a limit is reached.
        """
        if id(node) in self._known:
            return self._known[id(node)]
        try:
            found = self._value(node)
        except Misuse as error:
            raise self._error(f"{self.text(node)}: {error}", node) from None
        except (ArithmeticError, ValueError) as error:
            if isinstance(error, RuleError):
                raise
            raise self._error(f"{self.text(node)}: {error}", node) from None
        self._check_size(found, node)
        self._known[id(node)] = found
        return found

    def has(self, node: Node) -> bool:
        """Whether a part has been computed: `and` and `or` stop where they are decided."""
        return id(node) in self._known

    def text(self, node: Node) -> str:
        """Return a part as the rule writes it."""
        return self._rule[node.start : node.end]

    def _error(self, problem: str, node: Node) -> RuleError:
        return RuleError(problem, self._rule, node.start)

    def _spend(self, steps: int, node: Node) -> None:
        self._steps += steps
        if self._steps > MAX_RULE_STEPS:
            raise self._error(f"it takes more than MAX_RULE_STEPS, {MAX_RULE_STEPS} steps", node)

    def _check_size(self, value: Json, node: Node) -> None:
        if isinstance(value, int) and value.bit_length() > MAX_NUMBER_BITS:
            raise self._error(f"a number has more than MAX_NUMBER_BITS, {MAX_NUMBER_BITS} bits", node)
        made = isinstance(node, syntax.Arithmetic | syntax.FunctionCall | syntax.Items | syntax.Member)
        if made and isinstance(value, list | dict | str) and size(value) > MAX_RESULT_SIZE:
            raise self._error(f"a value is larger than MAX_RESULT_SIZE, {MAX_RESULT_SIZE}", node)

    def _value(self, node: Node) -> Json:
        self._spend(1, node)
        match node:
            case syntax.Literal():
                return node.value
            case syntax.Name():
                if node.name not in self._names:
                    raise self._error(f"there is no {node.name!r}; there are {', '.join(self._names)}", node)
                return self._names[node.name]
            case syntax.Items():
                return [self.value(item) for item in node.items]
            case syntax.Member():
                return self._member(self.value(node.of), node.name, node)
            case syntax.Index():
                return self._item(self.value(node.of), self.value(node.index))
            case syntax.Slice():
                return self._slice(node)
            case syntax.FunctionCall():
                arguments = [self.value(argument) for argument in node.arguments]
                self._spend(sum(map(size, arguments)), node)
                return FUNCTIONS[node.function].call(*arguments)
            case syntax.Unary():
                return self._unary(node)
            case syntax.Arithmetic():
                return self._arithmetic(node)
            case syntax.Comparison():
                return self._comparison(node)
            case syntax.Logic():
                return self._logic(node)

    def _member(self, of: Json, name: str, node: Node) -> Json:
        if isinstance(of, list):  # of each item
            self._spend(len(of), node)
            return [self._member(item, name, node) for item in of]
        if not isinstance(of, dict):
            raise Misuse(f"{kind(of)} has no fields")
        if name not in of:
            raise Misuse(f"there is no {name!r}; there are {', '.join(of) or 'no fields'}")
        return of[name]

    def _item(self, of: Json, index: Json) -> Json:
        if isinstance(of, dict):
            if not isinstance(index, str):
                raise Misuse(f"an object is indexed by a string, and not by {kind(index)}")
            if index not in of:
                raise Misuse(f"there is no {index!r}")
            return of[index]
        if not isinstance(of, list | str):
            raise Misuse(f"{kind(of)} has no items")
        place = _whole(index)
        if not -len(of) <= place < len(of):
            raise Misuse(f"there is no item {place}; there are {len(of)}")
        return of[place]

    def _slice(self, node: syntax.Slice) -> Json:
        of = self.value(node.of)
        if not isinstance(of, list | str):
            raise Misuse(f"{kind(of)} has no items")
        first = None if node.first is None else _whole(self.value(node.first))
        last = None if node.last is None else _whole(self.value(node.last))
        self._spend(len(of), node)
        return of[first:last]

    def _unary(self, node: syntax.Unary) -> Json:
        value = self.value(node.operand)
        if node.sign == "not":
            return not _boolean(value, "not")
        return finite(-_number(value, "-"))

    def _arithmetic(self, node: syntax.Arithmetic) -> Json:
        left, right = self.value(node.left), self.value(node.right)
        if node.sign == "+" and isinstance(left, list | str):
            self._spend(size(left) + size(right), node)
            if isinstance(left, list) and isinstance(right, list):
                return [*left, *right]
            if isinstance(left, str) and isinstance(right, str) and not (is_nan(left) and is_nan(right)):
                return left + right
        one, other = _number(left, node.sign), _number(right, node.sign)
        match node.sign:
            case "+":
                return finite(one + other)
            case "-":
                return finite(one - other)
            case "*":
                return finite(one * other)
            case "/":
                return finite(one / other)
            case "//":
                return finite(one // other)
            case _:
                return finite(one % other)

    def _comparison(self, node: syntax.Comparison) -> Json:
        left = self.value(node.operands[0])
        for sign, operand in zip(node.signs, node.operands[1:], strict=True):
            right = self.value(operand)
            self._spend(size(left) + size(right), node)
            if not self._compare(left, sign, right):
                return False
            left = right
        return True

    def _compare(self, left: Json, sign: str, right: Json) -> bool:
        match sign:
            case "==":
                return same_json(left, right)
            case "!=":
                return not same_json(left, right)
            case "in":
                return _is_in(left, right)
            case "not in":
                return not _is_in(left, right)
        if isinstance(left, str) and isinstance(right, str) and not (is_nan(left) or is_nan(right)):
            return _ordered((left > right) - (left < right), sign)
        one, other = _number(left, sign), _number(right, sign)
        if math.isnan(one) or math.isnan(other):
            return False
        return _ordered((one > other) - (one < other), sign)

    def _logic(self, node: syntax.Logic) -> Json:
        decides = node.word == "or"
        for operand in node.operands:
            if _boolean(self.value(operand), node.word) is decides:
                return decides
        return not decides


def is_nan(text: str) -> bool:
    """Whether a text stands for a number that JSON has no number for."""
    return text in NON_FINITE


def _ordered(order: int, sign: str) -> bool:
    match sign:
        case "<":
            return order < 0
        case "<=":
            return order <= 0
        case ">":
            return order > 0
        case _:
            return order >= 0


def _is_in(left: Json, right: Json) -> bool:
    if isinstance(right, str):
        if not isinstance(left, str):
            raise Misuse(f"a string holds strings, and not {kind(left)}")
        return left in right
    if isinstance(right, dict):
        return isinstance(left, str) and left in right
    if isinstance(right, list):
        return any(same_json(left, item) for item in right)
    raise Misuse(f"nothing is in {kind(right)}")


def _boolean(value: Json, word: str) -> bool:
    if not isinstance(value, bool):
        raise Misuse(f"`{word}` takes true and false, and not {kind(value)}")
    return value


def _number(value: Json, sign: str) -> int | float:
    if isinstance(value, str) and value in NON_FINITE:
        return NON_FINITE[value]
    if not is_number(value):
        raise Misuse(f"`{sign}` takes numbers, and not {kind(value)}")
    return value


def _whole(value: Json) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise Misuse(f"a place in a list is a whole number, and not {kind(value)}")
    return value
