from __future__ import annotations

from pathlib import Path

import pytest
from support.contracts import resolved


def findings(folder: Path, text: str) -> list[tuple[str, str | None]]:
    _, diagnostics = resolved(folder, {"p.avdl": f'@namespace("n") protocol P {{ {text} }}'})
    return [
        (item.message.removeprefix("this default does not fit: "), item.help) for item in diagnostics.items
    ]


def test_a_close_symbol_is_suggested(tmp_path: Path) -> None:
    text = 'enum Shade { LIGHT, DARK } record R { Shade a = "LIHGT"; }'
    assert findings(tmp_path, text) == [('"LIHGT" is no value of type n.Shade', "did you mean `LIGHT`?")]


@pytest.mark.parametrize(
    "text",
    [
        "record R { R a = {}; }",
        "record R { S s = {}; } record S { R r = {}; }",
        "record R { array<R> a = [{}]; }",
        'record R { union { null, map<R> } a = {"x": {}}; }',
        "record R { int x = 1; R a = {}; } void go(R r = {});",
    ],
)
def test_defaults_without_end_are_found(tmp_path: Path, text: str) -> None:
    assert ("it contains itself without end", None) in findings(tmp_path, text)


def test_defaults_that_imply_too_many_others_are_found(tmp_path: Path) -> None:
    def chain(length: int) -> str:
        records = [f"record T{index} {{ T{index + 1} next = {{}}; }}" for index in range(length)]
        return " ".join([f"record T{length} {{ int x = 1; }}", *reversed(records)])

    assert findings(tmp_path, chain(64)) == []
    problem = "it is nested deeper than 64, by the defaults of `n.T1` and of others"
    assert findings(tmp_path, chain(65)) == [(problem, None)]
    assert len(findings(tmp_path, chain(1000))) == 1000 - 64


@pytest.mark.parametrize(
    "text",
    [
        "record R { R? a = null; } void go(R r = {});",
        "record R { array<R> a = []; } record S { R r = {}; }",
        'record R { int x; R? a = {"x": 1, "a": {"x": 2, "a": null}}; }',
        "record S { int x = 1; } record R { S a = {}; S b = {}; array<S> c = [{}, {}]; }",
    ],
)
def test_recursive_types_may_have_defaults(tmp_path: Path, text: str) -> None:
    assert findings(tmp_path, text) == []


def test_a_type_that_could_not_be_resolved_is_not_judged(tmp_path: Path) -> None:
    text = "record R { array<S> a = [1]; } record S { Missing m; }"
    assert [message for message, _ in findings(tmp_path, text)] == ["there is no type `n.Missing`"]


def test_defaults_that_double_at_each_step_are_found_at_once(tmp_path: Path) -> None:
    records = " ".join(f"record T{n} {{ T{n + 1} a = {{}}; T{n + 1} b = {{}}; }}" for n in range(40))
    problem = "it implies more than 100,000 values, by the defaults of others"
    found = findings(tmp_path, f"{records} record T40 {{ int x = 1; }}")
    assert set(found) == {(problem, None)}


def test_defaults_that_share_others_are_fine(tmp_path: Path) -> None:
    records = " ".join(f"record T{n} {{ T{n + 1} a = {{}}; T{n + 1} b = {{}}; }}" for n in range(10))
    assert findings(tmp_path, f"{records} record T10 {{ int x = 1; }} void go(T0 t = {{}});") == []
