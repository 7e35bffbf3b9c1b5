from __future__ import annotations

from avrorpc_codegen.reference.addresses import Kind, Target
from avrorpc_codegen.reference.code import Piece, Role, joined, plain, python_code, text_of, width

POINT = Target(Kind.TYPE, "n.Point")


def test_python_is_cut_into_pieces_and_nothing_is_lost() -> None:
    text = 'def go(\n    self, a: out.n.Point | None = None, *, b: str = "it\'s", c: float = 1.5\n) -> int'
    code = python_code(text, {"out.n.Point": POINT})
    assert text_of(code) == text
    assert Piece("go", Role.NAME) in code
    assert Piece("out.n.Point", Role.TYPE, POINT) in code
    assert Piece('"it\'s"', Role.STRING) in code
    assert Piece("1.5", Role.STRING) in code
    assert [piece.text for piece in code if piece.role is Role.KEYWORD] == ["def", "None", "None"]


def test_a_symbol_links_to_its_enum() -> None:
    code = python_code("a: out.n.Kind = out.n.Kind.RED", {"out.n.Kind": POINT})
    assert [piece.text for piece in code if piece.target] == ["out.n.Kind", "out.n.Kind"]
    assert text_of(code).endswith(".RED")


def test_a_name_that_is_only_part_of_another_is_no_link() -> None:
    assert not any(piece.target for piece in python_code("Pointer, my.Point", {"Point": POINT}))


def test_parts_are_joined_and_measured() -> None:
    code = joined([plain("a"), plain("漢")], ", ")
    assert text_of(code) == "a, 漢"
    assert width(code) == 5
