"""`@examples` in a project: judged by lint and when code is generated, and written into the package."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from avrorpc.examples import read_cases
from avrorpc_codegen.command import main
from avrorpc_codegen.config import Config, Target
from avrorpc_codegen.diagnostic import Diagnostics
from avrorpc_codegen.example_files import DATA_MARK, examples_file
from avrorpc_codegen.generation import Generated, generate
from avrorpc_codegen.output import apply, compare
from click.testing import CliRunner
from support.contracts import write

PROTOCOL = '@namespace("shop") {} protocol Shop {{ @readonly(true) {} int stock(string item); }}'
CASES = '{"stock": [{"description": "ü", "input": {"item": "a"}, "expected_output": ...}]}'


def run(
    folder: Path, on_protocol: str, on_message: str = "", cases: str = CASES
) -> tuple[Generated, Diagnostics]:
    contract = PROTOCOL.format(on_protocol, on_message)
    write(folder, {"schemas/shop.avdl": contract, "schemas/cases.json": cases})
    diagnostics = Diagnostics()
    return generate(Config(folder / "schemas", (Target("made", folder / "out"),)), diagnostics), diagnostics


def test_cases_of_a_file_become_data_of_the_package(tmp_path: Path) -> None:
    generated, diagnostics = run(tmp_path, '@examples("cases.json")')
    assert diagnostics.items == []
    path = tmp_path / "out" / "made" / "shop" / examples_file("shop.Shop")
    (placed,) = read_cases(generated.files[path], path.name)
    assert (placed.case.description, placed.case.expected_output) == ("ü", "...")
    assert json.loads(generated.files[path])["//"] == DATA_MARK
    module = generated.files[path.with_name("__init__.py")]
    assert 'examples=(__name__, "Shop.examples.json")' in module
    assert tmp_path / "schemas" / "cases.json" in generated.sources, "it is watched"


def test_cases_in_the_contract_need_no_file(tmp_path: Path) -> None:
    generated, diagnostics = run(tmp_path, "", '@examples([{"input": {"item": "a"}}])')
    assert diagnostics.items == []
    assert [path.suffix for path in generated.files if "examples" in path.name] == []


def test_data_that_no_contract_asks_for_any_more_is_removed_and_what_others_wrote_is_kept(
    tmp_path: Path,
) -> None:
    generated, _ = run(tmp_path, '@examples("cases.json")')
    apply(compare(generated.files, generated.roots))
    folder = tmp_path / "out" / "made" / "shop"
    (folder / "own.examples.json").write_text("{}")
    without, _ = run(tmp_path, "")
    changes = compare(without.files, without.roots)
    assert changes.remove == [folder / "Shop.examples.json"]


@pytest.mark.parametrize(
    ("cases", "said"),
    [
        ('{"sell": [{"input": {}}]}', "shop.Shop has no message 'sell'; it has stock"),
        ('{"stock": [{"input": {}}]}', "stock needs 'item': string"),
        ('{"stock": [{"input": {"item": "a"}, "validation_rules": ["x > 1"]}]}', "there is no 'x'"),
    ],
)
def test_lint_and_generate_refuse_the_same_and_name_the_line(tmp_path: Path, cases: str, said: str) -> None:
    generated, diagnostics = run(tmp_path, '@examples("cases.json")', cases=f"\n\n{cases}")
    (found,) = diagnostics.items
    assert said in found.message
    assert found.span is not None
    assert found.span.source.path.name == "cases.json"
    assert found.span.source.position(found.span.start)[0] == 3
    assert generated.files == {}
    done = CliRunner().invoke(main, ["lint", str(tmp_path / "schemas")])
    assert done.exit_code == 1
    assert "error[AVR309]" in done.output
    assert said in done.output


def test_a_file_that_several_messages_share_is_told_of_once(tmp_path: Path) -> None:
    _, diagnostics = run(tmp_path, '@examples("cases.json")', '@examples("cases.json")', "{")
    assert len(diagnostics.items) == 1
