from __future__ import annotations

from pathlib import Path

from avrorpc_codegen.config import Config, Target
from avrorpc_codegen.diagnostic import Diagnostics
from avrorpc_codegen.generation import generate
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
