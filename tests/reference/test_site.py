from __future__ import annotations

from pathlib import Path

import pytest
from avrorpc_codegen.reference.site import Format, in_the_way, is_ours, left_over, mark
from support.contracts import write
from support.reference import golden_site, protocol, site

HTML, MARKDOWN = Format.HTML, Format.MARKDOWN


@pytest.mark.parametrize("format_", Format)
def test_every_file_says_its_own_place(format_: Format, tmp_path: Path) -> None:
    files = golden_site("unicode", format_).files
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        assert is_ours(path, name)
        assert path.suffix in format_.suffixes
    assert format_.first in files
    assert in_the_way(tmp_path, files) == []
    assert left_over(tmp_path, files, format_) == []
    assert left_over(tmp_path, {}, format_) == sorted(tmp_path / name for name in files)


def test_only_what_says_its_own_place_is_left_over(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "index.html": "by hand",
            "n/old.html": f"<!-- {mark('n/old.html')} -->",
            "n/copy.html": f"<!-- {mark('n/old.html')} -->",
            "n/mine.html": "by hand",
            "n/notes.txt": mark("n/notes.txt"),
            "v1/index.html": f"<!-- {mark('index.html')} -->",
            "v1/n/old.html": f"<!-- {mark('n/old.html')} -->",
            "n/old.md": f"<!-- {mark('n/old.md')} -->",
            "n/quoted.html": "x" * 1000 + mark("n/quoted.html"),
        },
    )
    (tmp_path / "n" / "folder.html").mkdir()
    assert left_over(tmp_path, {}, HTML) == [tmp_path / "n" / "old.html"]
    assert left_over(tmp_path, {}, MARKDOWN) == [tmp_path / "n" / "old.md"]
    assert left_over(tmp_path / "none", {}, HTML) == []


def test_what_is_not_ours_stands_in_the_way(tmp_path: Path) -> None:
    write(tmp_path, {"README.md": "# My project", "n/README.md": f"<!-- {mark('n/README.md')} -->"})
    (tmp_path / "n" / "protocol.P.md").mkdir()
    files = {"README.md": "", "n/README.md": "", "n/protocol.P.md": "", "n/new.md": ""}
    assert in_the_way(tmp_path, files) == [tmp_path / "README.md", tmp_path / "n" / "protocol.P.md"]


def test_findings_of_the_generator_are_told_apart(tmp_path: Path) -> None:
    write(tmp_path, {"p.avdl": "protocol P {}"})
    assert site(tmp_path).python.has_errors
    write(tmp_path, protocol(""))
    assert not site(tmp_path).python.items
