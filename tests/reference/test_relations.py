from __future__ import annotations

from pathlib import Path

from avrorpc_codegen.contracts import origins
from avrorpc_codegen.reference.relations import uses
from support.contracts import resolved


def test_a_type_that_a_place_names_twice_is_used_there_once(tmp_path: Path) -> None:
    text = "namespace n; fixed F(1); record R { union { null, array<F>, map<F> } both; F? other; }"
    contracts, _ = resolved(tmp_path, {"a.avdl": text})
    assert [use.label for use in uses(contracts)["n.F"]] == ["R.both", "R.other"]
    assert "n.R" not in uses(contracts)


def test_uses_do_not_look_into_records(tmp_path: Path) -> None:
    text = '@namespace("n") protocol P { fixed F(1); record R { F f; } R get(); }'
    contracts, _ = resolved(tmp_path, {"a.avdl": text})
    assert [use.label for use in uses(contracts)["n.F"]] == ["R.f"]
    assert [use.label for use in uses(contracts)["n.R"]] == ["P.get"]


def test_every_message_has_an_origin(tmp_path: Path) -> None:
    files = {
        "a.avdl": '@namespace("n") protocol A { import idl "b.avdl"; void own(); }',
        "b.avdl": '@namespace("n") protocol B { void taken(); }',
    }
    contracts, _ = resolved(tmp_path, files)
    found = origins(contracts)
    for declared in contracts.protocols.values():
        for name, message in declared.protocol.messages.items():
            unit, tree = found[id(message)]
            assert tree is not None
            assert tree.name.text == name
            assert unit.path.name == ("a.avdl" if name == "own" else "b.avdl")
