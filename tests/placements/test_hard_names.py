"""Names that mean something to Python keep their own on the wire; the behaviour suite calls them."""

from __future__ import annotations

from testcontracts.hard import import_ as hard


def test_on_the_wire_names_are_the_contracts() -> None:
    assert list(hard.HARD.methods) == [
        "import",
        "close",
        "connect",
        "describe",
        "__call__",
        "__enter__",
        "raise",
    ]
    assert hard.HARD.methods["__call__"].attribute == "call_"
    assert [field.name for field in hard.HARD.methods["import"].message.request][:2] == ["self", "class"]
