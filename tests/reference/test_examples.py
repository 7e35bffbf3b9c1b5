"""The examples of messages, as pages show them."""

from __future__ import annotations

import json
from pathlib import Path

from avrorpc.schema import Json
from avrorpc_codegen.diagnostic import Diagnostics
from avrorpc_codegen.reading import read_contracts, search_path
from avrorpc_codegen.reference.examples import message_examples
from avrorpc_codegen.reference.pages import Example
from support.contracts import write

CONTRACT = """@namespace("shop") @examples("shop.json") protocol Shop {
  error Gone { string what; }
  int stock(string item) throws Gone;
  @examples([{"description": "Inline.", "input": {}, "expected_output": 3}]) int count();
}"""


def shown(folder: Path, cases: Json) -> tuple[dict[str, list[Example]], list[str]]:
    text = cases if isinstance(cases, str) else json.dumps(cases)
    (path, _) = write(folder, {"shop.avdl": CONTRACT, "shop.json": text})
    diagnostics = Diagnostics()
    read = read_contracts([path], search_path(folder, []), diagnostics)
    (declared,) = read.contracts.protocols.values()
    found = message_examples(declared, read.contracts, diagnostics)
    return found, [item.message for item in diagnostics.items]


def test_cases_of_the_protocol_s_file_and_of_a_message_s_own_list(tmp_path: Path) -> None:
    found, said = shown(tmp_path, {"stock": [{"input": {"item": "ü"}, "expected_output": 2}]})
    assert found == {"stock": [Example("", '{"item": "ü"}', "2")], "count": [Example("Inline.", "{}", "3")]}
    assert said == []


def test_an_expected_error_is_shown_as_one(tmp_path: Path) -> None:
    found, _ = shown(tmp_path, {"stock": [{"input": {"item": "x"}, "expected_error": "Gone"}]})
    assert found["stock"][0].reply == '{"error": {"name": "Gone"}}'


def test_what_is_long_has_several_lines(tmp_path: Path) -> None:
    found, _ = shown(tmp_path, {"stock": [{"input": {"item": "word " * 20}}]})
    assert found["stock"][0].request.startswith('{\n  "item": "word ')
    assert found["stock"][0].reply == ""


def test_what_cannot_be_read_is_a_warning_and_the_rest_is_shown(tmp_path: Path) -> None:
    found, said = shown(tmp_path, "{")
    assert list(found) == ["count"]
    assert said == ["shop.json:1: a name in double quotes was expected"]
