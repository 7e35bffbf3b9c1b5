from __future__ import annotations

from pathlib import Path

import pytest
from avrorpc_codegen.breaking.git import GitError, repository
from support.history import History


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path / "project")


def test_a_tree_holds_the_contracts_and_settings_of_its_time_and_nothing_else(history: History) -> None:
    first = history.commit(
        {"a/x.avdl": "1", "b.avpr": "2", "pyproject.toml": "3", "a/pyproject.toml": "4", "other.py": "5"}
    )
    history.commit({"a/x.avdl": "new", "c.avsc": "new"})
    source = repository(history.folder / "a")
    assert source.top == history.folder.resolve()
    with source.tree(first) as tree:
        found = {p.relative_to(tree).as_posix(): p.read_text() for p in tree.rglob("*") if p.is_file()}
        assert found == {"a/x.avdl": "1", "b.avpr": "2", "pyproject.toml": "3", "a/pyproject.toml": "4"}
    assert not tree.exists()


def test_a_tree_without_contracts_is_an_empty_folder(history: History) -> None:
    with repository(history.folder).tree(history.commit({"x.py": ""})) as tree:
        assert list(tree.iterdir()) == []


def test_names_and_contents_of_all_kinds_come_out_as_they_were(history: History) -> None:
    files = {"with space/größe.avdl": "ü\nline\n\n", "new\nline.avdl": "", 'quote".avsc': "\n" * 3}
    commit = history.commit(files)
    with repository(history.folder).tree(commit) as tree:
        assert {p.relative_to(tree).as_posix(): p.read_text() for p in tree.rglob("*.av*")} == files


def test_links_are_followed_inside_the_repository_alone(history: History, tmp_path: Path) -> None:
    (tmp_path / "outside.avdl").write_text("secret")
    (history.folder / "real").mkdir()
    (history.folder / "links").symlink_to("real")
    (history.folder / "away.avdl").symlink_to("../outside.avdl")
    (history.folder / "absolute.avdl").symlink_to(tmp_path / "outside.avdl")
    commit = history.commit({"real/x.avdl": "1"})
    with repository(history.folder).tree(commit) as tree:
        assert (tree / "links" / "x.avdl").read_text() == "1"
        assert not (tree / "away.avdl").is_symlink()
        assert not (tree / "absolute.avdl").is_symlink()


def test_branches_tags_and_commits_are_found(history: History) -> None:
    first = history.commit({"x.avdl": "1"}, "v1")
    second = history.commit({"x.avdl": "2"})
    source = repository(history.folder)
    assert [source.find(name) for name in ("v1", first, first[:10], "HEAD~1")] == [first] * 4
    assert [source.find(name) for name in ("main", "HEAD")] == [second] * 2
    assert source.find("v2") is None
    assert source.find("--help") is None


def test_tags_come_by_version(history: History) -> None:
    for tag in ("v10", "v9", "v1.2", "other"):
        history.commit({"x.avdl": tag}, tag)
    source = repository(history.folder)
    assert source.tags("v*") == ["v1.2", "v9", "v10"]
    with pytest.raises(GitError, match="no tag matches 'w\\*'; run `git fetch --tags`"):
        source.tags("w*")


def test_a_name_that_git_does_not_know_gets_a_hint(history: History) -> None:
    history.commit({"x.avdl": ""}, "release-1")
    source = repository(history.folder)
    with pytest.raises(GitError, match="no commit called 'relase-1'; did you mean `release-1`"):
        source.commit("relase-1")
    with pytest.raises(GitError, match="run `git fetch --tags`"):
        source.commit("nothing-like-it")


def test_a_shallow_clone_is_told_how_to_fetch(history: History, tmp_path: Path) -> None:
    history.commit({"x.avdl": "1"}, "v1")
    history.commit({"x.avdl": "2"})
    history.git("clone", "--quiet", "--depth=1", f"file://{history.folder}", str(tmp_path / "clone"))
    source = repository(tmp_path / "clone")
    with pytest.raises(
        GitError, match=r"shallow .* run `git fetch --depth=1 origin v1`, or `git fetch --uns"
    ):
        source.commit("v1")
    with pytest.raises(GitError, match="`git fetch --depth=1 upstream topic`"):
        source.commit("upstream/topic")


def test_a_folder_without_a_repository_is_named(tmp_path: Path) -> None:
    with pytest.raises(GitError, match="is in no git repository"):
        repository(tmp_path)


def test_a_machine_without_git_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GitError, match="there is no `git` command"):
        repository(tmp_path)


def test_a_commit_that_cannot_be_read_says_what_git_said(history: History) -> None:
    history.commit({"x.avdl": "1"})
    source = repository(history.folder)
    with (
        pytest.raises(GitError, match=r"git ls-tree failed: .*Not a valid object name"),
        source.tree("nothing"),
    ):
        pass


def test_an_object_that_a_clone_lacks_is_named(history: History) -> None:
    commit = history.commit({"x.avdl": "1"})
    blob = history.git("rev-parse", "HEAD:x.avdl").strip()
    loose = history.folder / ".git" / "objects" / blob[:2] / blob[2:]
    loose.unlink()
    with (
        pytest.raises(GitError, match=r"lacks x\.avdl .* run `git fetch --refetch`"),
        repository(history.folder).tree(commit),
    ):
        pass


def test_a_hook_of_another_repository_does_not_mislead(
    history: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = history.commit({"x.avdl": "1"})
    monkeypatch.setenv("GIT_DIR", ".git")
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    assert repository(history.folder).find("main") == commit
