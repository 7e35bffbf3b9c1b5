"""What it takes to compile contracts and to generate code from them, as whole processes, and how it grows.

The start of an interpreter stands beside it, to be subtracted. The rival is Apache's own compiler of Avro
IDL, in one Java process for all files, where Debian's `libavro-compiler-java`, `libcommons-lang-java`,
`libslf4j-java` and a JDK are installed.
"""

from __future__ import annotations

import itertools
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from benchmarks.contracts import TYPES_EACH, write_contracts
from benchmarks.harness import Benchmark, Contender, Work

AVROGEN = Path(sysconfig.get_path("scripts")) / "avrogen"
JARS = [
    Path("/usr/share/java") / f"{name}.jar"
    for name in ("avro-compiler", "avro", "jackson-core-asl", "jackson-mapper-asl", "commons-lang")
]
JARS += [Path("/usr/share/java") / f"slf4j-{name}.jar" for name in ("api", "nop")]


def benchmark() -> Benchmark:
    """Return the benchmark."""
    contenders = [
        Contender("generate, 2,000 types", partial(generating, 100)),
        Contender("generate, 200 types", partial(generating, 10)),
        Contender("generate, 20,000 types", partial(generating, 1000)),
        Contender("generate --check, 2,000 types", partial(checking, 100)),
        Contender("compile, 2,000 types", partial(compiling, 100)),
    ]
    if shutil.which("javac") and all(jar.is_file() for jar in JARS):
        contenders.append(Contender("Apache's compiler, 2,000 types", partial(compiling_in_java, 100)))
    contenders.append(Contender("python -c pass", starting))
    return Benchmark(
        name="compile_contracts",
        title=f"Contracts of {TYPES_EACH} types each, a process per run",
        operation="run",
        contenders=contenders,
        packages=("avrorpc", "jinja2", "msgspec", "click"),
    )


@contextmanager
def generating(protocols: int) -> Iterator[Work]:
    """Generate everything anew."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_contracts(folder / "schemas", protocols)

        numbers = itertools.count()

        def work(count: int) -> None:
            for _ in range(count):
                _run(folder, AVROGEN, "generate", "schemas", "-o", f"generated{next(numbers)}")

        yield work


@contextmanager
def checking(protocols: int) -> Iterator[Work]:
    """Find that nothing is stale."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_contracts(folder / "schemas", protocols)
        _run(folder, AVROGEN, "generate", "schemas")

        def work(count: int) -> None:
            for _ in range(count):
                _run(folder, AVROGEN, "generate", "schemas", "--check")

        yield work


@contextmanager
def compiling(protocols: int) -> Iterator[Work]:
    """Translate to JSON."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_contracts(folder / "schemas", protocols)

        def work(count: int) -> None:
            for _ in range(count):
                _run(folder, AVROGEN, "compile", "schemas", "-o", "json")

        yield work


@contextmanager
def compiling_in_java(protocols: int) -> Iterator[Work]:
    """Translate to JSON with Apache's compiler."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_contracts(folder / "schemas", protocols)
        source = Path(__file__).parent / "java" / "CompileIdl.java"
        classes = ":".join(map(str, [folder, *JARS]))
        _run(folder, "javac", "-cp", classes, "-d", folder, source)

        def work(count: int) -> None:
            for _ in range(count):
                _run(folder, "java", "-cp", classes, "CompileIdl", "schemas", "json")

        yield work


@contextmanager
def starting() -> Iterator[Work]:
    """Start the interpreter."""

    def work(count: int) -> None:
        for _ in range(count):
            _run(Path.cwd(), sys.executable, "-c", "pass")

    yield work


def _run(folder: Path, *command: str | Path) -> None:
    subprocess.run([str(part) for part in command], cwd=folder, check=True, stdout=subprocess.DEVNULL)
