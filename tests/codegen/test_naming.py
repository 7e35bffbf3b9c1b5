from __future__ import annotations

import keyword

import pytest
from avrorpc_codegen import naming
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("avro_name", "py_name"),
    [
        ("text", "text"),
        ("match", "match"),
        ("class", "class_"),
        ("None", "None_"),
        ("list", "list_"),
        ("stub", "stub_"),
        ("type", "type"),
        ("_private", "_private"),
        ("__init__", "init_"),
        ("__x", "x_"),
        ("__1", "_1_"),
        ("__", "__"),
        ("annotations", "annotations"),
        ("ﬁ", "fi"),
        ("self", "self"),
    ],
)
def test_members(avro_name: str, py_name: str) -> None:
    assert naming.member_name(avro_name, ()) == py_name


def test_taken_names_get_underscores_until_they_are_free() -> None:
    assert naming.member_name("Color", {"Color", "Color_"}) == "Color__"
    assert naming.unique(["a_", "class", "class_"], naming.member_name, ()) == {
        "a_": "a_",
        "class": "class__",
        "class_": "class_",
    }


def test_each_place_has_its_own_rules() -> None:
    assert naming.parameter_name("self", ()) == "self_"
    assert naming.error_field_name("args", ()) == "args_"
    assert naming.member_name("args", ()) == "args"
    assert naming.type_name("annotations", ()) == "annotations_"
    assert naming.method_name("_abc_impl", ()) == "_abc_impl_"
    assert naming.module_part("import", {"out"}) == "import_"
    assert naming.module_part("json", {"out"}) == "json"
    assert naming.module_part("list", {"out"}) == "list_"
    assert naming.module_part("msgspec", {"out"}) == "msgspec_"
    assert naming.module_part("out", {"out"}) == "out_"


@pytest.mark.parametrize(
    ("symbol", "py_name"),
    [
        ("RED", "RED"),
        ("None", "None_"),
        ("mro", "mro_"),
        ("name", "name_"),
        ("_x_", "x_"),
        ("__x", "x_"),
        ("_", "SYMBOL__"),
        ("_1", "SYMBOL_1_"),
        ("class", "class_"),
    ],
)
def test_symbols(symbol: str, py_name: str) -> None:
    assert naming.symbol_name(symbol, ()) == py_name


def test_a_module_is_called_by_as_few_of_its_last_parts_as_do() -> None:
    assert naming.module_alias("out.shop.money", ()) == "money"
    assert naming.module_alias("out.shop.money", {"money"}) == "shop_money"
    assert naming.module_alias("out.list", ()) == "out_list"
    assert naming.module_alias("alone", {"alone"}) == "alone_"
    assert naming.module_alias("a.b", {"b", "a_b", "a_b_"}) == "a_b__"


def test_numbers_in_names_are_sorted_by_value() -> None:
    assert sorted(["a10", "a9", "a", "b1"], key=naming.natural_key) == ["a", "a9", "a10", "b1"]


@pytest.mark.parametrize(
    ("name", "constant"),
    [
        ("Tokenizer", "TOKENIZER"),
        ("HTTPServer2Go", "HTTP_SERVER2_GO"),
        ("myModel", "MY_MODEL"),
        ("A", "A"),
        ("a_b", "A_B"),
    ],
)
def test_constants(name: str, constant: str) -> None:
    assert naming.constant_name(name) == constant


@given(
    st.lists(
        st.text(st.characters(categories=["L", "Nd", "Pc", "Mn"]), min_size=1).filter(str.isidentifier),
        unique=True,
    )
)
def test_python_names_are_usable_and_unique(avro_names: list[str]) -> None:
    for rule in (
        naming.member_name,
        naming.method_name,
        naming.parameter_name,
        naming.symbol_name,
        naming.error_field_name,
    ):
        members = naming.unique(avro_names, rule, ())
        py_names = list(members.values())
        assert len(set(py_names)) == len(py_names)
        for py_name in py_names:
            assert py_name.isidentifier()
            assert not keyword.iskeyword(py_name)
            assert not py_name.startswith("__") or not py_name.strip("_")
