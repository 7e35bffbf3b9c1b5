"""Whatever a contract holds, the compiler answers with diagnostics."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from avrorpc.schema import Json
from avrorpc_codegen.config import Config, Target
from avrorpc_codegen.diagnostic import Diagnostics
from avrorpc_codegen.generation import generate
from avrorpc_codegen.json_output import compiled
from avrorpc_codegen.loading import Loader
from avrorpc_codegen.resolver import resolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.golden import GOLDEN

TEXTS = [
    path.read_text()
    for case in ("ordinary", "names", "defaults", "logical", "annotations", "lexical", "unions")
    for path in sorted((GOLDEN / case / "input").glob("*.avdl"))
]
JSON_FILES = [
    path
    for case in ("ordinary", "names", "defaults", "logical", "annotations", "unions", "cycles", "json_inputs")
    for path in sorted((GOLDEN / case).rglob("*.av[ps][rc]"))
]
JSON_TEXTS = [(path.suffix, path.read_text()) for path in JSON_FILES]
JSON_PIECES = [
    *'{}[],:"',
    "'",
    "null",
    "1e9",
    "//",
    "/*",
    '"type"',
    '"name": "R",',
    '"fields": [],',
    '"namespace": "x.y",',
    '"record"',
    '"\\ud800"',
    "\x00",
    "-",
]
JSON_VALUES: list[Json] = [
    None,
    True,
    -1,
    1.5,
    10**30,
    "",
    "int",
    "record",
    "x.y",
    "a b",
    [],
    {},
    ["int", "int"],
    [["null"]],
    {"type": "record", "name": "R", "fields": []},
    {"type": "error", "name": "golden.E", "fields": [{"name": "x", "type": "golden.E"}]},
    {"type": "fixed", "name": "F", "size": 2, "logicalType": "decimal", "precision": 9},
    {"type": "array", "items": {"type": "map", "values": "R"}},
]
PIECES = [
    "{",
    "}",
    "(",
    ")",
    "<",
    ">",
    ";",
    ",",
    "@x(1)",
    '"',
    "`",
    "/*",
    "*/",
    "/**",
    "union {",
    "record",
    "=",
    "?",
]
PIECES += [
    "\x00",
    "\x1a",
    "é",
    "9" * 30,
    "-",
    "import idl",
    '"a.avdl"',
    "null",
    "decimal(",
    "array<",
    "void",
    ".",
]
QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def compile_bytes(folder: Path, data: bytes, name: str = "a.avdl") -> None:
    path = folder / name
    path.write_bytes(data)
    diagnostics = Diagnostics()
    loader = Loader([], diagnostics)
    unit = loader.load(path)
    contracts = resolve(list(loader.units.values()), [unit], diagnostics)
    if diagnostics.items:
        diagnostics.render()
        diagnostics.to_json()
    assert unit.is_complete or diagnostics.has_errors, "what is left out is said"
    if not diagnostics.has_errors:
        compiled(contracts, unit)
        generate(Config(folder, (Target("out", folder / "out"),)), Diagnostics())


@QUICK
@given(data=st.binary(max_size=200))
def test_random_bytes(tmp_path: Path, data: bytes) -> None:
    compile_bytes(tmp_path, data)


@QUICK
@given(
    pieces=st.lists(st.sampled_from([*PIECES, "a", "int", "protocol P {", "1", "[", "]", ":"]), max_size=40)
)
def test_random_tokens(tmp_path: Path, pieces: list[str]) -> None:
    compile_bytes(tmp_path, " ".join(pieces).encode())


@QUICK
@given(seed=st.integers(min_value=0))
def test_mutated_contracts(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    text = chance.choice(TEXTS)
    for _ in range(chance.randint(1, 4)):
        start = chance.randrange(len(text) + 1)
        end = min(len(text), start + chance.choice([0, 1, 5, 40]))
        text = text[:start] + chance.choice(["", chance.choice(PIECES), text[end : end + 30]]) + text[end:]
    compile_bytes(tmp_path, text.encode())


@QUICK
@given(seed=st.integers(min_value=0))
def test_json_with_mangled_text(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    suffix, text = chance.choice(JSON_TEXTS)
    for _ in range(chance.randint(1, 4)):
        start = chance.randrange(len(text) + 1)
        end = min(len(text), start + chance.choice([0, 1, 5, 40]))
        text = (
            text[:start] + chance.choice(["", chance.choice(JSON_PIECES), text[end : end + 30]]) + text[end:]
        )
    compile_bytes(tmp_path, text.encode(), f"a{suffix}")


@QUICK
@given(seed=st.integers(min_value=0))
def test_json_with_other_values(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    suffix, text = chance.choice(JSON_TEXTS)
    value: Json = json.loads(text)
    for _ in range(chance.randint(1, 3)):
        value = mangled(value, chance)
    (tmp_path / "b.avdl").write_text(f'protocol B {{ import {IMPORTS[suffix]} "a{suffix}"; }}')
    compile_bytes(tmp_path, json.dumps(value).encode(), f"a{suffix}")
    compile_bytes(tmp_path, (tmp_path / "b.avdl").read_bytes(), "b.avdl")


IMPORTS = {".avpr": "protocol", ".avsc": "schema"}


def mangled(value: Json, chance: random.Random) -> Json:
    """Return JSON with one part of it replaced, removed, or put in another place."""
    if chance.random() < 0.2 or not isinstance(value, dict | list) or not value:
        return chance.choice([value, *JSON_VALUES])
    if isinstance(value, list):
        place = chance.randrange(len(value))
        part = chance.choice([[], [value[place]] * 2, [mangled(value[place], chance)]])
        return [*value[:place], *part, *value[place + 1 :]]
    key = chance.choice(list(value))
    rest = {name: item for name, item in value.items() if name != key}
    other = chance.choice([key, *value, "type", "name", "doc", "one-way", "aliases", "x"])
    return chance.choice([rest, {**value, key: mangled(value[key], chance)}, {**rest, other: value[key]}])


@pytest.mark.parametrize(
    "text",
    [
        "protocol P {" * 10000,
        "protocol P { record R { " + "array<" * 100000,
        "@a(" * 10000,
        "protocol P { record R { int a = " + "[" * 100000,
        "protocol P { " + "record R { " * 10000,
        "/**/" * 100000,
        "protocol P { void a(" + "int b, " * 10000 + ") }",
        "`" * 10000,
        '"' * 10000,
        "a." * 10000,
        "9" * 100000,
        "protocol P { " + "record R { int a; } " * 1000 + "}",
        "x" * 10_000_000,
        " " * 10_000_000,
    ],
    ids=range(14),
)
def test_hostile_contracts_end(tmp_path: Path, text: str) -> None:
    compile_bytes(tmp_path, text.encode())
