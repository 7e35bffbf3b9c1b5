"""The rules of the rule language: a tree for each rule, by recursive descent.

The grammar is in docs/reference/examples.md. Nothing here computes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

from avrorpc.examples.functions import FUNCTIONS
from avrorpc.examples.problem import RuleError
from avrorpc.examples.tokens import KEYWORDS, Kind, Token, string_value, tokenize
from avrorpc.schema import Json

MAX_RULE_DEPTH: Final = 40
"""How deeply the parts of a rule may be nested, and how many may stand in a chain such as `a + b + c`."""
MAX_DIGITS: Final = 100
"""How many digits a whole number in a rule may have."""


@dataclass(slots=True, frozen=True)
class Literal:
    """A number, a string, true, false or null."""

    value: Json
    start: int
    end: int


@dataclass(slots=True, frozen=True)
class Name:
    """A parameter, a field of the result, `input` or `output`."""

    name: str
    start: int
    end: int


@dataclass(slots=True, frozen=True)
class Items:
    """A list that the rule writes out."""

    items: tuple[Node, ...]
    start: int
    end: int


@dataclass(slots=True, frozen=True)
class Member:
    """A field of a value."""

    of: Node
    name: str
    start: int
    end: int


@dataclass(slots=True, frozen=True)
class Index:
    """An item of a list, a value of a map or a character of a text."""

    of: Node
    index: Node
    start: int
    end: int


@dataclass(slots=True, frozen=True)
class Slice:
    """A stretch of a list or a text."""

    of: Node
    first: Node | None
    last: Node | None
    start: int
    end: int


@dataclass(slots=True, frozen=True)
class FunctionCall:
    """A function of its arguments."""

    function: str
    arguments: tuple[Node, ...]
    start: int
    end: int


@dataclass(slots=True, frozen=True)
class Unary:
    """`not` or `-`."""

    sign: str
    operand: Node
    start: int
    end: int


@dataclass(slots=True, frozen=True)
class Arithmetic:
    """Two values, and a number or a list of them."""

    sign: str
    left: Node
    right: Node
    start: int
    end: int


@dataclass(slots=True, frozen=True)
class Comparison:
    """Values in a row, each compared with the next."""

    operands: tuple[Node, ...]
    signs: tuple[str, ...]
    start: int
    end: int


@dataclass(slots=True, frozen=True)
class Logic:
    """`and` or `or` between several."""

    word: str
    operands: tuple[Node, ...]
    start: int
    end: int


Node: TypeAlias = (
    Literal | Name | Items | Member | Index | Slice | FunctionCall | Unary | Arithmetic | Comparison | Logic
)


def parse(rule: str) -> Node:
    """Return the tree of a rule.

    Raises:
        RuleError: It is none; the text says where.
    """
    return _Parser(rule).whole()


def parts(node: Node) -> tuple[Node, ...]:
    """Return what a node is made of."""
    match node:
        case Literal() | Name():
            return ()
        case Items(items=nodes) | FunctionCall(arguments=nodes):
            return nodes
        case Comparison(operands=nodes) | Logic(operands=nodes):
            return nodes
        case Member(of=of):
            return (of,)
        case Index(of=of, index=index):
            return (of, index)
        case Slice():
            return tuple(part for part in (node.of, node.first, node.last) if part is not None)
        case Unary(operand=operand):
            return (operand,)
        case Arithmetic(left=left, right=right):
            return (left, right)


class _Parser:
    def __init__(self, rule: str) -> None:
        self._rule = rule
        self._tokens = list(tokenize(rule))
        self._at = 0
        self._depth = 0

    def whole(self) -> Node:
        if self._ends():
            raise RuleError("there is nothing in it", self._rule)
        node = self._either()
        if not self._ends():
            raise self._unexpected("the end or an operator")
        self._check_depth(node)
        return node

    def _check_depth(self, node: Node) -> None:
        """Chains such as `a + b + c` are deep trees, too."""
        depth, level = 0, [node]
        while level:
            depth += 1
            if depth > MAX_RULE_DEPTH:
                raise self._too_deep(level[0].start)
            level = [part for outer in level for part in parts(outer)]

    def _too_deep(self, at: int) -> RuleError:
        return RuleError(f"it is nested more deeply than MAX_RULE_DEPTH, {MAX_RULE_DEPTH}", self._rule, at)

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _ends(self) -> bool:
        return self._next.kind is Kind.END

    def _unexpected(self, wanted: str) -> RuleError:
        token = self._next
        found = "the end" if token.kind is Kind.END else repr(token.text)
        return RuleError(f"{wanted} was expected, and not {found}", self._rule, token.start)

    def _is(self, *texts: str) -> bool:
        return self._next.kind in (Kind.NAME, Kind.SIGN) and self._next.text in texts

    def _take(self) -> Token:
        token = self._next
        self._at += 1
        return token

    def _expect(self, text: str) -> Token:
        if not self._is(text):
            raise self._unexpected(repr(text))
        return self._take()

    def _either(self) -> Node:
        self._depth += 1
        if self._depth > MAX_RULE_DEPTH:
            raise self._too_deep(self._next.start)
        operands = [self._both()]
        while self._is("or"):
            self._take()
            operands.append(self._both())
        self._depth -= 1
        return _logic("or", operands)

    def _both(self) -> Node:
        operands = [self._negated()]
        while self._is("and"):
            self._take()
            operands.append(self._negated())
        return _logic("and", operands)

    def _negated(self) -> Node:
        begun = [self._take() for _ in iter(lambda: self._is("not"), False)]
        node = self._compared()
        if len(begun) > MAX_RULE_DEPTH:
            raise self._too_deep(begun[0].start)
        for token in reversed(begun):
            node = Unary("not", node, token.start, node.end)
        return node

    def _compared(self) -> Node:
        operands, signs = [self._added()], list[str]()
        while True:
            if self._is("==", "!=", "<", "<=", ">", ">=", "in"):
                signs.append(self._take().text)
            elif self._is("not"):
                self._take()
                self._expect("in")
                signs.append("not in")
            else:
                break
            operands.append(self._added())
        if not signs:
            return operands[0]
        return Comparison(tuple(operands), tuple(signs), operands[0].start, operands[-1].end)

    def _added(self) -> Node:
        node = self._multiplied()
        while self._is("+", "-"):
            sign = self._take().text
            right = self._multiplied()
            node = Arithmetic(sign, node, right, node.start, right.end)
        return node

    def _multiplied(self) -> Node:
        node = self._signed()
        while self._is("*", "/", "//", "%"):
            sign = self._take().text
            right = self._signed()
            node = Arithmetic(sign, node, right, node.start, right.end)
        return node

    def _signed(self) -> Node:
        begun = [self._take() for _ in iter(lambda: self._is("-"), False)]
        node = self._extended()
        if len(begun) > MAX_RULE_DEPTH:
            raise self._too_deep(begun[0].start)
        for token in reversed(begun):
            node = Unary("-", node, token.start, node.end)
        return node

    def _extended(self) -> Node:
        node = self._atom()
        while self._is(".", "["):
            if self._take().text == ".":
                if self._next.kind is not Kind.NAME:
                    raise self._unexpected("the name of a field")
                token = self._take()
                node = Member(node, token.text, node.start, token.end)
            else:
                node = self._indexed(node)
        return node

    def _indexed(self, of: Node) -> Node:
        first = None if self._is(":") else self._either()
        if first is not None and self._is("]"):
            return Index(of, first, of.start, self._take().end)
        self._expect(":")
        last = None if self._is("]") else self._either()
        return Slice(of, first, last, of.start, self._expect("]").end)

    def _atom(self) -> Node:
        token = self._next
        if token.kind is Kind.NUMBER:
            self._take()
            return Literal(self._number(token), token.start, token.end)
        if token.kind is Kind.STRING:
            self._take()
            return Literal(string_value(token, self._rule), token.start, token.end)
        if self._is("true", "false", "null"):
            self._take()
            value: Json = {"true": True, "false": False}.get(token.text)
            return Literal(value, token.start, token.end)
        if self._is("("):
            self._take()
            node = self._either()
            self._expect(")")
            return node
        if self._is("["):
            self._take()
            items = self._listed("]")
            return Items(items, token.start, self._expect("]").end)
        if token.kind is not Kind.NAME or token.text in KEYWORDS:
            raise self._unexpected("a value")
        self._take()
        return self._called(token) if self._is("(") else Name(token.text, token.start, token.end)

    def _number(self, token: Token) -> Json:
        if token.text.isdecimal():
            return int(token.text) if len(token.text) <= MAX_DIGITS else self._too_long(token)
        number = float(token.text)
        return number if number < float("inf") else self._too_long(token)

    def _too_long(self, token: Token) -> Json:
        raise RuleError("the number is too large", self._rule, token.start)

    def _called(self, name: Token) -> Node:
        if name.text not in FUNCTIONS:
            known = ", ".join(sorted(FUNCTIONS))
            raise RuleError(f"there is no function {name.text!r}; there are {known}", self._rule, name.start)
        self._take()
        arguments = self._listed(")")
        end = self._expect(")").end
        function = FUNCTIONS[name.text]
        if not function.least <= len(arguments) <= function.most:
            problem = f"it is {function.usage}, and here it has {len(arguments)} arguments"
            raise RuleError(problem, self._rule, name.start)
        return FunctionCall(name.text, arguments, name.start, end)

    def _listed(self, closing: str) -> tuple[Node, ...]:
        items: list[Node] = []
        while not self._is(closing):
            items.append(self._either())
            if not self._is(","):
                break
            self._take()
        return tuple(items)


def _logic(word: str, operands: list[Node]) -> Node:
    if len(operands) == 1:
        return operands[0]
    return Logic(word, tuple(operands), operands[0].start, operands[-1].end)
