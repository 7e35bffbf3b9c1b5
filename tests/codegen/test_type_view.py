from __future__ import annotations

from pathlib import Path

from support.contracts import generated


def module(folder: Path, text: str) -> str:
    return generated(folder, {"a.avdl": f"namespace n; {text}"})["out.n"]


def test_a_record_is_a_struct(tmp_path: Path) -> None:
    text = module(tmp_path, "/** A point. */ record Point { /** Across. */ int x; int y = 1; }")
    assert (
        '''class Point(msgspec.Struct, frozen=True, kw_only=True):
    """A point."""

    x: int
    """Across."""
    y: int = 1
'''
        in text
    )


def test_escaped_fields_keep_their_name_in_json(tmp_path: Path) -> None:
    text = module(tmp_path, "record R { int `def`; int ok; }")
    assert 'class R(msgspec.Struct, frozen=True, kw_only=True, rename={"def_": "def"}):' in text


def test_an_error_is_an_exception_that_is_not_frozen(tmp_path: Path) -> None:
    text = module(tmp_path, 'error Bad { string message = "x"; array<int> args = []; }')
    assert (
        '''@dataclass(slots=True, eq=False, kw_only=True)
class Bad(stub.DeclaredError):
    """The error `n.Bad`."""

    message: str = "x"
    args_: list[int] = dataclasses.field(default_factory=list)
'''
        in text
    )


def test_records_of_a_union_are_tagged(tmp_path: Path) -> None:
    text = module(tmp_path, "record A {} record B {} record C { union { A, B } either; }")
    assert 'class A(msgspec.Struct, frozen=True, kw_only=True, tag_field="$type", tag="n.A"):' in text
    assert "class C(msgspec.Struct, frozen=True, kw_only=True):" in text


def test_a_fixed_is_an_alias(tmp_path: Path) -> None:
    text = module(tmp_path, '/** Sixteen. */ fixed MD5(16); @logicalType("duration") fixed D(12);')
    assert 'MD5: TypeAlias = bytes\n"""Sixteen."""' in text
    assert "D: TypeAlias = stub.Duration" in text


def test_symbols_have_their_docs(tmp_path: Path) -> None:
    text = module(tmp_path, "enum E { /** First. */ A, None }")
    assert '    A = "A"\n    """First."""\n    None_ = "None"\n' in text


def test_classes_without_content_have_a_docstring_only(tmp_path: Path) -> None:
    text = module(tmp_path, "record R {} enum E {} error F {}")
    for name in ("The enum `n.E`.", "The record `n.R`.", "The error `n.F`."):
        assert f'    """{name}"""\n' in text
