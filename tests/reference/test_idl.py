"""What is shown as Avro IDL is read back by the compiler, to the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from avrorpc.schema import Json, namespace_of, protocol_to_json, short_name
from avrorpc_codegen.contracts import DeclaredType
from avrorpc_codegen.idl_words import name_word
from avrorpc_codegen.reference.code import WIDTH, text_of
from avrorpc_codegen.reference.idl import Idl
from support.contracts import resolved
from support.golden import GOLDEN, good_cases
from support.reference import read


def without_docs(value: Json) -> Json:
    match value:
        case dict():
            return {key: without_docs(item) for key, item in value.items() if key != "doc"}
        case list():
            return [without_docs(item) for item in value]
        case _:
            return value


@pytest.mark.parametrize("case", good_cases())
def test_the_compiler_reads_it_back(case: str, tmp_path: Path) -> None:
    contracts = read(GOLDEN / case / "input")
    for full, declared in contracts.protocols.items():
        lines = []
        for named in declared.protocol.types:
            namespace = namespace_of(named.name)
            code = text_of(Idl(namespace).declaration(DeclaredType(named, declared.unit)))
            lines.append(f'@namespace("{namespace}") {code}')
        idl = Idl(namespace_of(full))
        lines += [text_of(idl.message(message)) for message in declared.protocol.messages.values()]
        body = "\n".join(lines)
        text = f'@namespace("{namespace_of(full)}") protocol {name_word(short_name(full))} {{\n{body}\n}}'
        again, diagnostics = resolved(tmp_path, {"again.avdl": text})
        assert not diagnostics.items, diagnostics.render() + text
        props = declared.protocol.props
        expected = {
            key: item for key, item in protocol_to_json(declared.protocol).items() if key not in props
        }
        assert without_docs(protocol_to_json(again.protocols[full].protocol)) == without_docs(expected)


def shown(folder: Path, body: str) -> str:
    contracts, diagnostics = resolved(folder, {"p.avdl": f'@namespace("n") protocol P {{ {body} }}'})
    assert not diagnostics.items, diagnostics.render()
    (message,) = contracts.protocols["n.P"].protocol.messages.values()
    return text_of(Idl("n").message(message))


@pytest.mark.parametrize(
    "text",
    [
        "void go();",
        "void go() oneway;",
        "int? go(int? a = null, int? b = 1, union { int, null } c);",
        "date go(time_ms a, timestamp_ms b, uuid c, decimal(4, 2) d);",
        "void go(union { null, array<int> } a = null, string? b);",
        "void go(local_timestamp_ms a, union { null, int, string } b = null);",
        "long go(map<array<bytes>> `record`, @a.b([1]) string c);",
        'string go(string @sensitive(true) @order("ignore") a = "x\\"y");',
    ],
)
def test_it_looks_as_a_person_would_write_it(text: str, tmp_path: Path) -> None:
    assert shown(tmp_path, text) == text


def test_a_long_message_has_a_line_for_each_parameter(tmp_path: Path) -> None:
    text = shown(tmp_path, f"void go(int {'a' * 40}, int {'b' * 40}) oneway;")
    assert text == f"void go(\n  int {'a' * 40},\n  int {'b' * 40}\n) oneway;"


def test_annotations_of_a_message_stand_above_it(tmp_path: Path) -> None:
    assert shown(tmp_path, '@timeout("1s") @readonly(true) int go();') == (
        '@timeout("1s")\n@readonly(true)\nint go();'
    )


def test_long_enums_are_broken_and_short_ones_are_not(tmp_path: Path) -> None:
    contracts, _ = resolved(
        tmp_path, {"a.avdl": f"namespace n; enum Short {{ A, B }} = B; enum Long {{ A, {'B' * WIDTH} }}"}
    )
    idl = Idl("n")
    assert text_of(idl.declaration(contracts.types["n.Short"])) == "enum Short { A, B } = B;"
    assert text_of(idl.declaration(contracts.types["n.Long"])) == f"enum Long {{\n  A,\n  {'B' * WIDTH}\n}}"


def test_types_of_other_namespaces_have_their_full_names(tmp_path: Path) -> None:
    contracts, _ = resolved(tmp_path, {"a.avdl": "namespace n; fixed F(2); record R { F f; }"})
    assert "n.F f;" in text_of(Idl("m").declaration(contracts.types["n.R"]))
