from __future__ import annotations

from pathlib import Path

import pytest
from avrorpc_codegen.diagnostic import Diagnostics
from avrorpc_codegen.loading import Loader, closure
from support.contracts import write


def load(folder: Path, files: dict[str, str], root: str, *search: Path) -> tuple[Loader, list[str]]:
    write(folder, files)
    diagnostics = Diagnostics()
    loader = Loader(search, diagnostics)
    loader.load(folder / root)
    return loader, [f"{item.rule.value} {item.message}" for item in diagnostics.items]


def test_imports_are_found_beside_the_file_and_then_on_the_path(tmp_path: Path) -> None:
    files = {
        "a/root.avdl": 'import idl "near.avdl"; import idl "far.avdl"; import idl "../b/up.avdl";',
        "a/near.avdl": "",
        "b/near.avdl": "",
        "b/far.avdl": "",
        "b/up.avdl": "",
    }
    loader, problems = load(tmp_path, files, "a/root.avdl", tmp_path / "b")
    assert problems == []
    found = {unit.path.relative_to(tmp_path.resolve()).as_posix() for unit in loader.units.values()}
    assert found == {"a/root.avdl", "a/near.avdl", "b/far.avdl", "b/up.avdl"}


def test_each_file_is_read_once_however_it_is_named(tmp_path: Path) -> None:
    files = {
        "root.avdl": 'import idl "a.avdl"; import idl "./x/../a.avdl"; import idl "link.avdl";',
        "a.avdl": "",
        "x/y": "",
    }
    write(tmp_path, files)
    (tmp_path / "link.avdl").symlink_to(tmp_path / "a.avdl")
    loader, problems = load(tmp_path, files, "root.avdl")
    assert (len(loader.units), problems) == (2, [])


def test_cycles_are_fine(tmp_path: Path) -> None:
    files = {
        "a.avdl": 'import idl "b.avdl";',
        "b.avdl": 'import idl "c.avdl";',
        "c.avdl": 'import idl "a.avdl"; import idl "c.avdl";',
    }
    loader, problems = load(tmp_path, files, "a.avdl")
    assert problems == []
    assert {unit.path.name for unit in closure(loader.units[(tmp_path / "c.avdl").resolve()])} == set(files)


def test_a_classpath_is_the_search_path(tmp_path: Path) -> None:
    files = {"root.avdl": 'import idl "classpath:/x/a.avdl";', "lib/x/a.avdl": ""}
    loader, problems = load(tmp_path, files, "root.avdl", tmp_path / "lib")
    assert (len(loader.units), problems) == (2, [])


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ('import idl "nowhere.avdl";', "AVR201 there is no file 'nowhere.avdl'"),
        ('import idl "folder";', "AVR201 there is no file 'folder'"),
        ('import idl "";', "AVR201 an import needs the name of a file"),
        ('import idl "a\\0b";', "AVR201 an import needs the name of a file"),
        ('import idl "p.avpr";', "AVR202 p.avpr is not what `import idl` reads"),
        ('import protocol "a.avdl";', "AVR202 a.avdl is not what `import protocol` reads"),
        ('import schema "p.avpr";', "AVR202 p.avpr is not what `import schema` reads"),
    ],
)
def test_imports_that_fail(tmp_path: Path, statement: str, problem: str) -> None:
    files = {"root.avdl": statement, "a.avdl": "", "p.avpr": "{}", "folder/x": ""}
    loader, problems = load(tmp_path, files, "root.avdl")
    assert problems == [problem]
    assert not next(iter(loader.units.values())).is_complete


def test_a_protocol_may_be_in_an_avsc(tmp_path: Path) -> None:
    files = {
        "root.avdl": 'protocol P { import protocol "p.avsc"; }',
        "p.avsc": '{"protocol": "Q", "messages": {}}',
    }
    loader, problems = load(tmp_path, files, "root.avdl")
    assert problems == []
    tree = loader.units[(tmp_path / "p.avsc").resolve()].tree
    assert tree is not None
    assert tree.protocol is not None
    assert tree.protocol.name.text == "Q"


def test_bad_json_is_a_diagnostic(tmp_path: Path) -> None:
    loader, problems = load(tmp_path, {"a.avsc": '{"type": '}, "a.avsc")
    assert problems == ["AVR110 expected a value, found the end of the file"]
    assert not loader.units[(tmp_path / "a.avsc").resolve()].is_complete


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs Linux: a file that gives an error")
def test_a_file_that_cannot_be_read_is_a_diagnostic(tmp_path: Path) -> None:
    (tmp_path / "link.avdl").symlink_to("/proc/self/mem")
    _, problems = load(tmp_path, {}, "link.avdl")
    assert len(problems) == 1
    assert problems[0].startswith("AVR101 cannot read")
    assert problems[0].endswith("input/output error")


def test_a_long_chain_of_imports_is_followed(tmp_path: Path) -> None:
    files = {
        f"f{i}.avdl": f'import idl "f{i + 1}.avdl"; record R{i} {{ R{i + 1}? next; }}' for i in range(2000)
    }
    loader, problems = load(tmp_path, {**files, "f2000.avdl": "record R2000 {}"}, "f0.avdl")
    assert problems == []
    assert [unit.path.stem for unit in loader.units.values()] == [f"f{i}" for i in range(2001)]


def test_an_imported_file_that_is_not_utf8_names_the_import(tmp_path: Path) -> None:
    (tmp_path / "b.avdl").write_bytes(b"enum E { \xff }")
    (tmp_path / "a.avdl").write_text('import idl "b.avdl";')
    diagnostics = Diagnostics()
    Loader([], diagnostics).load(tmp_path / "a.avdl")
    (finding,) = diagnostics.items
    assert finding.rule.value == "AVR102"
    assert "a.avdl:1:12" in finding.notes[0]
