from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import avrorpc
import pytest
from avrorpc.codec.single_object import SingleObject
from avrorpc.schema import MAX_JSON_DEPTH, SchemaStore, parse_protocol
from avrorpc_codegen.contracts import Contracts
from avrorpc_codegen.diagnostic import Diagnostics
from avrorpc_codegen.json_output import as_text, compiled
from support.chains import LINKS, below, chain, circle
from support.contracts import generated, resolved
from support.serving import ServerThread

SHAPES = [*LINKS, "circle"]


def contract(shape: str, length: int) -> str:
    return circle(length) if shape == "circle" else chain(shape, length)


def read(folder: Path, text: str) -> tuple[Contracts, Diagnostics]:
    return resolved(folder, {"p.avdl": text})


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("length", [20, 128, 150])
def test_a_long_chain_of_types_is_written_and_read_back(tmp_path: Path, shape: str, length: int) -> None:
    contracts, diagnostics = read(tmp_path, contract(shape, length))
    assert not diagnostics.items
    text = below(100, lambda: as_text(compiled(contracts, next(iter(contracts.by_unit)))[0]))
    assert len(json.loads(text)["types"]) == 1
    assert len(below(100, lambda: parse_protocol(text)).types) == length
    contracts, diagnostics = below(100, lambda: resolved(tmp_path, {"p.avpr": text}))
    assert not diagnostics.items
    assert as_text(compiled(contracts, next(iter(contracts.by_unit)))[0]) == text


@pytest.mark.parametrize("shape", LINKS)
def test_the_compiler_lets_pass_what_the_runtime_reads_and_nothing_else(tmp_path: Path, shape: str) -> None:
    _, _, brackets = LINKS[shape]
    most = (MAX_JSON_DEPTH - 5) // brackets + 1
    contracts, diagnostics = read(tmp_path, chain(shape, most))
    assert not diagnostics.items
    declared = contracts.protocols["chain.Long"]
    assert len(parse_protocol(declared.text).types) == most
    _, diagnostics = read(tmp_path, chain(shape, most + 1))
    (finding,) = diagnostics.items
    problem = (
        f"the types of `chain.Long` form so long a chain that its JSON nests deeper than {MAX_JSON_DEPTH}"
    )
    assert (finding.rule.value, finding.message) == ("AVR108", problem)
    ends = [f"`chain.T{index}`" for index in (0, 1, 2, most - 2, most - 1, most)]
    more = f"{most - 5} more"
    assert finding.notes == (
        f"each is written whole inside the one before: {', '.join([*ends[:3], more, *ends[3:]])}",
    )
    assert finding.span is not None
    place = finding.span
    assert place.source.text[place.start : place.end] == f"T{most}"
    assert finding.help == "declare the inner ones before those that refer to them, or split the contract"


@pytest.mark.parametrize("shape", SHAPES)
def test_a_chain_that_nobody_could_read_is_one_diagnostic(tmp_path: Path, shape: str) -> None:
    _, diagnostics = below(100, lambda: read(tmp_path, contract(shape, 1000)))
    assert [item.rule.value for item in diagnostics.items] == ["AVR108"]


def test_json_that_is_deeper_than_any_contract_is_a_diagnostic(tmp_path: Path) -> None:
    _, diagnostics = resolved(tmp_path, {"p.avpr": '{"protocol":"P","types":' + "[" * 100_000})
    assert [item.rule.value for item in diagnostics.items] == ["AVR108"]


@pytest.mark.parametrize("shape", LINKS)
def test_in_the_other_order_the_same_types_do_not_nest(tmp_path: Path, shape: str) -> None:
    contracts, diagnostics = read(tmp_path, chain(shape, 1000, inner_first=True))
    assert not diagnostics.items
    assert len(parse_protocol(contracts.protocols["chain.Long"].text).types) == 1000


def test_a_file_of_types_may_nest_too_deeply_as_well(tmp_path: Path) -> None:
    records = [f"record R{i} {{ R{i + 1}? next; }}" for i in range(500)]
    text = f"namespace n; {' '.join(records)} record R500 {{}}"
    _, diagnostics = resolved(tmp_path, {"a.avdl": text})
    assert [item.rule.value for item in diagnostics.items] == ["AVR108"]
    _, diagnostics = resolved(tmp_path, {"a.avdl": text.replace("namespace n;", "namespace n; schema R0;")})
    assert [item.rule.value for item in diagnostics.items] == ["AVR108"]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder whose generated package `long` can be imported, and is forgotten afterwards."""
    folder = tmp_path / "code"
    monkeypatch.syspath_prepend(str(folder))
    yield folder
    for name in [name for name in sys.modules if name == "long_chain" or name.startswith("long_chain.")]:
        del sys.modules[name]


def imported(folder: Path, text: str) -> ModuleType:
    for name, source in generated(folder.parent / "contracts", {"p.avdl": text}, "long_chain").items():
        path = folder.joinpath(*name.split("."), "__init__.py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    importlib.invalidate_caches()
    return importlib.import_module("long_chain.chain")


def value(module: ModuleType, shape: str, length: int, depth: int) -> object:
    """Return a `T0` with so many records in each other; the last one is as empty as its type allows."""
    last = getattr(module, f"T{depth - 1}")
    if shape == "circle" or depth == length:
        inner = last(x="end")
    elif shape == "optional":
        inner = last()
    else:
        inner = last(next={} if "map" in shape else [])
    for index in reversed(range(depth - 1)):
        outer = getattr(module, f"T{index}")
        if shape == "circle":
            inner = outer(x="", **{f"f{index + 1}": inner})
        else:
            inner = outer(next={"k": inner} if "map" in shape else [inner] if "array" in shape else inner)
    return inner


@pytest.mark.parametrize(
    ("shape", "depth"),
    [
        ("optional", 120),
        ("circle", 120),
        ("required", 128),
        ("map", 60),
        ("array of optional", 60),
        ("map of optional", 60),
    ],
)
def test_a_long_chain_is_called_in_process_and_between_processes(
    package: Path, shape: str, depth: int
) -> None:
    length = 128 if shape == "required" else 150
    module = imported(package, contract(shape, length))
    sent = value(module, shape, length, depth)

    class Service(module.LongService):  # type: ignore[misc, name-defined]
        def ask(self, value: object) -> object:
            return value

    def check() -> None:
        with avrorpc.connect(module.LongClient, "verify:", target=Service()) as client:
            assert client.ask(sent) == sent
        with avrorpc.connect(module.LongClient, server.tcp) as client:
            assert client.ask(sent) == sent
        with avrorpc.connect(module.LongClient, server.spec) as client:
            assert client.ask(sent) == sent

    with ServerThread(Service()) as server:
        below(100, check)
    own = module.LongClient.__contract__
    outer = own.schema_of(module.T0)
    codec: SingleObject[object] = SingleObject(outer, own.types, writers=SchemaStore([outer]))
    assert below(100, lambda: codec.decode(codec.encode(sent))) == sent


def test_a_long_chain_of_errors_is_thrown_and_caught(package: Path) -> None:
    module = imported(package, chain("error", 150))
    thrown = value(module, "optional", 150, 100)

    class Service(module.LongService):  # type: ignore[misc, name-defined]
        def ask(self, x: str) -> str:
            assert isinstance(thrown, Exception)
            raise thrown

    with (
        ServerThread(Service()) as server,
        avrorpc.connect(module.LongClient, server.tcp) as client,
        pytest.raises(module.T0) as caught,
    ):
        client.ask("")
    depth, inner = 0, caught.value
    while inner is not None:
        depth, inner = depth + 1, inner.next
    assert depth == 100
