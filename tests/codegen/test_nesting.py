from __future__ import annotations

import json
from pathlib import Path

from avrorpc.schema import parse_protocol
from avrorpc_codegen.contracts import Contracts
from avrorpc_codegen.diagnostic import Diagnostics
from avrorpc_codegen.json_output import as_text, compiled
from support.contracts import resolved


def chain(folder: Path, length: int, *, reverse: bool = False) -> tuple[Contracts, Diagnostics]:
    records = [f"record R{i} {{ R{i + 1}? next; }}" for i in range(length)]
    text = "\n".join([*(records[::-1] if reverse else records), f"record R{length} {{}}"])
    return resolved(folder, {"p.avdl": f'@namespace("n") protocol P {{ {text} }}'})


def test_a_long_chain_of_types_is_written_and_read_back(tmp_path: Path) -> None:
    contracts, diagnostics = chain(tmp_path, 150)
    assert not diagnostics.items
    text = as_text(compiled(contracts, next(iter(contracts.by_unit)))[0])
    assert len(json.loads(text)["types"]) == 1
    assert len(parse_protocol(text).types) == 151
    contracts, diagnostics = resolved(tmp_path, {"p.avpr": text})
    assert not diagnostics.items
    assert as_text(compiled(contracts, next(iter(contracts.by_unit)))[0]) == text


def test_a_chain_that_nobody_could_read_is_a_diagnostic(tmp_path: Path) -> None:
    _, diagnostics = chain(tmp_path, 2000)
    (finding,) = diagnostics.items
    problem = "the types of `n.P` form so long a chain that its JSON nests deeper than 768"
    assert (finding.rule.value, finding.message) == ("AVR108", problem)


def test_in_the_other_order_the_same_types_do_not_nest(tmp_path: Path) -> None:
    _, diagnostics = chain(tmp_path, 2000, reverse=True)
    assert not diagnostics.items


def test_a_file_of_types_may_nest_too_deeply_as_well(tmp_path: Path) -> None:
    records = [f"record R{i} {{ R{i + 1}? next; }}" for i in range(500)]
    text = f"namespace n; {' '.join(records)} record R500 {{}}"
    _, diagnostics = resolved(tmp_path, {"a.avdl": text})
    assert [item.rule.value for item in diagnostics.items] == ["AVR108"]
    _, diagnostics = resolved(tmp_path, {"a.avdl": text.replace("namespace n;", "namespace n; schema R0;")})
    assert [item.rule.value for item in diagnostics.items] == ["AVR108"]
