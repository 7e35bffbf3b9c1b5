from __future__ import annotations

from pathlib import Path

import pytest
from avrorpc_codegen.config import (
    RUNTIME_EXTERNAL,
    ConfigError,
    Target,
    find_project,
    load_config,
    schemas_of_project,
)


def project(folder: Path, text: str) -> Path:
    (folder / "pyproject.toml").write_text(text)
    return folder


def test_a_project_without_settings_has_one_target(tmp_path: Path) -> None:
    config = load_config(project(tmp_path, "[project]\nname = 'x'\n"))
    assert config.schemas == tmp_path / "schemas"
    assert config.targets == (Target("contracts", tmp_path / "generated"),)
    assert config.external == RUNTIME_EXTERNAL


def test_settings_are_relative_to_their_file(tmp_path: Path) -> None:
    text = """
    [tool.avrogen]
    schemas = "idl"
    [[tool.avrogen.targets]]
    package = "a.b"
    output = "src"
    namespaces = ["x", "y.z"]
    [[tool.avrogen.targets]]
    package = "rest"
    [tool.avrogen.external]
    "other" = "installed.other"
    """
    inside = project(tmp_path, text) / "some" / "folder"
    inside.mkdir(parents=True)
    config = load_config(inside)
    assert config.schemas == tmp_path / "idl"
    assert config.targets == (
        Target("a.b", tmp_path / "src", ("x", "y.z")),
        Target("rest", tmp_path / "generated"),
    )
    assert config.external == {**RUNTIME_EXTERNAL, "other": "installed.other"}


def test_arguments_win_and_make_a_single_target(tmp_path: Path) -> None:
    start = project(tmp_path, '[[tool.avrogen.targets]]\npackage = "a"\nnamespaces = ["avrorpc"]\n')
    assert "avrorpc" not in load_config(start).external
    config = load_config(start, schemas=Path("s"), output=Path("o"))
    assert (config.schemas, config.targets) == (Path("s"), (Target("contracts", Path("o")),))
    assert config.external == RUNTIME_EXTERNAL
    assert load_config(start, package="p.q").targets == (Target("p.q", tmp_path / "generated"),)


def test_templates_of_a_target_go_before_those_of_the_project(tmp_path: Path) -> None:
    text = """
    [tool.avrogen]
    templates = "ours"
    [[tool.avrogen.targets]]
    package = "a"
    namespaces = ["a"]
    templates = "of/a"
    [[tool.avrogen.targets]]
    package = "b"
    """
    for folder in ("ours", "of/a"):
        (tmp_path / folder).mkdir(parents=True)
    config = load_config(project(tmp_path, text))
    assert [target.templates for target in config.targets] == [
        (tmp_path / "of/a", tmp_path / "ours"),
        (tmp_path / "ours",),
    ]
    assert load_config(tmp_path, package="c").targets[0].templates == (tmp_path / "ours",)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[tool.avrogen", "not valid TOML"),
        ("tool = 1", "is not a table"),
        ("[tool]\navrogen = 1", "is not a table"),
        ("[tool.avrogen]\nschema = 'x'", "knows no setting 'schema'"),
        ("[tool.avrogen]\nschemas = 1", "`schemas` of [tool.avrogen] is a string"),
        ("[tool.avrogen]\ntargets = 1", "is a list of tables"),
        ("[[tool.avrogen.targets]]\npakage = 'x'", "a target knows no setting 'pakage'"),
        ("[[tool.avrogen.targets]]\npackage = 'a-b'", "'a-b' is not the name of a package"),
        ("[[tool.avrogen.targets]]\npackage = 'a.class'", "'a.class' is not the name of a package"),
        ("[[tool.avrogen.targets]]\nnamespaces = 'x'", "is a list of strings"),
        ("[[tool.avrogen.targets]]\n[[tool.avrogen.targets]]", "only one of the targets"),
        ("[tool.avrogen]\nexternal = ['x']", "maps names to modules"),
        ("[tool.avrogen]\ntemplates = 'nowhere'", "nowhere, which `templates` names"),
        ("[tool.avrogen]\ntemplates = ['a']", "`templates` of [tool.avrogen] is a string"),
    ],
)
def test_settings_that_make_no_sense(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(project(tmp_path, text))
    assert problem in str(caught.value)


def test_a_file_that_is_not_utf8(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_bytes(b"\xff")
    with pytest.raises(ConfigError):
        load_config(tmp_path)


def test_the_nearest_project_is_found(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    project(tmp_path, "")
    assert find_project(inner) == tmp_path / "pyproject.toml"


@pytest.mark.parametrize(("name", "found"), [("My.Shop", "idl"), ("my-shop", "idl"), ("shop", None)])
def test_the_contracts_of_a_project_that_has_the_name(tmp_path: Path, name: str, found: str | None) -> None:
    project(tmp_path, "[project]\nname = 'my_shop'\n[tool.avrogen]\nschemas = 'idl'\n")
    assert schemas_of_project(tmp_path, name) == (tmp_path / found if found else None)


@pytest.mark.parametrize("text", ["", "project = 1", "[project]\nname = 1"])
def test_a_project_without_a_name_is_nobodys(tmp_path: Path, text: str) -> None:
    assert schemas_of_project(project(tmp_path, text), "my-shop") is None
