"""Contracts written in an IDL that is not quite Avro's: what the compiler says, and what becomes of them."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import avro.protocol
import fastavro
import pytest
from avrorpc.schema import Protocol, describe, protocol_to_json
from avrorpc_codegen.diagnostic import Diagnostics
from avrorpc_codegen.reading import read_contracts
from support.contracts import resolved

REPOSITORY = Path(__file__).parents[2]
FILES = sorted((REPOSITORY / "tests" / "schemas" / "spl").glob("*.avdl"))

AS_FIRST_WRITTEN = """
protocol SPLExecuteService {
  record ExecuteRequest {
    string module;
    union { null, bytes, string, record } value;
  }
  ExecuteRequest execute(ExecuteRequest request) throws ExecutionError;
}
"""

FIELDS = {
    "ExecuteRequest": "module headers value schema",
    "ExecuteResponse": "status headers value errorMessage",
    "DataWriteRequest": "topic primaryKey data schema",
    "DataReadRequest": "topic primaryKey limit offset",
    "DataResponse": "records totalCount nextOffset",
    "PipelineStage": "module configuration inputSchema outputSchema",
    "PipelineDefinition": "name stages globalConfig",
    "PipelineExecutionRequest": "pipeline input context",
    "NodeInfo": "nodeId endpoint availableModules capabilities lastHeartbeat",
    "DistributedExecuteRequest": "targetNode request timeout",
    "ContainerExecuteRequest": "image request environment volumes",
    "ContainerInfo": "containerId image status exposedServices",
}
MESSAGES = {
    "SPLExecuteService": "execute listAvailableModules getModuleSchema",
    "SPLDataService": "write read listTopics",
    "SPLPipelineService": "executePipeline registerPipeline listPipelines",
    "SPLNodeService": "executeRemote listNodes registerNode heartbeat",
    "SPLContainerService": "executeContainer listContainers startContainer stopContainer",
}


@pytest.fixture(scope="module")
def protocols() -> dict[str, Protocol]:
    diagnostics = Diagnostics()
    read = read_contracts(FILES, [REPOSITORY / "schemas"], diagnostics)
    assert not diagnostics.items, diagnostics.render()
    return {name.removeprefix("spl."): item.protocol for name, item in read.contracts.protocols.items()}


def test_a_bare_record_is_no_type(tmp_path: Path) -> None:
    _, diagnostics = resolved(tmp_path, {"a.avdl": AS_FIRST_WRITTEN})
    found = [(item.message, item.help) for item in diagnostics.items]
    assert found == [
        ("there is no type `record`", "name a record, or carry any of them in an `avrorpc.AnyRecord`"),
        ("there is no type `ExecutionError`", None),
    ]


def test_every_message_and_every_field_is_there(protocols: dict[str, Protocol]) -> None:
    assert {name: " ".join(protocol.messages) for name, protocol in protocols.items()} == MESSAGES
    types = {named.name: named for protocol in protocols.values() for named in protocol.types}
    for name, fields in FIELDS.items():
        record = types[f"spl.{name}"]
        assert " ".join(field.name for field in record.fields) == fields  # type: ignore[union-attr]


def test_what_was_any_record_is_an_any_record(protocols: dict[str, Protocol]) -> None:
    data = {named.name: named for named in protocols["SPLDataService"].types}
    value, records = data["spl.ExecuteRequest"].fields[2], data["spl.DataResponse"].fields[0]  # type: ignore[union-attr]
    assert describe(value.type) == "union { null, bytes, string, avrorpc.AnyRecord }"
    assert describe(records.type) == "array<avrorpc.AnyRecord>"


@pytest.mark.parametrize("name", MESSAGES)
def test_other_libraries_read_them(protocols: dict[str, Protocol], name: str) -> None:
    value = protocol_to_json(protocols[name])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # It warns of names that are its own.
        assert avro.protocol.parse(json.dumps(value)).name == name
    text = json.dumps(value["types"]).replace('"type": "error"', '"type": "record"')
    named: dict[str, object] = {}
    for schema in json.loads(text):
        fastavro.parse_schema({"namespace": "spl", **schema}, named)  # type: ignore[arg-type]
    assert "spl.ExecuteRequest" in named


def test_a_protocol_may_lie_in_a_file_for_schemas(protocols: dict[str, Protocol], tmp_path: Path) -> None:
    expected = protocol_to_json(protocols["SPLExecuteService"])
    (tmp_path / "spl-execute.avsc").write_text(json.dumps(expected))
    diagnostics = Diagnostics()
    read = read_contracts([tmp_path], [], diagnostics)
    assert not diagnostics.items, diagnostics.render()
    assert protocol_to_json(read.contracts.protocols["spl.SPLExecuteService"].protocol) == expected
