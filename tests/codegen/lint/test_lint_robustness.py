"""Whatever compiles, lint has something to say or nothing, and its fixes keep what the contract says."""

from __future__ import annotations

import random
from pathlib import Path

from avrorpc_codegen.diagnostic import Diagnostics
from avrorpc_codegen.json_output import compiled
from avrorpc_codegen.lint.fixing import Project, fix
from avrorpc_codegen.lint.rules import LintRule
from avrorpc_codegen.lint.settings import LintConfig
from avrorpc_codegen.reading import read_contracts
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.golden import GOLDEN

TEXTS = [
    path.read_text()
    for case in ("ordinary", "names", "defaults", "logical", "annotations", "lexical", "unions", "unicode")
    for path in sorted((GOLDEN / case / "input").glob("*.avdl"))
]
PIECES = [
    *('@namespace("n") ', '@aliases(["a", "R"]) ', '@logicalType("date") ', "@timeout(1) ", "@order([]) "),
    *("`a`", "`", "union { int, long } ", "union {} ", "int? a; ", "record R { R r; } ", "enum E {} "),
    *("/** TODO */ ", "/** */", "/** a */ ", "\n", "\r\n", "{", "}", ";", ",", "oneway ", "é", "\t", "_"),
    *("// avrogen: ignore AVR401 -- x\n", "/* avrogen: ignore naming */", "// avrogen:\n", "/* avrogen"),
    *("// avrogen: ignore-file all -- x\n", 'import idl "a.avdl";', "throws E ", "void a(); ", "x.y.Z", ""),
]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(min_value=0))
def test_mutated_contracts(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    text = chance.choice(TEXTS)
    for _ in range(chance.randint(1, 5)):
        start = chance.randrange(len(text) + 1)
        end = min(len(text), start + chance.choice([0, 0, 0, 1, 5]))
        text = text[:start] + chance.choice(PIECES) + text[end:]
    lint_text(tmp_path, text)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=st.lists(st.sampled_from(PIECES), max_size=12), is_protocol=st.booleans())
def test_contracts_of_odd_pieces(tmp_path: Path, pieces: list[str], is_protocol: bool) -> None:
    text = " ".join(pieces)
    lint_text(tmp_path, f'@namespace("n") protocol P {{ {text} }}' if is_protocol else text)


def lint_text(folder: Path, text: str) -> None:
    path = folder / "a.avdl"
    path.write_bytes(text.encode("utf-8", "replace"))
    rules = frozenset(LintRule)
    project = Project([path], [], LintConfig(folder, rules, languages=("python", "java")), folder)
    read = project.read({})
    if read is None:
        return
    before = compiled(read.contracts, read.roots[0])
    result = fix(project, read)
    Diagnostics([finding.diagnostic for finding in result.left + result.mended]).render()
    after = read_contracts([path], [], Diagnostics(), result.texts)
    assert compiled(after.contracts, after.roots[0]) == before
    assert not [finding for finding in result.left if finding.edits]
