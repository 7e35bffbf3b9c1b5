from __future__ import annotations

from pathlib import Path

import pytest
from avrorpc_codegen.config import ConfigError
from avrorpc_codegen.diagnostic import Diagnostics
from avrorpc_codegen.reading import contract_files, find_contracts, read_contracts, search_path
from support.contracts import write


def test_contracts_are_found_below_the_folder(tmp_path: Path) -> None:
    write(
        tmp_path,
        {"b.avsc": "", "z/c.avdl": "", "a.avpr": "", ".hidden/x.avdl": "", "z/.y.avdl": "", "n.txt": ""},
    )
    found = [path.relative_to(tmp_path).as_posix() for path in find_contracts(tmp_path)]
    assert found == ["z/c.avdl", "a.avpr", "b.avsc"]


def test_the_search_path_ends_with_the_folder_of_the_contracts(tmp_path: Path) -> None:
    assert search_path(tmp_path, [Path("i")]) == [Path("i"), tmp_path]


def test_files_and_folders_are_read_once(tmp_path: Path) -> None:
    write(tmp_path, {"a.avdl": 'protocol A { import idl "b.avdl"; }', "b.avdl": "protocol B { }"})
    diagnostics = Diagnostics()
    read = read_contracts([tmp_path / "a.avdl", tmp_path], [], diagnostics)
    assert [unit.path.name for unit in read.roots] == ["a.avdl", "b.avdl"]
    assert list(read.contracts.protocols) == ["A", "B"]
    assert not diagnostics.items


@pytest.mark.parametrize("name", ["README.md", "contract", "a.avdl.txt", "a.AVDL"])
def test_a_file_that_is_no_contract_by_its_name_is_refused(tmp_path: Path, name: str) -> None:
    write(tmp_path, {"a.avdl": "protocol A { }", f"other/{name}": "protocol B { }"})
    with pytest.raises(ConfigError) as caught:
        read_contracts([tmp_path / "a.avdl", tmp_path / "other" / name], [], Diagnostics())
    assert str(caught.value).endswith(f"{name} is no contract: it ends in none of .avdl, .avpr, .avsc")
    assert contract_files([tmp_path, tmp_path / "a.avdl"]) == [tmp_path / "a.avdl"]


def test_what_is_only_imported_is_no_root(tmp_path: Path) -> None:
    write(tmp_path, {"a.avdl": 'protocol A { import idl "b.avdl"; }', "b.avdl": "protocol B { }"})
    read = read_contracts([tmp_path / "a.avdl"], [], Diagnostics())
    assert [unit.path.name for unit in read.roots] == ["a.avdl"]
    assert [unit.path.name for unit in read.units] == ["a.avdl", "b.avdl"]


def test_an_empty_folder_holds_nothing(tmp_path: Path) -> None:
    read = read_contracts([tmp_path], [], Diagnostics())
    assert (read.roots, read.contracts.protocols) == ([], {})


def test_a_text_stands_for_a_file_and_is_read_as_one(tmp_path: Path) -> None:
    (path,) = write(tmp_path, {"a.avdl": "namespace n; record Old {}"})
    diagnostics = Diagnostics()
    read = read_contracts([path], [], diagnostics, {path.resolve(): "\ufeffnamespace n; record New {}"})
    assert diagnostics.items == []
    assert list(read.contracts.types) == ["n.New"]
