"""What generated code stands on."""

from __future__ import annotations

from typing import Any

import pytest
from avrorpc import stub
from avrorpc.stub import AsyncClient, Client, Service, require_level


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
