"""Older versions of files out of git, without touching the work tree.

Runs `git` itself, and only commands that read. Every problem is a `GitError` whose text says what to do.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Final

from avrorpc_codegen.diagnostic import did_you_mean
from avrorpc_codegen.loading import KINDS

_SETTINGS: Final = "pyproject.toml"
_LINK: Final = b"120000"
_OF_HOOKS: Final = frozenset({"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"})


class GitError(Exception):
    """Git cannot give what was asked for; the text says why, and the way out."""


@dataclass(slots=True, frozen=True)
class Repository:
    """A git repository with a work tree."""

    top: Path
    """The work tree's first folder."""

    def find(self, ref: str) -> str | None:
        """Return the commit that a branch, a tag or another name stands for, if there is one."""
        done = _git(self.top, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
        return done.stdout.decode().strip() if done.returncode == 0 else None

    def commit(self, ref: str) -> str:
        """Return the commit that a name stands for.

        Raises:
            GitError: There is none here.
        """
        found = self.find(ref)
        if found is not None:
            return found
        shallow = _git(self.top, "rev-parse", "--is-shallow-repository").stdout.strip() == b"true"
        if shallow:
            remote, slash, branch = ref.partition("/")
            fetch = f"git fetch --depth=1 {remote} {branch}" if slash else f"git fetch --depth=1 origin {ref}"
            advice = (
                f"this clone is shallow and may lack it: run `{fetch}`, or `git fetch --unshallow --tags`"
            )
        else:
            advice = did_you_mean(ref, self._names()) or "run `git fetch --tags` if it is elsewhere"
        raise GitError(f"git knows no commit called {ref!r}; {advice}")

    def tags(self, pattern: str) -> list[str]:
        """Return the tags that a pattern matches, the highest version last.

        Raises:
            GitError: There are none.
        """
        done = _git(self.top, "tag", "--list", "--sort=version:refname", "--", pattern)
        names = done.stdout.decode().split()
        if not names:
            raise GitError(f"no tag matches {pattern!r}; run `git fetch --tags` if they are elsewhere")
        return names

    @contextmanager
    def tree(self, commit: str) -> Iterator[Path]:
        """Give a folder with the contracts and the settings of a commit, in their places, for a while.

        Raises:
            GitError: Git cannot read the commit.
        """
        with TemporaryDirectory(prefix="avrogen-") as name:
            folder = Path(name).resolve()
            self._extract(commit, folder)
            yield folder

    def _extract(self, commit: str, folder: Path) -> None:
        listed = _checked(self.top, "ls-tree", "-r", "-z", "--full-tree", commit)
        entries: list[tuple[bytes, bytes, PurePosixPath]] = []
        for entry in listed.split(b"\0"):
            head, _, raw = entry.partition(b"\t")
            path = PurePosixPath(os.fsdecode(raw))
            mode, _, rest = head.partition(b" ")
            is_wanted = path.suffix in KINDS or path.name == _SETTINGS or mode == _LINK
            if rest.startswith(b"blob ") and is_wanted and ".." not in path.parts:
                entries.append((mode, rest.partition(b" ")[2], path))
        asked = b"".join(b"%s\n" % entry[1] for entry in entries)
        answer = _checked(self.top, "cat-file", "--batch", given=asked)
        position = 0
        for mode, _, path in entries:
            end = answer.index(b"\n", position)
            size_text = answer[position:end].rpartition(b" ")[2]
            if not size_text.isdigit():
                raise GitError(f"this clone lacks {path} of {commit}; run `git fetch --refetch`")
            size = int(size_text)
            data = answer[end + 1 : end + 1 + size]
            position = end + 2 + size
            _write(folder, path, data, is_link=mode == _LINK)

    def _names(self) -> list[str]:
        done = _git(
            self.top, "for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/tags", "refs/remotes"
        )
        return done.stdout.decode(errors="replace").split()


def repository(path: Path) -> Repository:
    """Return the repository that a file or a folder lies in.

    Raises:
        GitError: It lies in none, or there is no git.
    """
    folder = next(place for place in (path, *path.parents) if place.is_dir())
    done = _git(folder, "rev-parse", "--show-toplevel")
    if done.returncode == 0:
        return Repository(Path(os.fsdecode(done.stdout.rstrip(b"\n"))).resolve())
    said = done.stderr.decode(errors="replace").strip().splitlines()
    reason = said[0].removeprefix("fatal: ") if said else "git gave no reason"
    raise GitError(f"{folder} is in no git repository ({reason}); name a folder or a file instead")


def _write(folder: Path, path: PurePosixPath, data: bytes, *, is_link: bool) -> None:
    place = folder / path
    if is_link:
        target = os.path.normpath(place.parent / os.fsdecode(data))
        if not Path(target).is_relative_to(folder):
            return  # What lies outside the repository is no part of its history.
    place.parent.mkdir(parents=True, exist_ok=True)
    if is_link:
        place.symlink_to(os.fsdecode(data))
    else:
        place.write_bytes(data)


def _checked(folder: Path, *arguments: str, given: bytes = b"") -> bytes:
    done = _git(folder, *arguments, given=given)
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip()
        raise GitError(f"git {arguments[0]} failed: {said or done.returncode}")
    return done.stdout


def _git(folder: Path, *arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    # A hook of git sets these, and they would point at its repository from wherever a command runs.
    inherited = {name: value for name, value in os.environ.items() if name not in _OF_HOOKS}
    environment = {**inherited, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"}
    command = ["git", "-C", str(folder), *arguments]
    try:
        return subprocess.run(command, input=given, capture_output=True, check=False, env=environment)  # noqa: S603
    except FileNotFoundError:
        raise GitError("there is no `git` command; install git, or name a folder or a file") from None
