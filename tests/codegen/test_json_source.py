from __future__ import annotations

import json
from pathlib import Path

import pytest
from avrorpc.schema import MAX_JSON_DEPTH, Json
from avrorpc_codegen.diagnostic import Diagnostics
from avrorpc_codegen.json_source import Node, parse_json
from avrorpc_codegen.source import Source
from hypothesis import given
from hypothesis import strategies as st

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def read(text: str) -> tuple[Node | None, list[str]]:
    diagnostics = Diagnostics()
    node = parse_json(Source("a.avsc", text, Path("a.avsc")), diagnostics)
    found: list[str] = []
    for item in diagnostics.items:
        assert item.span is not None
        line, column = item.span.source.position(item.span.start)
        found.append(
            f"{line}:{column} {item.rule.value} {item.message}" + (f"; {item.help}" if item.help else "")
        )
    return node, found


@given(JSON, st.sampled_from([None, 0, 3]))
def test_what_python_writes_is_read(value: Json, indent: int | None) -> None:
    for ascii_only in (False, True):
        node, problems = read(json.dumps(value, indent=indent, ensure_ascii=ascii_only))
        assert problems == []
        assert node is not None
        assert node.plain() == value


def test_every_node_has_its_place() -> None:
    text = '{"a": [1, "x"],\n "b": {"c": null}}'
    node, _ = read(text)
    assert node is not None
    assert node.members is not None
    a, b = node.members["a"], node.members["b"]
    assert a.value.items is not None
    assert b.value.members is not None
    spans = [
        node.span,
        a.key,
        a.value.span,
        *(item.span for item in a.value.items),
        b.value.members["c"].value.span,
    ]
    assert [text[span.start : span.end] for span in spans] == ["{", '"a"', "[", "1", '"x"', "null"]


def test_comments_are_white_space() -> None:
    node, problems = read("// one\n/* two\n * three */ [1, /**/ 2 // four\n] // five")
    assert problems == []
    assert node is not None
    assert node.plain() == [1, 2]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "1:1 AVR110 expected a value, found the end of the file"),
        (" \n ", "2:2 AVR110 expected a value, found the end of the file"),
        ("[1", "1:1 AVR110 this bracket is not closed before the end of the file: `]`"),
        ('{"a": 1', "1:1 AVR110 this bracket is not closed before the end of the file: `}`"),
        ('{"a" 1}', "1:6 AVR110 expected `:` after the key, found `1`"),
        ("{a: 1}", "1:2 AVR110 expected a key as a string, found `a`"),
        (
            "{'a': 1}",
            "1:2 AVR110 expected a key as a string, found `'`; JSON's strings and keys stand in `\"`",
        ),
        ("[“a”]", "1:2 AVR110 expected a value, found `“`; JSON's strings and keys stand in `\"`"),
        ("[1 2]", "1:4 AVR110 expected `,` or `]`, found `2`"),
        ("[1,\n]", "1:3 AVR110 nothing may stand between the last `,` and `]`; leave the comma out"),
        ('{"a": 1,}', "1:8 AVR110 nothing may stand between the last `,` and `}`; leave the comma out"),
        ('{"a": 1, "a": 2}', '1:10 AVR110 the key "a" occurs twice; the first is at 1:2'),
        ("[] []", "1:4 AVR110 expected the end of the file, found `[`"),
        ("[True]", "1:2 AVR110 expected a value, found `True`; JSON writes `true`"),
        ("[None]", "1:2 AVR110 expected a value, found `None`; JSON writes `null`"),
        ("[NaN]", '1:2 AVR110 expected a value, found `NaN`; write `"NaN"`, as a string'),
        ("[01]", "1:2 AVR110 expected a value, found `01`"),
        ("[1.]", "1:2 AVR110 expected a value, found `1`"),
        ("[1e999]", "1:2 AVR110 this number does not fit a double"),
        ("[" + "9" * 500 + "]", "1:2 AVR110 this number has too many digits"),
        ('["a', "1:2 AVR110 this string has no end on its line"),
        ('["a\nb"]', "1:2 AVR110 this string has no end on its line"),
        ('["a\\', "1:2 AVR110 this string has no end on its line"),
        ('["a\tb"]', "1:4 AVR110 a string may not hold this control character as it is; write `\\u0009`"),
        (r'["a\qb"]', r"1:4 AVR110 `\q` is no escape; the escapes are \" \\ \/ \b \f \n \r \t and \u0041"),
        (r'["\ud800"]', "1:2 AVR110 this string holds half of a surrogate pair"),
        ("/* a", "1:1 AVR110 this comment has no end; close it with `*/`"),
        ("[\x00]", "1:2 AVR110 expected a value, found `U+0000`"),
        ("[" * 9999, f"1:{MAX_JSON_DEPTH + 1} AVR108 nested deeper than {MAX_JSON_DEPTH}"),
    ],
)
def test_what_is_no_json_is_said_once_with_its_place(text: str, problem: str) -> None:
    node, problems = read(text)
    assert node is None
    assert problems == [problem]
