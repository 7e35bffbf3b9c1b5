"""A distribution of somebody else: built from our wheel and a third one, installed, and called over TCP.

Nothing of this repository is on Python's path: only what the wheels hold.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.contracts import write
from support.projects import environment, names, run, unpack, wheel

CONTRACT = """
/** Cover pictures of the books on a shelf. */
@namespace("second")
protocol Covers {
  import idl "avrorpc/tensor.avdl";
  import idl "book_shelf/book.avdl";

  /** The book has no cover. */
  error NoCover { book_shelf.Book book; }

  /** Return a cover, twice as bright. */
  avrorpc.Tensor brighten(book_shelf.Book book, avrorpc.Tensor cover) throws NoCover;
}
"""
PYPROJECT = """
[build-system]
requires = ["hatchling", "avrorpc", "book-shelf"]
build-backend = "hatchling.build"

[project]
name = "second"
version = "1.0"
dependencies = ["avrorpc", "book-shelf"]

[tool.hatch.build.hooks.avrogen]

[tool.hatch.build.targets.wheel]
packages = ["src/second"]

[[tool.avrogen.targets]]
namespaces = ["second"]
package = "second.contracts"
output = "src"
"""
SERVICE = '''
"""Brightens covers."""

from avrorpc import Tensor
from book_shelf.contracts import Book

from second.contracts import CoversService, NoCover


class Brightener(CoversService):
    """Doubles every byte."""

    def brighten(self, book: Book, cover: Tensor) -> Tensor:
        """Return a cover, twice as bright."""
        if not cover.shape:
            raise NoCover(book=book)
        return Tensor(dtype=cover.dtype, shape=cover.shape, data=bytes(2 * b for b in bytes(cover.data)))
'''
CLIENT = """
import sys

from avrorpc import DType, Tensor, connect
from book_shelf.contracts import Book, Place
from second.contracts import CoversClient, NoCover

lent = Book(title="Nostromo", place=Place.LENT, reader="Ada")
with connect(CoversClient, sys.argv[1], timeout=20) as covers:
    bright = covers.brighten(lent, Tensor(dtype=DType.UINT8, shape=[2, 2], data=bytes([1, 2, 3, 100])))
    assert (bright.dtype, bright.shape, list(bright.data)) == (DType.UINT8, [2, 2], [2, 4, 6, 200])
    try:
        covers.brighten(lent, Tensor(dtype=DType.UINT8, shape=[], data=bytes([1])))
    except NoCover as error:
        assert error.book == lent
        assert type(error.book) is Book
        print("right")
"""


@pytest.fixture(scope="module")
def third(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project as `avrogen init` makes it, installed beside nothing else."""
    folder = tmp_path_factory.mktemp("third")
    run("avrorpc_codegen", "init", "book-shelf", folder=folder, path=(site,))
    built = wheel(folder / "book-shelf", site)
    assert "book_shelf/contracts/schemas/book_shelf/book.avdl" in names(built)
    unpack(built, folder / "site")
    return folder / "site"


@pytest.fixture(scope="module")
def second(site: Path, third: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The second distribution, installed."""
    folder = tmp_path_factory.mktemp("second")
    project = folder / "project"
    files = {
        "pyproject.toml": PYPROJECT,
        "schemas/second/covers.avdl": CONTRACT,
        "src/second/__init__.py": "",
        "src/second/service.py": SERVICE,
    }
    write(project, files)
    generated = run("avrorpc_codegen", "generate", folder=project, path=(site, third)).stdout
    assert "from avrorpc 0.1.0: avrorpc/tensor.avdl\n" in generated
    assert "from book-shelf 0.1.0: book_shelf/book.avdl\n" in generated
    code = (project / "src" / "second" / "contracts" / "__init__.py").read_text()
    assert "import book_shelf.contracts\n" in code
    assert "class Book(" not in code
    assert "class Tensor(" not in code
    unpack(wheel(project, site, third), folder / "site")
    return folder / "site"


@pytest.fixture
def url(site: Path, third: Path, second: Path, tmp_path: Path) -> Iterator[str]:
    """The address of the implementation, served by a process of its own."""
    arguments = ["serve", "second.service:Brightener", "--tcp", "127.0.0.1:0"]
    with subprocess.Popen(
        [sys.executable, "-m", "avrorpc_codegen", *arguments],
        cwd=tmp_path,
        env=environment(site, third, second),
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        try:
            assert server.stdout is not None
            ready, address, *_ = server.stdout.readline().split()
            assert ready == "ready"
            yield address
        finally:
            server.terminate()
    assert server.returncode == 0


def test_its_client_calls_its_implementation_over_tcp(
    url: str, site: Path, third: Path, second: Path, tmp_path: Path
) -> None:
    write(tmp_path, {"client.py": CLIENT})
    command = [sys.executable, "client.py", url]
    path = environment(site, third, second)
    done = subprocess.run(command, cwd=tmp_path, env=path, capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("right\n", "")


def test_nothing_of_this_repository_is_used(site: Path, third: Path, second: Path) -> None:
    code = (
        "import avrorpc, avrorpc_codegen, book_shelf, second\n"
        "print(*(m.__file__ for m in (avrorpc, avrorpc_codegen, book_shelf, second)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(site, third, second), capture_output=True, text=True
    )
    homes = [site, site, third, second]
    assert all(Path(file).is_relative_to(home) for file, home in zip(done.stdout.split(), homes, strict=True))


def test_a_contract_that_needs_a_package_that_is_not_there_says_so(site: Path, tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": PYPROJECT, "schemas/second/covers.avdl": CONTRACT})
    done = run("avrorpc_codegen", "generate", folder=tmp_path, path=(site,), status=1)
    assert "covers.avdl:6:14: error[AVR201]: there is no file 'book_shelf/book.avdl'" in done.stderr
    assert "= note: no installed package shares it" in done.stderr
