from __future__ import annotations

from pathlib import Path

from support.contracts import resolved


def framed(name: str, text: str) -> str:
    return f'@namespace("n") protocol {name} {{ {text} }}'


def test_types_and_messages_come_in_the_order_of_the_text(tmp_path: Path) -> None:
    files = {
        "a.avdl": framed("A", 'record First {} void one(); import idl "b.avdl"; record Last {} void four();'),
        "b.avdl": framed("B", 'void two(); import protocol "c.avpr"; record Middle {} void three();'),
        "c.avpr": """{"protocol": "C", "namespace": "n",
                "messages": {"json": {"request": [], "response": "null"}},
                "types": [{"type": "enum", "name": "E", "symbols": []}]}""",
    }
    contracts, diagnostics = resolved(tmp_path, files, "a.avdl")
    assert not diagnostics.items
    protocol = contracts.protocols["n.A"].protocol
    assert [named.name for named in protocol.types] == ["n.First", "n.E", "n.Middle", "n.Last"]
    assert list(protocol.messages) == ["one", "two", "json", "three", "four"]
    assert list(contracts.protocols["n.B"].protocol.messages) == ["two", "json", "three"]


def test_a_file_imported_twice_counts_once(tmp_path: Path) -> None:
    files = {
        "a.avdl": framed("A", 'import idl "b.avdl"; import idl "c.avdl"; import idl "b.avdl";'),
        "b.avdl": framed("B", 'import idl "c.avdl"; void two();'),
        "c.avdl": framed("C", 'import idl "a.avdl"; record R {} void three();'),
    }
    contracts, diagnostics = resolved(tmp_path, files)
    assert not diagnostics.items
    for name in ("n.A", "n.B", "n.C"):
        protocol = contracts.protocols[name].protocol
        assert sorted(protocol.messages) == ["three", "two"]
        assert [named.name for named in protocol.types] == ["n.R"]


def test_a_message_may_not_come_from_two_sides(tmp_path: Path) -> None:
    files = {
        "a.avdl": framed("A", 'import idl "b.avdl"; void same();'),
        "b.avdl": framed("B", "int same();"),
    }
    _, diagnostics = resolved(tmp_path, files, "a.avdl")
    (finding,) = diagnostics.items
    assert (finding.rule.value, finding.message) == (
        "AVR204",
        "`n.A` has the message `same` twice, once by an import",
    )
