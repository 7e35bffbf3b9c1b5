"""The compiler's whole output, compared with what is committed, and put through other people's tools."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import avro.errors
import avro.protocol
import fastavro
import pytest
from avrorpc.schema import compact, parse_protocol, parse_schema, protocol_to_json, schema_to_json
from avrorpc.stub import Contract
from avrorpc_codegen.diagnostic import Rule
from support.golden import CASES, GOLDEN, REPOSITORY, expected, good_cases, package, produce, update

NOT_IN_A_FILE = {Rule.BAD_PACKAGE, Rule.UNREADABLE, Rule.NOT_IN_IDL, Rule.FORMAT_FAILED}
"""Diagnostics of a broken disk, and of the formatter; other tests have them."""
ASCII = [case for case in good_cases() if case != "unicode"]
FORGOTTEN_NAMESPACES = {"deep", "shapes"}
"""Protocols with an error in a namespace of its own: the `avro` package forgets that, if not a record's."""


def python_folders() -> list[str]:
    return [str(GOLDEN / case / "python") for case in good_cases()]


@pytest.mark.parametrize("case", CASES)
def test_output_is_what_is_committed(case: str, request: pytest.FixtureRequest) -> None:
    files = produce(case)
    if request.config.getoption("--update-golden"):
        update(case, files)
    before = expected(case)
    assert sorted(files) == sorted(before), "a file is missing, or an orphan; see --update-golden"
    for name, data in files.items():
        assert data.decode() == before[name].decode(), name


@pytest.mark.parametrize("case", good_cases())
def test_output_is_deterministic(case: str) -> None:
    assert produce(case) == produce(case)


def test_every_diagnostic_has_a_golden() -> None:
    texts = "".join(path.read_text() for path in GOLDEN.glob("*/diagnostics.txt"))
    assert [rule.value for rule in Rule if rule not in NOT_IN_A_FILE and f"[{rule.value}]" not in texts] == []


@pytest.mark.parametrize("width", [88, 110])
def test_generated_code_needs_no_formatter(width: int) -> None:
    ruff = [sys.executable, "-m", "ruff", "format", "--isolated", "--no-cache", "--target-version", "py311"]
    command = [*ruff, "--check", "--diff", "--line-length", str(width)]
    result = subprocess.run([*command, *python_folders()], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


RULES_NOT_MEANT = (
    *("D400", "D401", "D415", "D205", "D210", "D301", "RUF001", "RUF002"),  # documentation is the contract's
    *("D203", "D213", "D413", "CPY001"),  # of another convention
    *("N", "A", "E741", "PLC2401", "PYI042", "ASYNC109", "FBT"),  # so are names and types
    *("E501", "PLR0904", "PLR0913", "PLR0917"),  # and lengths
    *("E402", "PLR0402", "PLW0108"),  # modules and types that refer to each other
    *("B008", "DTZ001"),  # a UUID or a local time as a default
    *("TC", "ICN001"),  # imports stay where a reader looks for them
    "UP007",  # a long `A | B` is `Union`, since formatters of a wider setting would join it
)


def test_generated_code_is_clean_under_nearly_all_rules() -> None:
    ruff = [sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache", "--target-version", "py311"]
    rules = ["--select", "ALL", "--ignore", ",".join(RULES_NOT_MEANT), "--output-format", "concise"]
    result = subprocess.run([*ruff, *rules, *python_folders()], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


def test_mypy_finds_nothing_in_generated_code(tmp_path: Path) -> None:
    packages = [argument for case in good_cases() for argument in ("-p", package(case))]
    config = tmp_path / "mypy.ini"
    config.write_text(f"[mypy]\nstrict = True\nmypy_path = {':'.join(python_folders())}\n")
    mypy = [sys.executable, "-m", "mypy", "--config-file", str(config), "--cache-dir", str(tmp_path)]
    result = subprocess.run([*mypy, *packages], capture_output=True, text=True, cwd=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr


def test_pyright_finds_nothing_in_generated_code(tmp_path: Path) -> None:
    settings = {
        "include": [os.path.relpath(folder, tmp_path) for folder in python_folders()],
        "extraPaths": [*python_folders(), str(REPOSITORY / "runtime")],
        "pythonVersion": "3.11",
        "typeCheckingMode": "strict",
        "reportUnknownVariableType": False,  # of `default_factory=list`, which it does not infer
        "venvPath": str(Path(sys.prefix).parent),
        "venv": Path(sys.prefix).name,
    }
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings))
    pyright = [sys.executable, "-m", "pyright", "-p", str(tmp_path), "--outputjson"]
    result = json.loads(subprocess.run(pyright, capture_output=True, text=True).stdout)
    found = [
        f"{item['file']}:{item['range']['start']['line'] + 1}: {item['message']}"
        for item in result["generalDiagnostics"]
    ]
    assert found == []
    files = [path for folder in python_folders() for path in Path(folder).rglob("*.py")]
    assert result["summary"]["filesAnalyzed"] == len(files)


@pytest.mark.parametrize("case", good_cases())
def test_generated_code_imports_in_any_order(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    root = GOLDEN / case / "python"
    monkeypatch.syspath_prepend(root)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    files = sorted(root.rglob("__init__.py"))
    modules = [".".join(path.parent.relative_to(root).parts) for path in files]
    for first in modules:
        for loaded in [name for name in sys.modules if name.split(".")[0] == package(case)]:
            del sys.modules[loaded]
        for name in (first, *modules):
            check_contracts(importlib.import_module(name))


def check_contracts(module: Any) -> None:
    for value in vars(module).values():
        if isinstance(value, Contract):
            assert compact(protocol_to_json(value.protocol)) == value.text
            assert list(value.methods) == list(value.protocol.messages)
            assert all(value.method(name).message.name == name for name in value.methods)


def json_files(cases: list[str]) -> list[Path]:
    return [path for case in cases for path in sorted((GOLDEN / case / "json").rglob("*.av*"))]


@pytest.mark.parametrize("path", json_files(good_cases()), ids=lambda path: path.stem)
def test_emitted_json_reads_back_to_the_same(path: Path) -> None:
    text = path.read_text()
    again = (
        protocol_to_json(parse_protocol(text))
        if path.suffix == ".avpr"
        else schema_to_json(parse_schema(text))
    )
    assert again == json.loads(text)


@pytest.mark.parametrize(
    "path", [p for p in json_files(ASCII) if p.suffix == ".avpr"], ids=lambda path: path.stem
)
def test_the_avro_package_reads_emitted_protocols(path: Path) -> None:
    text = path.read_text()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # It warns of logical types that it does not know.
        if path.stem in FORGOTTEN_NAMESPACES:
            with pytest.raises(avro.errors.SchemaParseException):
                avro.protocol.parse(text)
            text = json.dumps(json.loads(text)).replace('"type": "error"', '"type": "record"')
        protocol = avro.protocol.parse(text)
    assert protocol.name == json.loads(path.read_text())["protocol"]


@pytest.mark.parametrize("path", json_files(ASCII), ids=lambda path: path.stem)
def test_fastavro_reads_emitted_types(path: Path) -> None:
    value: Any = json.loads(path.read_text())
    namespace: str | None = None
    if path.suffix == ".avpr":
        types, namespace = value["types"], value.get("namespace")
    else:
        types = value if isinstance(value, list) else [value]
    text = json.dumps(types).replace('"type": "error"', '"type": "record"')
    named: dict[str, Any] = {}
    schemas: list[dict[str, Any]] = json.loads(text)
    for schema in schemas:
        if namespace:
            schema.setdefault("namespace", namespace)
        fastavro.parse_schema(schema, named)
    assert named or not types
