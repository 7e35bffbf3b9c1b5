from __future__ import annotations

from pathlib import Path

from avrorpc_codegen.lint.letter_case import LetterCase
from avrorpc_codegen.lint.settings import LintConfig
from avrorpc_codegen.lint.surroundings import Surroundings, surroundings
from support.linting import project


def around(folder: Path, files: dict[str, str], config: LintConfig | None = None) -> Surroundings:
    made = project(folder, files, config)
    read = made.read({})
    assert read is not None
    return surroundings(read, made.config, made.schemas)


def test_the_style_of_names_is_that_of_the_linted_files_alone(tmp_path: Path) -> None:
    files = {
        "schemas/a.avdl": 'namespace a; import idl "../b.avdl"; record A { int userId; }',
        "b.avdl": "namespace b; record B { int a_b; int c_d; int e_f; }",
    }
    assert around(tmp_path, files).member_case is LetterCase.CAMEL
    config = LintConfig(tmp_path, naming=LetterCase.SNAKE)
    assert around(tmp_path, files, config).member_case is LetterCase.SNAKE


def test_what_messages_and_main_schemas_reach_is_used(tmp_path: Path) -> None:
    files = {
        "schemas/a.avdl": '@namespace("a") protocol A { record B { C c; } record C {} record D {} B m(); }',
        "schemas/b.avdl": "namespace b; schema E; record E {} record F {}",
    }
    assert around(tmp_path, files).used == {"a.B", "a.C", "b.E"}


def test_records_that_can_be_made_are_finite(tmp_path: Path) -> None:
    text = "namespace n; record A { B b; } record B { A a; } record C { A a; } record D { D? d; } record E {}"
    assert around(tmp_path, {"schemas/a.avdl": text}).finite == {"n.D", "n.E"}
