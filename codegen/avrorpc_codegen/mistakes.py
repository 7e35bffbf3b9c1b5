"""Typical mistakes, recognised where a rule of the grammar has failed: what to say, where, and the way out.

Looks at tokens only when something is wrong already, so that right contracts pay nothing for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from avrorpc_codegen.diagnostic import did_you_mean
from avrorpc_codegen.foreign_words import (
    DECLARATIONS,
    FUNCTIONS,
    MODIFIERS,
    STATEMENTS,
    better_type,
    same_but_case,
    type_hint,
)
from avrorpc_codegen.lexer import Kind, Token

_OPENING: Final = {"}": "{", ")": "(", "]": "[", ">": "<"}
_WORDS: Final = {"True": "true", "False": "false", "None": "null", "nil": "null", "undefined": "null"}
_IMPORTS: Final = {".avdl": "idl", ".avpr": "protocol", ".avsc": "schema"}
_MOST_SHOWN: Final = 40


@dataclass(slots=True, frozen=True)
class Place:
    """Where a rule has failed."""

    tokens: list[Token]
    start: int
    """The index of the token that the statement begins with."""
    index: int
    """The index of the token that does not fit."""
    expected: str
    """What the rule has to say itself."""

    def at(self, distance: int) -> Token:
        """Return the token at a distance from the one that does not fit."""
        return self.tokens[max(0, min(self.index + distance, len(self.tokens) - 1))]

    def is_at(self, distance: int, *texts: str) -> bool:
        """Return whether the token at a distance is one of some."""
        return 0 <= self.index + distance < len(self.tokens) and self.at(distance).text in texts

    def is_name(self, distance: int) -> bool:
        """Return whether the token at a distance is a name."""
        return self.index + distance >= 0 and self.at(distance).kind is Kind.NAME

    def first(self) -> Token:
        """Return the token that the statement begins with."""
        return self.tokens[self.start]

    def text(self, start: int, end: int) -> str:
        """Return the source between two tokens, the ends included, if it is short."""
        first, last = self.at(start).span, self.at(end).span
        text = " ".join(first.source.text[first.start : last.end].split())
        return text if len(text) <= _MOST_SHOWN else "..."


@dataclass(slots=True, frozen=True)
class Mistake:
    """What is wrong, in a better place and better words than the rule's own."""

    message: str
    token: Token
    help: str | None = None
    is_outside: bool = False
    """Whether what stands here belongs outside the block, whose `}` may be missing."""


def recognise(place: Place) -> Mistake | None:
    """Return the first typical mistake that fits."""
    return next((found for check in _CHECKS if (found := check(place)) is not None), None)


def _comma_too_many(place: Place) -> Mistake | None:
    mark = place.at(0).text
    if not place.is_at(0, *_OPENING) or not place.is_at(-1, ","):
        return None
    return Mistake(
        f"nothing may stand between the last `,` and `{mark}`", place.at(-1), "leave the comma out"
    )


def _missing_value(place: Place) -> Mistake | None:
    if place.is_at(-2, "@") and place.is_name(-1) and not place.is_at(0, "("):
        name = place.at(-1).text
        value = place.at(0).text if place.at(0).kind is Kind.STRING else "true"
        return Mistake(f"the annotation `@{name}` has no value", place.at(-1), f"write `@{name}({value})`")
    if place.is_at(-3, "@") and place.is_at(-1, "(") and place.is_at(0, ")"):
        name = place.at(-2).text
        return Mistake(f"the annotation `@{name}` has no value", place.at(-2), f"write `@{name}(true)`")
    return None


def _bare_word(place: Place) -> Mistake | None:
    if not place.is_name(0):
        return None
    word = place.at(0).text
    if place.expected == "expected a value":
        better = _WORDS.get(word, f'"{word}"')
        hint = "a string stands in quotes, and the symbol of an enum too"
        return Mistake(
            f"`{word}` is no value",
            place.at(0),
            f"write `{better}`" + ("" if word in _WORDS else f": {hint}"),
        )
    if place.expected == "expected a key as a string":
        return Mistake(f"the key `{word}` stands without quotes", place.at(0), f'write `"{word}"`')
    return None


def _type_arguments(place: Place) -> Mistake | None:
    if not place.is_at(0, "<") or not place.is_name(-1):
        return None
    word = place.at(-1).text
    end = next((i for i in range(1, 12) if place.is_at(i, ">")), 0)
    inner = place.text(1, end - 1) if end > 1 else "..."
    inner = better_type(inner) or inner
    last = inner.rpartition(",")[2].strip()
    hint = type_hint(word) or ""
    better = None
    if word == "union":
        better = f"union {{ {inner} }}"
    elif "array<" in hint:
        better = f"array<{inner}>"
    elif "map<" in hint:
        better = f"map<{last}>"
    elif "`?`" in hint:
        better = f"{inner}?"
    elif "decimal" in hint:
        better = f"decimal({inner})"
    elif word == "fixed":
        better = f"fixed Name({inner});"
    problem = f"`{word}` takes nothing in `<` and `>`: only `array` and `map` do"
    return Mistake(problem, place.at(-1), f"write `{better}`" if better else None)


def _brackets(place: Place) -> Mistake | None:
    if not place.is_at(0, "[") or not place.is_name(-1):
        return None
    word = place.at(-1).text
    end = next((i for i in range(1, 12) if place.is_at(i, "]")), 0)
    inner = place.text(1, end - 1) if end > 1 else "..."
    if word == "union":
        better = f"union {{ {inner} }}"
    elif word in ("array", "map"):
        better = f"{word}<{inner}>"
    else:
        better = f"array<{word}>"
    return Mistake("types are written without `[` and `]`", place.at(0), f"write `{better}`")


def _map_of_two(place: Place) -> Mistake | None:
    if not place.is_at(0, ",") or not place.is_at(-2, "<") or not place.is_at(-3, "map", "array"):
        return None
    kind, following = place.at(-3).text, place.at(1).text
    if kind == "array":
        return Mistake(
            "an array has items of one type", place.at(0), "write `array<union { ... }>` for several"
        )
    problem = "a map has one type, that of its values: its keys are always strings"
    return Mistake(problem, place.at(-1), f"write `map<{following}>`")


def _type_after_name(place: Place) -> Mistake | None:
    if not place.is_at(0, ":") or not place.is_name(-1) or not place.is_name(1):
        return None
    name, kind = place.at(-1).text, place.at(1).text
    return Mistake("the type stands before the name, without `:`", place.at(0), f"write `{kind} {name}`")


def _question_mark(place: Place) -> Mistake | None:
    if not place.is_at(0, "?"):
        return None
    if place.is_at(-1, ">", "}"):
        opening = next(
            (i for i in range(place.start - place.index, -1) if place.is_at(i, "array", "map", "union")), 0
        )
        kind = place.text(opening, -1) if opening else "..."
        better = f"union {{ null, {kind} }}" if not kind.startswith("union") else "union { null, ... }"
        return Mistake("only a type that is a single word has a `?`", place.at(0), f"write `{better}`")
    kind, name = ("string", "name")
    if place.is_name(-1) and place.is_name(-2):
        kind, name = place.at(-2).text, place.at(-1).text
    elif place.is_name(1) and place.is_name(2):
        kind, name = place.at(1).text, place.at(2).text
    return Mistake("the `?` stands directly after the type", place.at(0), f"write `{kind}? {name}`")


def _enum_habits(place: Place) -> Mistake | None:
    if place.expected != "expected `}` or `,` in the enum":
        return None
    if place.is_at(0, ";"):
        hint = "write `,` between symbols, and nothing after the last"
        return Mistake("the symbols of an enum are separated by `,`", place.at(0), hint)
    if place.is_at(0, "=", "("):
        return Mistake(
            "symbols have no values", place.at(0), "leave it out: only the order of symbols counts"
        )
    if place.is_name(0):
        return Mistake(
            f"there is no `,` before `{place.at(0).text}`", place.at(0), "write `,` between symbols"
        )
    return None


def _declaration_habits(place: Place) -> Mistake | None:
    kind, name, token = place.at(-2).text, place.at(-1).text, place.at(0)
    if kind not in DECLARATIONS or not place.is_name(-1):
        return None
    if place.is_at(0, "="):
        return Mistake(f"the {kind} has a `=` before its `{{`", token, f"write `{kind} {name} {{`")
    if place.is_at(0, "extends", "implements", ":"):
        return Mistake("Avro has no inheritance", token, "repeat the fields, or have a field of that type")
    if kind == "fixed":
        return Mistake(f"the fixed `{name}` has no size in bytes", place.at(-1), f"write `fixed {name}(16);`")
    if place.is_at(0, "{") and kind != DECLARATIONS[kind]:
        return _foreign_declaration(place.at(-2), name)
    if place.is_at(0, "{") and place.expected.endswith("the namespace"):
        return Mistake("a namespace has no braces", token, "write `namespace a.b;`, and the types below it")
    return None


def _foreign_declaration(token: Token, name: str) -> Mistake:
    word = DECLARATIONS[token.text.lower()]
    return Mistake(f"`{token.text}` declares nothing in Avro IDL", token, f"write `{word} {name} {{`")


def _namespace_habits(place: Place) -> Mistake | None:
    if place.is_at(-2, "namespace") and place.is_at(0, "{"):
        return Mistake(
            "a namespace has no braces", place.at(0), "write `namespace a.b;`, and its types below"
        )
    if place.is_at(-1, "namespace") and place.at(0).kind is Kind.STRING:
        name = str(place.at(0).value)
        return Mistake("a namespace stands without quotes", place.at(0), f"write `namespace {name};`")
    return None


def _import_habits(place: Place) -> Mistake | None:
    if place.index == place.start and place.is_at(0, "import"):
        location = place.at(1)
    elif place.is_at(-1, "import"):
        location = place.at(0)
    else:
        return None
    name = str(location.value)
    kind = next((kind for suffix, kind in _IMPORTS.items() if name.endswith(suffix)), "idl")
    if location.kind is not Kind.STRING:
        name = name.replace(".", "/") + ".avdl" if location.kind is Kind.NAME else "other.avdl"
    problem = "an import says what it reads: `idl`, `protocol` or `schema`"
    return Mistake(problem, location, f'write `import {kind} "{name}";`')


def _words_before(place: Place) -> Mistake | None:
    """Recognise what begins a statement in other languages."""
    first = place.first()
    if first.kind is not Kind.NAME or first.text != first.value:
        return None
    word, name = first.text.lower(), place.tokens[min(place.start + 1, len(place.tokens) - 1)]
    following = place.tokens[min(place.start + 2, len(place.tokens) - 1)]
    opens = following.text in ("{", "extends", "implements", ":")
    if word in DECLARATIONS and (DECLARATIONS[word] != first.text) and name.kind is Kind.NAME and opens:
        return _foreign_declaration(first, name.text)
    if word in FUNCTIONS and place.index > place.start:
        hint = "write `Result name(Type parameter);`, with `void` for no result"
        return Mistake(f"`{first.text}` begins no message", first, hint)
    if word in MODIFIERS and place.index == place.start + 2 and place.is_name(0):
        return Mistake(f"`{first.text}` does not belong before a type", first, MODIFIERS[word])
    if word in STATEMENTS:
        return Mistake(f"`{first.text}` means nothing here", first, f"Avro IDL has {STATEMENTS[word]}")
    return None


def _message_habits(place: Place) -> Mistake | None:
    if place.is_at(0, "(") and place.is_name(-1) and place.index == place.start + 1:
        name = place.at(-1).text
        hint = f"write the type of its result before it, or `void {name}(...)`"
        return Mistake(f"the message `{name}` has no result", place.at(-1), hint)
    if place.is_at(0, "(") and place.is_at(-1, "throws"):
        return Mistake("errors stand without parentheses", place.at(0), "write `throws A, B;`")
    if place.is_at(0, "(") and place.expected == "expected `;` after the field":
        problem = "a record has fields and no messages"
        return Mistake(problem, place.at(-1), "close the record before it with a `}`", is_outside=True)
    if place.is_at(0, "{") and place.is_at(-1, ")"):
        return Mistake("a message has no body", place.at(0), "end it with `;`")
    if place.is_at(0, "returns"):
        return Mistake(
            "the result stands before the name", place.at(0), "write `Result name(Type parameter);`"
        )
    return None


def _parameter_habits(place: Place) -> Mistake | None:
    if not place.is_at(0, ",", ")") or not place.is_name(-1) or place.expected != "expected a name":
        return None
    word = place.at(-1).text
    if word == "void" and place.is_at(-2, "(") and place.is_at(0, ")"):
        return Mistake("no parameters are nothing at all", place.at(-1), "write `()`")
    hint = f"write a type and a name: `{word} value`, or `string {word}`"
    return Mistake(f"`{word}` is only half of a parameter", place.at(-1), hint)


def _fields_of_two_types(place: Place) -> Mistake | None:
    if place.expected != "expected `;` after the field" or not place.is_name(0) or not place.is_at(-2, ","):
        return None
    hint = "a `,` stands only between names of one type"
    return Mistake("fields end with `;`", place.at(-2), hint)


def _end_of_file(place: Place) -> Mistake | None:
    token = place.at(0)
    if place.expected != "expected the end of the file":
        return None
    if place.is_at(0, "}"):
        return Mistake("this `}` closes nothing", token, "leave it out, or look for a `}` too many above")
    if place.is_at(0, "protocol"):
        return Mistake("a file holds one protocol", token, "put this one into a file of its own")
    if place.is_at(0, ";"):
        return Mistake("no `;` follows the `}` of a protocol", token, "leave it out")
    return Mistake(
        "nothing follows the `}` of a protocol", token, "put its types and messages between its braces"
    )


def _outside(place: Place) -> Mistake | None:
    token = place.at(0)
    if place.index != place.start:
        return None
    if token.text == ";":
        hint = "leave it out: declarations with braces end with `}`"
        return Mistake("this `;` ends nothing", token, hint)
    if token.text == "{" and token.span.start == 0:
        return Mistake("this looks like JSON", token, "give the file the suffix `.avsc` or `.avpr`")
    if not place.expected.startswith("expected `import`") or token.kind is not Kind.NAME:
        return None
    lowered = same_but_case(token.text, DECLARATIONS)
    if lowered:
        return Mistake(f"`{token.text}` means nothing here", token, f"write `{DECLARATIONS[lowered]}`")
    if token.text == "protocol" and place.is_name(1):
        hint = "a protocol extends no other, but it may import others"
        return Mistake("expected `{` after the name of the protocol", place.at(2), hint)
    is_message = any(later.text == "(" for later in place.tokens[place.index + 1 : place.index + 3])
    if is_message and token.text not in DECLARATIONS:
        return Mistake("messages stand in a protocol", token, "write `protocol Name { ... }` around them")
    close = did_you_mean(token.text, ["import", "record", "error", "enum", "fixed", "protocol"])
    return Mistake(f"`{token.text}` begins no declaration", token, close) if close else None


_CHECKS: Final[tuple[Callable[[Place], Mistake | None], ...]] = (
    _comma_too_many,
    _missing_value,
    _bare_word,
    _namespace_habits,
    _import_habits,
    _end_of_file,
    _words_before,
    _type_arguments,
    _brackets,
    _map_of_two,
    _type_after_name,
    _question_mark,
    _enum_habits,
    _declaration_habits,
    _message_habits,
    _parameter_habits,
    _fields_of_two_types,
    _outside,
)
