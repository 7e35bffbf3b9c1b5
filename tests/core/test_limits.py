"""The limits on what a peer may ask: each has a reason, and each error that one causes names it."""

from __future__ import annotations

import ast
import inspect
import re
from dataclasses import asdict, fields
from pathlib import Path

import avrorpc
import pytest
from avrorpc import Limits, limits

RUNTIME = Path(avrorpc.__file__).parent
NAMES = [field.name for field in fields(Limits)]


def test_a_limit_is_given_by_its_name_and_cannot_be_changed() -> None:
    changed = Limits(max_body=10)
    assert changed.max_body == 10
    assert changed.max_depth == Limits().max_depth
    with pytest.raises(AttributeError):
        changed.max_body = 11  # type: ignore[misc]
    with pytest.raises(TypeError):
        Limits(10)  # type: ignore[call-arg]


@pytest.mark.parametrize("name", NAMES)
def test_a_limit_has_a_default_and_a_reason(name: str) -> None:
    assert getattr(Limits(), name) > 0
    (cls,) = (node for node in ast.parse(inspect.getsource(limits)).body if isinstance(node, ast.ClassDef))
    place = next(
        index
        for index, node in enumerate(cls.body)
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == name
    )
    reason = cls.body[place + 1]
    assert isinstance(reason, ast.Expr)
    assert isinstance(reason.value, ast.Constant)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "ping_interval"])
def test_an_error_names_the_limit_that_caused_it(name: str) -> None:
    # `ping_interval` causes none: it says when a question is due.
    sources = [path.read_text() for path in RUNTIME.rglob("*.py")]
    assert any(f"{name}={{" in source for source in sources)


def test_the_reference_lists_every_limit_with_its_default() -> None:
    reference = (RUNTIME.parents[1] / "docs" / "reference" / "limits.md").read_text()
    rows = dict(re.findall(r"\| `(\w+)` \| ([^|]+) \|", reference))
    units = {"KiB": 1024, "MiB": 1024**2, "s": 1}
    listed = {}
    for name, shown in rows.items():
        number, _, unit = shown.partition(" ")
        listed[name] = int(number.replace(",", "")) * units.get(unit, 1)
    assert listed == asdict(Limits())
