from __future__ import annotations

from avrorpc.schema import Array, Enum, Field, Map, Message, Primitive, Protocol, Record, Union
from avrorpc_codegen.graph import parts, protocol_schemas, reachable, records_in_unions

LEAF = Enum("n.Leaf")
NODE = Record("n.Node")
NODE.fields = [Field("next", Union([Primitive("null"), NODE])), Field("leaf", Map(Array(LEAF)))]
OTHER = Record("n.Other")
FAILED = Record("n.Failed", is_error=True)


def test_parts_do_not_look_into_records() -> None:
    assert list(parts([NODE])) == [NODE]
    names = [type(part).__name__ for part in parts([Map(Array(LEAF)), NODE])]
    assert names == ["Map", "Array", "Enum", "Record"]


def test_reachable_types_of_a_cycle_end() -> None:
    assert reachable([Array(NODE)]) == [NODE, LEAF]


def test_messages_name_parameters_results_and_errors() -> None:
    message = Message("go", [Field("a", NODE)], LEAF, [FAILED])
    assert protocol_schemas(Protocol("n.P", messages={"go": message})) == [NODE, LEAF, FAILED]


def test_records_that_share_a_union_are_found() -> None:
    alone = Union([Primitive("null"), NODE])
    assert records_in_unions([alone, Array(Union([OTHER, FAILED]))]) == set()
    assert records_in_unions([Map(Union([OTHER, NODE, LEAF]))]) == {"n.Other", "n.Node"}
