from __future__ import annotations

import pytest
from avrorpc_codegen.lint.reserved_words import LANGUAGES, Kind


@pytest.mark.parametrize(
    ("name", "kind", "called"),
    [
        ("from", Kind.FIELD, "from_"),
        ("bytes", Kind.FIELD, "bytes_"),
        ("args", Kind.ERROR_FIELD, "args_"),
        ("self", Kind.PARAMETER, "self_"),
        ("import", Kind.MESSAGE, "import_"),
        ("mro", Kind.SYMBOL, "mro_"),
        ("Enum", Kind.TYPE, "Enum_"),
        ("class", Kind.NAMESPACE, "class_"),
    ],
)
def test_python_says_what_it_calls_a_name(name: str, kind: Kind, called: str) -> None:
    assert LANGUAGES["python"](name, kind) == f"generated Python calls it `{called}`"


@pytest.mark.parametrize("kind", Kind)
def test_an_ordinary_name_is_awkward_nowhere(kind: Kind) -> None:
    assert [language for language, judge in LANGUAGES.items() if judge("Order", kind)] == []


def test_what_is_a_field_of_an_exception_is_one_there_only() -> None:
    assert LANGUAGES["python"]("args", Kind.FIELD) is None


def test_java_marks_its_keywords() -> None:
    assert LANGUAGES["java"]("package", Kind.FIELD) == "generated Java calls it `package$`"
    assert LANGUAGES["java"]("from", Kind.FIELD) is None


def test_typescript_minds_words_only_where_they_stand_alone() -> None:
    assert LANGUAGES["typescript"]("delete", Kind.MESSAGE) is None
    assert LANGUAGES["typescript"]("delete", Kind.PARAMETER) == "`delete` is a word of TypeScript's own"
