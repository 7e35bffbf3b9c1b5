"""Who may import whom. The drawing is in the table; the test walks every import of every module."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RUNTIME = ROOT / "runtime" / "avrorpc"

NOUNS = {"errors", "status", "limits", "principal", "schema", "examples", "method", "call", "service"}
SANS_IO = {"codec", "wire"}
ALLOWED: dict[str, set[str]] = {
    # The nouns, each on those before it.
    "errors": set(),
    "limits": set(),
    "principal": set(),
    "schema": {"errors"},
    "examples": {"errors", "schema"},
    "method": {"errors", "schema", "examples"},
    "status": {"errors"},
    "call": {"errors", "method", "principal"},
    "service": {"errors", "call"},
    # Bytes, without anything that moves them.
    "codec": {"errors", "limits", "schema"},
    "wire": {"errors", "limits", "principal", "schema", "codec"},
    # What moves them.
    "transport": {"errors", "limits", "principal", "status", "wire"},
    # What generated code stands on, and what it is made of.
    "stub": {"errors", "method", "codec"},
    "contracts": {"stub"},
    "dlpack": set(),
    "tensor": {"contracts", "dlpack"},
    "outline": {"schema", "method", "contracts"},
    "any_record": {"errors", "limits", "schema", "method", "codec", "contracts"},
    "error_details": {"errors", "limits", "schema", "method", "codec", "contracts", "any_record"},
    # Implementations.
    "driving": {"errors"},
    "streaming": {"errors", "call", "driving"},
    "failure": {"errors", "limits", "method", "error_details"},
    "rehearsal": {"errors", "schema", "examples", "method", "codec"},
    "binding": {"errors", "method", "service", "stub"},
    # Written against Service alone.
    "middleware": {
        "errors",
        "schema",
        "method",
        "principal",
        "call",
        "service",
        "codec",
        "contracts",
        "failure",
    },
}
ENDS = {*ALLOWED, "client", "server"} - {"middleware"}
ALLOWED["client"] = ENDS - {"server"}
ALLOWED["server"] = (ENDS - {"client"}) | {"middleware"}  # it counts its calls
# What tests services may use all of it; nothing here uses it.
ALLOWED["testing"] = {*ENDS, "testing", "middleware"}
ALLOWED["dual"] = {*ENDS, "dual"}

OUTSIDE = {
    "msgspec": {"schema", "codec", "contracts", "client"},
    "aiohttp": {
        "dual/carriers.py",
        "transport/http.py",
        "transport/http_faults.py",
        "transport/http_session.py",
        "transport/websocket.py",
    },
    "yarl": {"dual/carriers.py"},
    "h11": {"transport/http_blocking.py", "transport/http_pipe.py"},
    "httptools": {"transport/http_reader.py"},
    "wsproto": {"transport/websocket_blocking.py", "transport/websocket_server.py"},
    "hypothesis": {"testing/strategies.py"},
    "pytest": {"testing/plugin.py", "testing/example_items.py"},
    "opentelemetry": {"middleware/tracing.py", "middleware/metrics.py"},
}
# Middleware that waits on an event loop; all other is driven by hand in synchronous clients, too.
ON_A_LOOP = {f"middleware/{name}.py" for name in ("cache", "concurrency", "hedging", "waiting")}
CLOCKS_AND_LOOPS = {"asyncio", "select", "selectors", "socket", "ssl", "threading", "time", "concurrent"}


def imports(path: Path) -> Iterator[str]:
    """Yield the full name of whatever a file imports, wherever in it, but for the type checkers' alone."""
    waiting: list[ast.AST] = [ast.parse(path.read_text())]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif not isinstance(node, ast.If) or ast.unparse(node.test) != "TYPE_CHECKING":
            waiting.extend(ast.iter_child_nodes(node))


def modules(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


RUNTIME_MODULES = [path for path in modules("runtime") if path != RUNTIME / "__init__.py"]


def layer(path: Path) -> str:
    return path.relative_to(RUNTIME).parts[0].removesuffix(".py")


def test_the_table_names_every_part_of_the_runtime() -> None:
    assert {layer(path) for path in RUNTIME_MODULES} == set(ALLOWED)


@pytest.mark.parametrize("path", RUNTIME_MODULES, ids=lambda path: str(path.relative_to(RUNTIME)))
def test_a_module_of_the_runtime_imports_only_what_lies_below_it(path: Path) -> None:
    own = layer(path)
    for name in imports(path):
        first, *rest = name.split(".")
        if first == "avrorpc":
            assert rest[0] in ALLOWED[own] | {own}, f"{own} imports {name}"
        elif first not in sys.stdlib_module_names:
            within = OUTSIDE.get(first, set())
            assert own in within or str(path.relative_to(RUNTIME)) in within, f"{own} imports {name}"
        elif own in SANS_IO | NOUNS - {"call"}:
            assert first not in CLOCKS_AND_LOOPS, f"{own} imports {name}"
        elif own == "middleware" and str(path.relative_to(RUNTIME)) not in ON_A_LOOP:
            assert first not in CLOCKS_AND_LOOPS - {"threading"}, f"{path.name} imports {name}"


@pytest.mark.parametrize("path", modules("codegen"), ids=lambda path: str(path.relative_to(ROOT / "codegen")))
def test_the_compiler_knows_of_the_runtime_its_schemas_alone(path: Path) -> None:
    used = {".".join(name.split(".")[:2]) for name in imports(path) if name.split(".")[0] == "avrorpc"}
    if "command" not in path.parts:
        assert used <= {"avrorpc.schema", "avrorpc.errors", "avrorpc.examples"}
    assert not any(name.startswith(("avrorpc_contracts", "avrorpc_services")) for name in imports(path))


def test_nobody_but_the_services_imports_torch_or_its_kin() -> None:
    heavy = {"torch", "transformers", "tokenizers", "safetensors", "numpy"}
    for path in [*modules("runtime"), *modules("codegen"), *modules("generated")]:
        assert not {name.split(".")[0] for name in imports(path)} & heavy, path


def test_the_runtime_and_what_is_generated_never_import_the_compiler() -> None:
    for path in [*modules("runtime"), *modules("generated"), *modules("services")]:
        assert not {name.split(".")[0] for name in imports(path)} & {"avrorpc_codegen", "jinja2"}, path


def test_generated_code_imports_stubs_and_types_alone() -> None:
    allowed = {"avrorpc.stub", "avrorpc.contracts", "avrorpc.tensor"}
    for path in modules("generated"):
        for name in imports(path):
            first = name.split(".")[0]
            if first == "avrorpc":
                assert ".".join(name.split(".")[:2]) in allowed
            else:
                assert first in {*sys.stdlib_module_names, "msgspec", "avrorpc_contracts"}
