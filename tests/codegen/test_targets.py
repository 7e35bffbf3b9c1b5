from __future__ import annotations

from pathlib import Path

import pytest
from avrorpc_codegen.config import RUNTIME_EXTERNAL, Config, Target
from avrorpc_codegen.targets import external_module, python_path, target_of

OWN = Target("avrorpc.contracts", Path("runtime"), ("avrorpc",))
PART = Target("part", Path("generated"), ("a.b", "c"))
REST = Target("rest", Path("generated"))
CONFIG = Config(
    Path("s"), (OWN, PART, REST), {"avrorpc.Tensor": "avrorpc.tensor", "x": "lib.x", "x.y": "other.y"}
)


@pytest.mark.parametrize(
    ("namespace", "module"),
    [
        ("avrorpc", "avrorpc.contracts"),
        ("avrorpc.health", "avrorpc.contracts.health"),
        ("avrorpcs", "rest.avrorpcs"),
        ("a.b", "part"),
        ("a.b.d.import", "part.d.import_"),
        ("c", "part"),
        ("a", "rest.a"),
        ("a.bc", "rest.a.bc"),
    ],
)
def test_namespaces_go_to_the_most_specific_target(namespace: str, module: str) -> None:
    target = target_of(namespace, CONFIG)
    assert target is not None
    assert python_path(target, namespace) == module


def test_a_namespace_may_have_no_target() -> None:
    assert target_of("z", Config(Path("s"), (PART,))) is None


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("avrorpc.Tensor", "avrorpc.tensor"),
        ("avrorpc.DType", None),
        ("x.Type", "lib.x"),
        ("x.y.Type", "other.y"),
        ("x.z.Type", "lib.x.z"),
        ("xy.Type", None),
    ],
)
def test_external_types(name: str, module: str | None) -> None:
    assert external_module(name, CONFIG) == module


def test_the_runtime_is_external_for_everybody_else() -> None:
    config = Config(Path("s"), (REST,), dict(RUNTIME_EXTERNAL))
    assert external_module("avrorpc.DType", config) == "avrorpc.contracts"
    assert external_module("avrorpc.Tensor", config) == "avrorpc.tensor"


def test_a_target_inside_an_external_namespace_wins() -> None:
    config = Config(Path("s"), (Target("mine", Path("g"), ("x.mine",)),), {"x": "lib.x"})
    assert external_module("x.mine.T", config) is None
    assert external_module("x.T", config) == "lib.x"
