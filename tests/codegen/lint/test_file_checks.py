from __future__ import annotations

from pathlib import Path

import pytest
from avrorpc_codegen.lint.rules import LintRule
from support.linting import linted_files


def found(folder: Path, path: str, text: str, rule: LintRule) -> list[str]:
    return [item.diagnostic.message for item in linted_files(folder, {path: text}) if item.rule is rule]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("protocol P { record R {} }", "P"),
        ("record R {} record S {}", "R"),
        ('@namespace("n") record R {} record S {}', "S"),
        ('@namespace("n") protocol P { @namespace("") record R {} }', "R"),
    ],
)
def test_what_has_no_namespace_is_found_once(tmp_path: Path, text: str, name: str) -> None:
    path = "schemas/p.avdl"
    assert found(tmp_path, path, text, LintRule.NO_NAMESPACE) == [f"`{name}` has no namespace"]


@pytest.mark.parametrize("text", ["protocol n.P {}", "record n.R {}", "namespace n; record R {}"])
def test_what_has_one_is_not(tmp_path: Path, text: str) -> None:
    assert found(tmp_path, "schemas/p.avdl", text, LintRule.NO_NAMESPACE) == []


@pytest.mark.parametrize(
    ("path", "is_right"),
    [
        ("schemas/a.avdl", True),
        ("schemas/orders/a.avdl", True),
        ("schemas/shop/orders/a.avdl", True),
        ("schemas/com/shop/orders/a.avdl", True),
        ("schemas/shop/a.avdl", False),
        ("schemas/org/shop/orders/a.avdl", False),
        ("schemas/x/com/shop/orders/a.avdl", False),
        ("schemas/Orders/a.avdl", False),
    ],
)
def test_the_folder_is_the_end_of_the_namespace(tmp_path: Path, path: str, is_right: bool) -> None:
    for text in ("namespace com.shop.orders; record R {}", '@namespace("com.shop.orders") protocol A {}'):
        assert (found(tmp_path, path, text, LintRule.WRONG_FOLDER) == []) is is_right


def test_what_has_no_namespace_may_lie_anywhere(tmp_path: Path) -> None:
    assert found(tmp_path, "schemas/x/a.avdl", "protocol A {}", LintRule.WRONG_FOLDER) == []


@pytest.mark.parametrize(
    ("file", "protocol", "is_right"),
    [
        ("text_tokenizer", "TextTokenizer", True),
        ("text-tokenizer", "TextTokenizer", True),
        ("TextTokenizer", "TextTokenizer", True),
        ("texttokenizer", "TextTokenizer", True),
        ("orders", "OrdersService", True),
        ("orders", "OrdersApi", True),
        ("service", "Service", True),
        ("orders", "SPLOrdersService", True),
        ("open_orders", "MyOpenOrders", True),
        ("my_orders", "MyOpenOrders", False),
        ("shop", "Orders", True),
        ("orders.v1", "OrdersV1", True),
        ("order", "Orders", False),
        ("tokenizer", "Detokenizer", False),
    ],
)
def test_a_file_is_called_like_its_protocol(tmp_path: Path, file: str, protocol: str, is_right: bool) -> None:
    text = f'@namespace("com.shop") protocol {protocol} {{}}'
    assert (found(tmp_path, f"schemas/{file}.avdl", text, LintRule.WRONG_FILE_NAME) == []) is is_right


def test_a_file_of_types_has_any_name(tmp_path: Path) -> None:
    assert found(tmp_path, "schemas/x.avdl", "namespace n; record R {}", LintRule.WRONG_FILE_NAME) == []
