from __future__ import annotations

import re
from pathlib import Path

import pytest
from avrorpc.schema import Json
from avrorpc_codegen.reference.examples import BadExamples, read_examples
from avrorpc_codegen.reference.pages import Example

CASE: Json = {
    "description": "A case.",
    "input": {"a": "ü"},
    "expected_output": [1, 2],
    "validation_rules": [],
}


def test_a_file_beside_the_contract(tmp_path: Path) -> None:
    (tmp_path / "cases.json").write_text('[{"input": {}}]')
    assert read_examples("cases.json", tmp_path) == [Example("", "{}", "")]


def test_the_annotation_itself_may_hold_them(tmp_path: Path) -> None:
    assert read_examples([CASE], tmp_path) == [Example("A case.", '{"a": "ü"}', "[1, 2]")]


def test_what_is_long_has_several_lines(tmp_path: Path) -> None:
    (example,) = read_examples([{"input": {"a": ["word"] * 20}}], tmp_path)
    assert example.request.startswith('{\n  "a": [\n    "word",\n')


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "cases.json is not valid JSON"),
        ('{"input": {}}', "cases.json is not a list of cases"),
        ('[{"input": {}}, 3]', "case 2 of cases.json is not an object with an `input`"),
        ('[{"input": [1]}]', "case 1 of cases.json is not an object with an `input`"),
        ('[{"input": {}, "description": 1}]', "the `description` in case 1 of cases.json is not a string"),
        ("\xff", "cases.json is not valid JSON"),
    ],
)
def test_what_is_wrong_is_said(text: str, problem: str, tmp_path: Path) -> None:
    (tmp_path / "cases.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(BadExamples, match=re.escape(problem)):
        read_examples("cases.json", tmp_path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadExamples, match=r"cannot read none\.json: no such file"):
        read_examples("none.json", tmp_path)
