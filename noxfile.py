"""Everything that is run here: `nox --list` names it, `nox -s NAME` runs it in an environment of its own."""

import shutil
from pathlib import Path

import nox

nox.options.sessions = ["tests", "lint", "types", "generate"]
nox.options.reuse_existing_virtualenvs = True
nox.options.default_venv_backend = "virtualenv"

TORCH = "torch==2.13.0"  # named in full, so that no package's range picks a larger build
TESTED = "tests/schemas -o tests/generated --package testcontracts"
LOADS = "benchmarks/schemas -o benchmarks --package loadcontracts"
RUFF, MYPY, PYRIGHT = "ruff==0.17.5", "mypy==2.4.1", "pyright==1.1.414"


def install(session: nox.Session, *packages: str) -> None:
    """Install packages, and forget the PYTHONPATH that the README's command sets for nox alone."""
    session.env["PYTHONPATH"] = ""
    session.install("-q", *packages)


@nox.session
def demo(session: nox.Session) -> None:
    """Generate, serve, and call a language model at every distance. Takes a prompt: `-- "Return the"`."""
    install(session, TORCH, "-e", ".[llm,speed]")
    session.run("avrogen", "generate")
    session.run("python", "examples/demo.py", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests; arguments go to pytest."""
    install(session, TORCH, "-e", ".[llm,speed,test]", RUFF, MYPY, PYRIGHT)
    session.run("pytest", *session.posargs, env={"HF_HUB_OFFLINE": "1"})


@nox.session
def contracts(session: nox.Session) -> None:
    """Check the contracts, whom changes break, that code is fresh, and that placements keep them."""
    install(session, TORCH, "-e", ".[llm,speed,test]")
    session.run("python", "tests/suites.py", "contracts")


@nox.session
def long(session: nox.Session) -> None:
    """Run whole what `tests` runs a part of; arguments name the suites, none means all."""
    install(session, TORCH, "-e", ".[llm,speed,test,fuzz,rest-tools]")
    session.run("python", "tests/suites.py", *(session.posargs or ["long"]))


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and format."""
    install(session, RUFF)
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")


@nox.session
def types(session: nox.Session) -> None:
    """Check types with mypy and pyright."""
    install(session, TORCH, "-e", ".[llm,speed,bench,test]", "nox", MYPY, PYRIGHT)
    session.run("mypy")
    session.run("pyright")


@nox.session
def generate(session: nox.Session) -> None:
    """Generate code from the contracts; `-- --check` only compares."""
    install(session, "-e", ".")
    for which in ("", TESTED, LOADS):
        session.run("avrogen", "generate", *which.split(), *session.posargs)


@nox.session
def wheel(session: nox.Session) -> None:
    """Build the wheel, install it alone, and use it from an empty folder."""
    install(session, "build")
    shutil.rmtree("dist", ignore_errors=True)
    session.run("python", "-m", "build", "--wheel")
    install(session, "--force-reinstall", *map(str, Path("dist").glob("*.whl")))
    session.chdir(session.create_tmp())
    session.run("python", "-c", "import avrorpc_contracts.llm, avrorpc_codegen, avrorpc_services")


@nox.session
def interop(session: nox.Session) -> None:
    """Test against other implementations of Avro's RPC, which are fetched once into the session's folder."""
    install(session, "-e", ".[speed,test]")
    session.run("python", "tests/interop/install.py", session.create_tmp(), "pytest", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure; arguments name the benchmarks, none means all."""
    install(session, TORCH, "-e", ".[llm,speed,bench]")
    session.run("python", "benchmarks/run.py", *session.posargs)
