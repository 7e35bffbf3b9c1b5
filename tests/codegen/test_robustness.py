"""Whatever a contract holds, the compiler answers with diagnostics."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
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


def compile_bytes(folder: Path, data: bytes) -> None:
    path = folder / "a.avdl"
    path.write_bytes(data)
    diagnostics = Diagnostics()
    loader = Loader([], diagnostics)
    unit = loader.load(path)
    contracts = resolve(list(loader.units.values()), [unit], diagnostics)
    if diagnostics.items:
        diagnostics.render()
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
