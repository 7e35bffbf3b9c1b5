"""Files of example cases are found beside the source of the message that names them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from avrorpc.examples import BadExamples
from avrorpc.method import Contract
from avrorpc_codegen.command.contract_examples import named_files, read_example_files
from avrorpc_codegen.config import ConfigError
from support.examples import SHOP

CASE = [
    {"description": "d", "input": {"item": "a"}, "expected_output": 4, "validation_rules": ["output > 1"]}
]
STOCK = '@readonly(true) @examples("stock.json") int stock(string item);'


def written(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_the_files_that_a_contract_names() -> None:
    assert named_files(SHOP) == {"shop.Shop.stock": "stock.json"}


def test_a_file_beside_the_source_is_read(tmp_path: Path) -> None:
    source = {"shop.avdl": f'@namespace("shop") protocol Shop {{ {STOCK} }}', "stock.json": json.dumps(CASE)}
    written(tmp_path, source)
    for schemas in (tmp_path, tmp_path / "shop.avdl"):
        (case,) = read_example_files([SHOP], schemas).cases["shop.Shop"]["stock"]
        assert (case.message, case.description, case.expected_output) == ("stock", "d", 4)
        assert case.validation_rules == ("output > 1",)


def test_beside_the_source_of_the_message_where_its_protocol_only_imports_it(tmp_path: Path) -> None:
    parts = {
        "parts/stock.avdl": f'@namespace("parts") protocol Stock {{ {STOCK} }}',
        "parts/stock.json": json.dumps(CASE),
        "shop.avdl": '@namespace("shop") protocol Shop { import idl "parts/stock.avdl"; }',
    }
    found = read_example_files([SHOP], written(tmp_path, parts))
    assert len(found.cases["shop.Shop"]["stock"]) == 1
    assert found.unknown == []


def test_nothing_is_read_where_no_file_is_named(tmp_path: Path) -> None:
    plain = Contract("a.B", '{"protocol":"B","namespace":"a","messages":{}}', types=dict)
    written(tmp_path, {"torn.avdl": "protocol {"})
    assert read_example_files([plain], tmp_path).cases == {}


@pytest.mark.parametrize("folder", ["", "nowhere"])
def test_contracts_without_a_source_are_told(tmp_path: Path, folder: str) -> None:
    assert read_example_files([SHOP], tmp_path / folder).unknown == ["shop.Shop.stock"]


def test_what_cannot_be_used_is_said(tmp_path: Path) -> None:
    source = {"shop.avdl": f'@namespace("shop") protocol Shop {{ {STOCK} }}', "note.txt": ""}
    written(tmp_path, source)
    with pytest.raises(BadExamples, match=r"cannot read stock\.json"):
        read_example_files([SHOP], tmp_path)
    with pytest.raises(ConfigError, match="is no contract"):
        read_example_files([SHOP], tmp_path / "note.txt")
