from __future__ import annotations

import sys
import tomllib
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]
from avrorpc_codegen.new_project import CI_FILES, NewProject, NewProjectError, in_the_way, new_project


def made(folder: str, **names: str | None) -> NewProject:
    options = {"name": None, "package": None, **names}
    return new_project(Path(folder), "0.4.2", name=options["name"], package=options["package"], ci="none")


@pytest.mark.parametrize(
    ("folder", "names", "name", "package"),
    [
        ("/x/book-shelf", {}, "book-shelf", "book_shelf"),
        ("/x/Book Shelf!", {}, "Book-Shelf", "book_shelf"),
        ("/x/._a.b_", {}, "a.b", "a_b"),
        ("/x/2048", {"package": "game"}, "2048", "game"),
        ("/x/été", {"name": "summer"}, "summer", "summer"),
        ("/x/y", {"name": "A", "package": "b1_"}, "A", "b1_"),
    ],
)
def test_names_come_from_the_folder_where_none_are_given(
    folder: str, names: dict[str, str], name: str, package: str
) -> None:
    project = made(folder, **names)
    assert (project.name, project.package) == (name, package)


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        ({"name": "-x"}, "'-x' cannot be the name of a distribution: give --name letters, digits"),
        ({"name": ""}, "'' cannot be the name of a distribution"),
        ({"name": "a b"}, "'a b' cannot be the name"),
        ({"name": "AvroRPC"}, "'AvroRPC' is what the project itself needs"),
        (
            {"name": "2048"},
            "'2048' cannot be the name of its package: it takes small letters, digits and `_`",
        ),
        ({"package": "Book"}, "a letter first"),
        ({"package": "a.b"}, "a letter first"),
        ({"package": ""}, "a letter first"),
        ({"package": "a" * 41}, "longer than 40 letters"),
        ({"package": "class"}, "Python keeps this word for itself"),
        ({"package": "json"}, "it would hide a module of Python's own library"),
        ({"package": "msgspec"}, "it would hide what the code needs"),
        ({"package": "stub"}, "it would hide what the code needs"),
        ({"package": "tests"}, "it would hide what the code needs"),
    ],
)
def test_a_name_that_would_not_work_is_refused(names: dict[str, str], problem: str) -> None:
    with pytest.raises(NewProjectError) as caught:
        made("/x/good", **names)
    assert problem in str(caught.value)
    assert "give " in str(caught.value)


def test_the_name_of_a_folder_may_be_no_help() -> None:
    with pytest.raises(NewProjectError, match="the folder's name is no help: give --name"):
        made("/x/été/!!!")


@pytest.mark.parametrize(
    ("version", "requirement"),
    [("0.1.0", ">=0.1,<0.2"), ("0.9.3.dev1", ">=0.9,<0.10"), ("1.4.2", ">=1.4,<2"), ("2.0rc1", ">=2.0,<3")],
)
def test_the_versions_that_keep_their_promises_are_required(version: str, requirement: str) -> None:
    project = new_project(Path("/x/a"), version, name=None, package=None, ci="none")
    assert f'dependencies = ["avrorpc{requirement}"]' in project.files()["pyproject.toml"]


@pytest.mark.parametrize("ci", CI_FILES)
def test_every_file_is_complete(ci: str) -> None:
    files = NewProject("My.Shelf", "my_shelf", "avrorpc>=0.1,<0.2", ci).files()
    for path, text in files.items():
        assert "{" not in path
        assert "{{" not in text.replace("${{", "")
        assert "{%" not in text
        assert text == "" or (text.endswith("\n") and not text.endswith("\n\n")), path
        assert "\n\n\n\n" not in text, path
        assert all(line == line.rstrip() for line in text.splitlines()), path
    assert tomllib.loads(files["pyproject.toml"])["project"]["name"] == "My.Shelf"
    named = {".github/workflows/ci.yml", ".gitlab-ci.yml"} & set(files)
    expected = CI_FILES[ci]
    assert named == ({expected[0]} if expected else set())
    checks = {"avrogen format", "avrogen lint", "avrogen generate", "avrogen breaking", "mypy", "pytest"}
    for path in named:
        assert yaml.safe_load(files[path])
        assert all(check in files[path] for check in checks | {"ruff check", "ruff format --check"})
    hooks = yaml.safe_load(files[".pre-commit-config.yaml"])["repos"][0]["hooks"]
    assert [hook["id"] for hook in hooks[:3]] == ["avrogen-format", "avrogen-lint", "avrogen-generate"]


def test_what_is_in_the_way_is_named(tmp_path: Path) -> None:
    assert in_the_way(tmp_path / "nowhere") == []
    (tmp_path / ".git").mkdir()
    assert in_the_way(tmp_path) == []
    (tmp_path / "b").mkdir()
    (tmp_path / ".a").touch()
    assert in_the_way(tmp_path) == [".a", "b/"]


def test_every_module_of_pythons_own_library_is_refused() -> None:
    for module in sorted(sys.stdlib_module_names)[::20]:
        with pytest.raises(NewProjectError):
            made("/x/good", package=module)
