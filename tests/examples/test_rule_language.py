"""The rule language: what it computes, what it refuses, and its limits."""

from __future__ import annotations

import contextlib

import pytest
from avrorpc.examples import RuleError, failure
from avrorpc.examples.evaluation import MAX_NUMBER_BITS, MAX_RESULT_SIZE, MAX_RULE_STEPS, Evaluator
from avrorpc.examples.functions import FUNCTIONS
from avrorpc.examples.syntax import MAX_RULE_DEPTH, parse
from avrorpc.examples.tokens import MAX_RULE_LENGTH
from avrorpc.schema import Json
from hypothesis import given
from hypothesis import strategies as st

NAMES: dict[str, Json] = {
    "text": "Hello",
    "rows": [[1, 2], [3, 4]],
    "ragged": [[1], [2, 3]],
    "items": [{"x": 1, "y": "a"}, {"x": 2, "y": "b"}],
    "named": {"a": 1, "b": 2},
    "nothing": None,
    "flags": [True, [True]],
    "nan": "NaN",
    "big": list(range(1000)),
}


def value(rule: str) -> Json:
    return Evaluator(rule, NAMES).value(parse(rule))


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("1 + 2 * 3 - 4 / 2", 5.0),
        ("7 // 2 + 7 % 2", 4),
        ("-2 * -3", 6),
        ("2 - 1 - 1", 0),
        ("1.5e1", 15.0),
        (r"""'a\'\n' + "\u00e9" """, "a'\né"),
        ("1 < 2 <= 2 != 3", True),
        ("1 < 2 < 2", False),
        ("not 1 == 2 and true or false", True),
        ("true or nothing", True),
        ("false and nothing", False),
        ("'ell' in text and 'x' not in text", True),
        ("2 in [1, 2] and [1, 2] in rows", True),
        ("'a' in named", True),
        ("text[0] + text[-1]", "Ho"),
        ("rows[1][0]", 3),
        ("named['b']", 2),
        ("text[1:3] + text[3:] + text[:1]", "elloH"),
        ("items.x", [1, 2]),
        ("items[1].y", "b"),
        ("len(rows) + rows(rows)", 4),
        ("length(rows)", 4),
        ("length(text) + len(named)", 7),
        ("sum(rows)", 10),
        ("min(rows) + max(rows, 9)", 10),
        ("mean(rows)", 2.5),
        ("abs(-1) + round(2.6) + round(1.25, 1)", 5.2),
        ("all(flags) and any([false, true])", True),
        ("approx(0.1 + 0.2, 0.3)", True),
        ("approx([1, 2], [1, 2.4], 0.5)", True),
        ("approx([1, 2], [[1, 2]])", False),
        ("approx(100, 101, 0, 0.01)", True),
        ("sorted([3, 1, 2]) == [1, 2, 3] and sorted(['b', 'a']) == ['a', 'b']", True),
        ("unique([1, 1, 2, [1], [1], true])", [1, 2, [1], True]),
        ("flatten([[1], [[2]], 3])", [1, 2, 3]),
        ("shape(rows)", [2, 2]),
        ("shape(5)", []),
        ("is_null(nothing) and is_string(text) and is_list(rows) and is_number(1)", True),
        ("is_bool(1) or is_object(text)", False),
        ("keys(named) == ['a', 'b'] and values(named) == [1, 2]", True),
        ("upper(text) + lower(text)", "HELLOhello"),
        ("utf8_length('naïve')", 6),
        ("starts_with(text, 'He')", True),
        ("1 == 1.0 and true != 1", True),
        ("nan < 1 or nan > 1", False),
        ("sum([nan, 1])", "NaN"),
        ("approx(nan, nan)", True),
        ("'b' > 'a'", True),
        ("[1] + [2]", [1, 2]),
    ],
)
def test_what_a_rule_computes(rule: str, expected: Json) -> None:
    assert value(rule) == expected
    assert type(value(rule)) is type(expected)


@pytest.mark.parametrize(
    ("rule", "said", "at"),
    [
        ("", "there is nothing in it", 0),
        ("1 +", "a value was expected, and not the end", 3),
        ("1 2", "the end or an operator was expected, and not '2'", 2),
        ("(1", "')' was expected, and not the end", 2),
        ("a = 1", "there is no assignment; compare with ==", 2),
        ("!a", "there is no '!'; write not", 0),
        ("a && b", "there is no '&&'; write 'and'", 2),
        ("None", "there is no 'None'; write 'null'", 0),
        ("'a", "a string has no end", 0),
        (r"'\x41'", r"there is no escape \x", 1),
        ("a;b", "';' begins nothing", 1),
        ("eval('1')", "there is no function 'eval'", 0),
        ("__import__('os')", "there is no function '__import__'", 0),
        ("len()", "it is len(value), and here it has 0 arguments", 0),
        ("rows.(1)", "the name of a field was expected", 5),
        ("not", "a value was expected", 3),
        ("9" * 101, "the number is too large", 0),
        ("1e999", "the number is too large", 0),
        ("missing", "there is no 'missing'; there are text, rows", 0),
        ("text.__class__", "text.__class__: a string has no fields", 0),
        ("named.z", "named.z: there is no 'z'; there are a, b", 0),
        ("text[9]", "text[9]: there is no item 9; there are 5", 0),
        ("text[1.5]", "text[1.5]: a place in a list is a whole number", 0),
        ("1 / 0", "1 / 0: division by zero", 0),
        ("text * 3", "text * 3: `*` takes numbers, and not a string", 0),
        ("1 and true", "1 and true: `and` takes true and false, and not a number", 0),
        ("text < 1", "text < 1: `<` takes numbers, and not a string", 0),
        ("shape(ragged)", "shape(ragged): its lists differ in length", 0),
        ("min([])", "min([]): there is no number", 0),
        ("sum(text)", "sum(text): it takes numbers, and there is a string", 0),
        ("sorted([1, 'a'])", "sorted([1, 'a']): it sorts numbers or strings", 0),
        ("1 in 2", "1 in 2: nothing is in a number", 0),
        ("round(nan)", "round(nan): NaN and the infinities cannot be rounded", 0),
    ],
)
def test_what_is_no_rule_or_has_no_value_is_refused_with_its_place(rule: str, said: str, at: int) -> None:
    with pytest.raises(RuleError) as caught:
        value(rule)
    assert str(caught.value).startswith(said)
    assert (caught.value.at, caught.value.rule) == (at, rule)


@pytest.mark.parametrize(
    ("rule", "limit"),
    [
        ("1" + " " * MAX_RULE_LENGTH, "MAX_RULE_LENGTH"),
        ("(" * 100 + "1" + ")" * 100, "MAX_RULE_DEPTH"),
        ("[" * 100 + "]" * 100, "MAX_RULE_DEPTH"),
        ("-" * 100 + "1", "MAX_RULE_DEPTH"),
        ("not " * 100 + "true", "MAX_RULE_DEPTH"),
        ("+".join(["1"] * 200), "MAX_RULE_DEPTH"),
        ("text" + "[0]" * 200, "MAX_RULE_DEPTH"),
        ("*".join(["9" * 50] * 30), "MAX_NUMBER_BITS"),
        ("flatten([" + ",".join(["flatten([big,big,big,big,big,big,big])"] * 40) + "])", None),
    ],
)
def test_a_rule_is_bounded_and_the_error_names_the_limit(rule: str, limit: str | None) -> None:
    if limit is None:
        assert isinstance(value(rule), list)
        return
    with pytest.raises(RuleError, match=limit):
        value(rule)


def test_steps_and_sizes_have_limits_too() -> None:
    long: Json = list(range(MAX_RESULT_SIZE // 2))
    with pytest.raises(RuleError, match="MAX_RESULT_SIZE"):
        Evaluator("a + a + a", {"a": long}).value(parse("a + a + a"))
    rule = " + ".join(["len(a)"] * 20)
    with pytest.raises(RuleError, match=f"MAX_RULE_STEPS, {MAX_RULE_STEPS} steps"):
        Evaluator(rule, {"a": long}).value(parse(rule))
    assert MAX_RULE_DEPTH < MAX_NUMBER_BITS


@given(st.text(alphabet="abt x12.+-*/%<>=!()[],:'\"\\andornotinlenrows", max_size=60))
def test_any_text_is_a_rule_or_a_rule_error(rule: str) -> None:
    with contextlib.suppress(RuleError):
        value(rule)


@given(st.integers(-(10**6), 10**6), st.integers(-(10**6), 10**6), st.integers(1, 10**6))
def test_arithmetic_is_that_of_python(a: int, b: int, c: int) -> None:
    names: dict[str, Json] = {"a": a, "b": b, "c": c}
    rule = "(a + b) * c - a // c + b % c"
    assert Evaluator(rule, names).value(parse(rule)) == (a + b) * c - a // c + b % c


def test_a_failed_rule_shows_the_values_of_its_parts() -> None:
    assert failure("len(text) + 2 == 7", NAMES) is None
    assert failure("len(text) + 2 == sum(rows)", NAMES) == (
        "len(text) + 2 == sum(rows) does not hold: len(text) + 2 is 7; sum(rows) is 10;"
        ' len(text) is 5; rows is [[1, 2], [3, 4]]; text is "Hello"'
    )
    with pytest.raises(RuleError, match="a rule is true or false, and this one is a number, 5"):
        failure("len(text)", NAMES)


def test_functions_are_listed_by_their_names() -> None:
    assert all(function.usage.startswith(f"{name}(") for name, function in FUNCTIONS.items())
