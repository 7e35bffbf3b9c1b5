from __future__ import annotations

from pathlib import Path

from avrorpc_codegen.config import Config, Target
from avrorpc_codegen.reference.code import text_of
from avrorpc_codegen.reference.python_side import PythonSide
from support.contracts import generated, write
from support.reference import config, protocol, read


def side(folder: Path, files: dict[str, str]) -> PythonSide:
    write(folder, files)
    return PythonSide(read(folder), config(folder))


def test_a_signature_is_what_the_generator_writes(tmp_path: Path) -> None:
    body = 'record R {} R get(int `def`, R other = {}, string text = "a"); void tell() oneway;'
    module = generated(tmp_path, protocol(body))["out.n"]
    signatures = side(tmp_path, protocol(body)).signatures("n.P")
    for code in signatures.values():
        assert text_of(code).replace("\n", "\n    ") in module
    assert [piece.text for piece in signatures["get"] if piece.target] == ["R", "R"]


def test_a_signature_of_a_stream_is_the_synchronous_callers(tmp_path: Path) -> None:
    body = """
    @stream("response") int down(int a);
    @stream("request") int up(int a, string item);
    @stream("both") int both(int a, string item);
    """
    signatures = side(tmp_path, protocol(body)).signatures("n.P")
    assert [text_of(code) for code in signatures.values()] == [
        "def down(self, a: int) -> Iterator[int]",
        "def up(self, a: int, item: Iterable[str]) -> int",
        "def both(self, a: int) -> stub.BidiStream[str, int]",
    ]


def test_a_first_call_names_the_client_and_its_package(tmp_path: Path) -> None:
    usage = side(tmp_path, protocol("")).usage("n.P")
    assert usage is not None
    lines = text_of(usage).split("\n")
    assert lines[:2] == ["from avrorpc import connect", "from out.n import PClient"]
    assert lines[3] == 'client = connect(PClient, "tcp://localhost:9000")'


def test_types_that_exist_elsewhere_are_named_from_there(tmp_path: Path) -> None:
    files = {"a.avdl": 'namespace n; import idl "avrorpc/tensor.avdl"; record R { avrorpc.Tensor t; }'}
    python = side(tmp_path, files)
    assert python.type_name("avrorpc.Tensor") == "avrorpc.tensor.Tensor"
    assert python.type_name("n.R") == "out.n.R"
    assert python.type_name("n.Other") == ""


def test_what_the_generator_refuses_has_no_python(tmp_path: Path) -> None:
    python = side(tmp_path, {"p.avdl": "protocol P { record R {} void go(); }"})
    assert python.diagnostics.has_errors
    assert (python.type_name("R"), python.usage("P"), python.signatures("P")) == ("", None, {})


def test_one_refused_protocol_takes_nothing_from_the_others(tmp_path: Path) -> None:
    files = {
        "a.avdl": '@namespace("n") protocol A { record R {} void go(date day = 2147483647); }',
        "b.avdl": '@namespace("n") protocol B { void go(); }',
    }
    python = side(tmp_path, files)
    assert python.signatures("n.A") == {}
    assert python.diagnostics.has_errors
    assert list(python.signatures("n.B")) == ["go"]
    assert python.type_name("n.R") == "out.n.R"


def test_a_protocol_that_no_target_takes_has_no_python(tmp_path: Path) -> None:
    write(tmp_path, protocol("void go();"))
    settings = Config(tmp_path, (Target("out", tmp_path / "to"),), {"n": "elsewhere.n"})
    python = PythonSide(read(tmp_path), settings)
    assert python.usage("n.P") is None
    assert python.signatures("n.P") == {}
    assert not python.diagnostics.items
