from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from avrorpc.schema import Protocol, compact, protocol_to_json
from avrorpc_codegen.config import Config, Target
from avrorpc_codegen.diagnostic import Diagnostics, Rule
from avrorpc_codegen.generation import generate
from avrorpc_codegen.output import apply, compare
from hypothesis import HealthCheck, given, settings
from support import models
from support.contracts import write


def test_each_target_gets_its_namespaces(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "a.avdl": "namespace a; enum E {}",
            "b.avdl": "namespace a.b; enum E {}",
            "c.avdl": "namespace c; enum E {}",
        },
    )
    config = Config(tmp_path, (Target("one", tmp_path / "x", ("a",)), Target("two.three", tmp_path / "y")))
    generated = generate(config, Diagnostics())
    assert sorted(path.relative_to(tmp_path).as_posix() for path in generated.files) == [
        "x/one/__init__.py",
        "x/one/b/__init__.py",
        "x/one/py.typed",
        "y/two/three/__init__.py",
        "y/two/three/c/__init__.py",
        "y/two/three/py.typed",
    ]


def test_with_errors_there_are_no_files(tmp_path: Path) -> None:
    for text in (
        "namespace a; record R { Missing m; }",
        "record R {}",
        "namespace a; record R { date d = 99999999; }",
    ):
        write(tmp_path, {"a.avdl": text})
        diagnostics = Diagnostics()
        assert not generate(Config(tmp_path, (Target("out", tmp_path),)), diagnostics).files
        assert diagnostics.has_errors


def test_no_contracts_no_files(tmp_path: Path) -> None:
    assert not generate(Config(tmp_path, (Target("out", tmp_path),)), Diagnostics()).files


CONTRACT = """
    @namespace("a")
    protocol Picker {
      enum Kind { X, Y }
      record Special { Kind kind; }
      record Holder { Special? special = null; Kind kind = "Y"; }
      Special pick(Special special, Kind kind = "X");
    }
"""
BY_HAND = """
import msgspec
from out.a import Kind

class Special(msgspec.Struct, frozen=True, kw_only=True):
    kind: Kind
"""
USE = """
from by_hand import Special
from out.a import PICKER, Holder, Kind

assert PICKER.types == {"a.Kind": Kind, "a.Special": Special}
holder = Holder(special=Special(kind=Kind.X))
"""


@pytest.mark.parametrize("first", ["out.a", "by_hand"])
def test_a_type_written_by_hand_may_import_the_namespace_whose_protocol_needs_it(
    tmp_path: Path, first: str
) -> None:
    write(tmp_path, {"in/a.avdl": CONTRACT, "by_hand.py": BY_HAND})
    config = Config(tmp_path / "in", (Target("out", tmp_path),), {"a.Special": "by_hand"})
    apply(compare(generate(config, Diagnostics()).files, []))
    result = subprocess.run(
        [sys.executable, "-c", f"import {first}\n{USE}"], capture_output=True, text=True, cwd=tmp_path
    )
    assert result.returncode == 0, result.stderr


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(protocol=models.protocols())
def test_what_is_generated_from_any_protocol_is_python(tmp_path: Path, protocol: Protocol) -> None:
    (tmp_path / "schemas").mkdir(exist_ok=True)
    (tmp_path / "schemas" / "p.avpr").write_text(compact(protocol_to_json(protocol)), newline="")
    diagnostics = Diagnostics()
    config = Config(tmp_path / "schemas", (Target("out", tmp_path),))
    for path, text in generate(config, diagnostics).files.items():
        compile(text, str(path), "exec", dont_inherit=True)
    refused = {Rule.NO_NAMESPACE, Rule.NAME_CLASH, Rule.BAD_DEFAULT, Rule.HIDDEN_DEFAULT}
    assert {item.rule for item in diagnostics.items} <= refused


def test_a_type_that_has_no_place_is_not_named_elsewhere(tmp_path: Path) -> None:
    inner = '{"type": "record", "name": "I", "namespace": "", "fields": []}'
    outer = f'{{"type": "record", "name": "n.O", "fields": [{{"name": "i", "type": {inner}}}]}}'
    write(tmp_path, {"a.avsc": outer})
    diagnostics = Diagnostics()
    assert not generate(Config(tmp_path, (Target("out", tmp_path / "out"),)), diagnostics).files
    assert [item.rule for item in diagnostics.items] == [Rule.NO_NAMESPACE]
