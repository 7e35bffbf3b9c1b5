"""What generated code stands on."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from avrorpc import stub
from avrorpc.stub import AsyncClient, Client, Service, require_level
from avrorpc_codegen import view
from support.processes import ROOT, environment

GENERATED = ROOT / "tests" / "generated" / "testcontracts" / "conformance" / "__init__.py"
INTERFACE = """\
AsyncChannel
AsyncChannel.__call__(self, method: 'Method[R]', /, *arguments: 'Any') -> 'R'
AsyncChannel.iterate(self, method: 'Method[R]', /, *arguments: 'Any') -> 'AsyncIterator[R]'
AsyncChannel.close(self) -> 'Awaitable[None]'
AsyncClient
AsyncClient.__init__(self, channel: 'AsyncChannel') -> 'None'
BidiStream
BidiStream.close(self) -> 'None'
Channel
Channel.__call__(self, method: 'Method[R]', /, *arguments: 'Any') -> 'R'
Channel.iterate(self, method: 'Method[R]', /, *arguments: 'Any') -> 'Iterator[R]'
Channel.converse(self, method: 'Method[R]', /, *arguments: 'Any') -> 'BidiStream[Any, R]'
Channel.close(self) -> 'None'
Client
Client.__init__(self, channel: 'Channel') -> 'None'
Contract
Contract.__init__(self, name: 'str', text: 'str', *, types: 'Callable[[], Mapping[str, type]]', examples: 'tuple[str, str] | None' = None) -> 'None'
Contract.method(self, name: 'str', *, attribute: 'str | None' = None, item: 'str | None' = None) -> 'Method[Any]'
DeclaredError
Duration
Incoming
LEVEL
Method
NumberArray
Service
require_level(level: 'int') -> 'None'
"""  # noqa: E501 - signatures as they are
"""What code of this level stands on. Where this has to change, and code made before no longer runs, raise
`LEVEL`, here and in the compiler, and generate everything again."""
USED = ("__init__", "__call__", "iterate", "converse", "method", "close")


def test_code_of_this_level_is_served() -> None:
    require_level(stub.LEVEL)


@pytest.mark.parametrize(
    ("level", "advice"),
    [
        (stub.LEVEL + 1, "upgrade avrorpc, or run `avrogen generate` with the version that is installed"),
        (stub.LEVEL - 1, "run `avrogen generate` again, or upgrade the package that this code comes with"),
    ],
)
def test_code_of_another_level_is_refused_in_one_sentence(level: int, advice: str) -> None:
    with pytest.raises(ImportError) as caught:
        require_level(level)
    said = (
        f"this code was generated for level {level} of avrorpc's runtime, which is at level {stub.LEVEL} here"
    )
    assert str(caught.value) == f"{said}: {advice}"


def interface() -> Iterator[str]:
    for name in sorted(stub.__all__):
        item = getattr(stub, name)
        yield f"{name}{inspect.signature(item)}" if inspect.isfunction(item) else name
        for used in USED if inspect.isclass(item) and item is not stub.Method else ():
            function = vars(item).get(used)
            if inspect.isfunction(function) and function.__module__ in ("avrorpc.stub", "avrorpc.method"):
                yield f"{name}.{used}{inspect.signature(function)}"


def test_the_interface_is_that_of_its_level() -> None:
    assert (stub.LEVEL, "\n".join(interface()) + "\n") == (4, INTERFACE)


def test_the_compiler_writes_for_the_runtime_that_it_comes_with() -> None:
    assert view.LEVEL == stub.LEVEL
    assert f"\nstub.require_level({stub.LEVEL})\n" in GENERATED.read_text()


def test_code_of_level_1_ends_at_import_with_the_sentence_and_nothing_else(tmp_path: Path) -> None:
    # It gave the classes themselves, where a function that finds them is called now.
    old = GENERATED.read_text().replace("stub.require_level(4)", "stub.require_level(1)")
    assert "types=lambda: {" in old
    (tmp_path / "old.py").write_text(old.replace("types=lambda: {", "types={"))
    done = subprocess.run(
        [sys.executable, "-c", "import old"], cwd=tmp_path, env=environment(), capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "ImportError: this code was generated for level 1 of avrorpc's runtime, which is at level 4 here:"
        " run `avrogen generate` again, or upgrade the package that this code comes with"
    )


def test_what_generated_classes_derive_from_has_no_public_name() -> None:
    for base in (Client, AsyncClient, Service):
        assert [name for name in dir(base) if not name.startswith("_")] == []


class Recording:
    """A channel that only notes that it was closed."""

    def __init__(self) -> None:
        self.closed = False

    def __repr__(self) -> str:
        return "nowhere"

    def __call__(self, method: Any, /, *arguments: Any) -> Any:
        raise NotImplementedError

    def iterate(self, method: Any, /, *arguments: Any) -> Any:
        raise NotImplementedError

    def converse(self, method: Any, /, *arguments: Any) -> Any:
        raise NotImplementedError

    def close(self) -> Any:
        self.closed = True
        return self._done()

    async def _done(self) -> None:
        return


def test_a_client_closes_with_its_block() -> None:
    class Channel(Recording):
        def close(self) -> None:
            self.closed = True

    channel = Channel()
    with Client(channel) as client:
        assert repr(client) == "<Client nowhere>"
        assert not channel.closed
    assert channel.closed


async def test_an_asynchronous_client_closes_with_its_block() -> None:
    channel = Recording()
    async with AsyncClient(channel) as client:
        assert repr(client) == "<AsyncClient nowhere>"
    assert channel.closed


def test_a_skeleton_cannot_be_made_before_it_is_filled() -> None:
    from testcontracts.small import SmallService  # noqa: PLC0415 - the module is what is tested

    with pytest.raises(TypeError, match="abstract"):
        SmallService()  # type: ignore[abstract]
