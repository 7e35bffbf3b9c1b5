"""The compiler's whole output, compared with what is committed, and put through other people's tools."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import avro.protocol
import fastavro
import pytest
from avrorpc.schema import compact, parse_protocol, parse_schema, protocol_to_json, schema_to_json
from avrorpc.stub import Contract
from avrorpc_codegen.diagnostic import Rule
from support.golden import CASES, GOLDEN, expected, good_cases, package, produce, update

NOT_IN_A_FILE = {Rule.BAD_PACKAGE, Rule.UNREADABLE, Rule.NOT_IN_IDL, Rule.FORMAT_FAILED}
"""Diagnostics that need a broken disk, or come from the formatter; other tests have them."""
ASCII = [case for case in good_cases() if case != "unicode"]


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
    folders = [str(GOLDEN / case / "python") for case in good_cases()]
    result = subprocess.run([*command, *folders], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


def test_generated_code_is_strictly_typed(tmp_path: Path) -> None:
    path = ":".join(str(GOLDEN / case / "python") for case in good_cases())
    packages = [argument for case in good_cases() for argument in ("-p", package(case))]
    config = tmp_path / "mypy.ini"
    config.write_text(f"[mypy]\nstrict = True\nmypy_path = {path}\n")
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--config-file",
        str(config),
        "--cache-dir",
        str(tmp_path),
        *packages,
    ]
    result = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr


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
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # It warns of logical types that it does not know.
        protocol = avro.protocol.parse(path.read_text())
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
