from __future__ import annotations

from avrorpc.schema import Array, Enum, Field, Map, Message, Primitive, Protocol, Record, Union
from avrorpc_codegen.graph import protocol_schemas, records_in_unions

LEAF = Enum("n.Leaf")
NODE = Record("n.Node")
OTHER = Record("n.Other")
FAILED = Record("n.Failed", is_error=True)


def test_messages_name_parameters_results_and_errors() -> None:
    message = Message("go", [Field("a", NODE)], LEAF, [FAILED])
    assert protocol_schemas(Protocol("n.P", messages={"go": message})) == [NODE, LEAF, FAILED]


def test_records_that_share_a_union_are_found() -> None:
    alone = Union([Primitive("null"), NODE])
    assert records_in_unions([alone, Array(Union([OTHER, FAILED]))]) == set()
    assert records_in_unions([Map(Union([OTHER, NODE, LEAF]))]) == {"n.Other", "n.Node"}
