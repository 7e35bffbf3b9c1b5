from __future__ import annotations

from avrorpc.schema import Array, Enum, Field, Map, Primitive, Record, Union, parts, reachable

LEAF = Enum("n.Leaf")
NODE = Record("n.Node")
NODE.fields = [Field("next", Union([Primitive("null"), NODE])), Field("leaf", Map(Array(LEAF)))]


def test_parts_do_not_look_into_records() -> None:
    assert list(parts([NODE])) == [NODE]
    names = [type(part).__name__ for part in parts([Map(Array(LEAF)), NODE])]
    assert names == ["Map", "Array", "Enum", "Record"]


def test_reachable_types_of_a_cycle_end() -> None:
    assert reachable([Array(NODE)]) == [NODE, LEAF]
