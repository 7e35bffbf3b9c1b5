"""Models as Avro IDL: what is printed compiles to the same model, and what cannot be said is said to be lost."""

from __future__ import annotations

import json
from pathlib import Path

from avrorpc.schema import Json, Protocol, Schema, protocol_to_json, schema_to_json
from avrorpc_codegen.diagnostic import Diagnostics
from avrorpc_codegen.formatting import format_source
from avrorpc_codegen.idl_output import as_idl
from avrorpc_codegen.json_output import compiled
from avrorpc_codegen.reading import read_contracts
from avrorpc_codegen.source import Source
from hypothesis import HealthCheck, given, settings
from support import models

RICH = settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def printed(contract: Protocol | Schema) -> str:
    diagnostics = Diagnostics()
    text = as_idl(contract, "a.avpr", diagnostics)
    assert not diagnostics.items, diagnostics.render()
    assert text is not None
    return text


def compiled_again(folder: Path, text: str) -> Json:
    (folder / "a.avdl").write_text(text, newline="")
    diagnostics = Diagnostics()
    read = read_contracts([folder / "a.avdl"], [], diagnostics)
    assert not diagnostics.items, f"{diagnostics.render()}\n{text}"
    return compiled(read.contracts, read.roots[0])[0]


@RICH
@given(protocol=models.protocols())
def test_a_protocol_printed_and_compiled_is_the_same(tmp_path: Path, protocol: Protocol) -> None:
    text = printed(protocol)
    assert json.dumps(compiled_again(tmp_path, text)) == json.dumps(protocol_to_json(protocol)), text
    assert format_source(Source("a", text, Path("a")), Diagnostics()) == text


@RICH
@given(schema=models.schemas())
def test_a_schema_printed_and_compiled_is_the_same(tmp_path: Path, schema: Schema) -> None:
    text = printed(schema)
    assert json.dumps(compiled_again(tmp_path, text)) == json.dumps(schema_to_json(schema)), text
    assert format_source(Source("a", text, Path("a")), Diagnostics()) == text
