"""Names that mean something to Python or to the runtime are names like any other, in every placement."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import contextmanager

import avrorpc
import pytest
from support.serving import ServerThread
from testcontracts.hard import import_ as hard


class Service(hard.HardService):
    """Answers with what it was given."""

    def import_(
        self,
        self_: int,
        class_: int,
        match: str,
        *,
        list_: list[int] | None = None,
        Kind: hard.Kind = hard.Kind.name_,  # noqa: N803 - as in the contract
    ) -> hard.class_:
        texts = [match, *map(str, [1] if list_ is None else list_)]
        inner = hard.class_(class__=self_)
        return hard.class_(
            class__=class_, list_=texts, self=inner, datetime_=datetime.date(2020, 2, 29), Kind_=Kind
        )

    def close(self, url: str) -> str:
        return f"closed {url}"

    def connect(self, *, timeout: int = 3) -> str:
        return f"connected in {timeout}"

    def describe(self) -> str:
        return "described"

    def call_(self, x_: int, *, cls: int = 0) -> int:
        return x_ + cls

    def enter_(self) -> int:
        return 1

    def raise_(self, args: str, message: str) -> None:
        raise hard.Exception(args_=args, message=message)


@contextmanager
def connected(placement: str) -> Iterator[hard.Hard]:
    service = Service()
    if placement in ("direct", "local", "verify"):
        yield avrorpc.connect(hard.HardClient, f"{placement}:", target=service)
        return
    with (
        ServerThread(service) as server,
        avrorpc.connect(hard.HardClient, getattr(server, placement)) as client,
    ):
        yield client


@pytest.mark.parametrize("placement", ["direct", "local", "verify", "tcp", "spec", "http"])
def test_hard_names_are_names_like_any_other(placement: str) -> None:
    with connected(placement) as client:
        day = datetime.date(2020, 2, 29)
        assert client.import_(1, 2, "m", list_=[3], Kind=hard.Kind.x_) == hard.class_(
            class__=2, list_=["m", "3"], self=hard.class_(class__=1), datetime_=day, Kind_=hard.Kind.x_
        )
        assert client.import_(1, 2, "m").list_ == ["m", "1"]
        assert client.close("here") == "closed here"
        assert (client.connect(), client.connect(timeout=4)) == ("connected in 3", "connected in 4")
        assert client.describe() == "described"
        assert (client.call_(1, cls=2), client.enter_()) == (3, 1)
        with pytest.raises(hard.Exception) as caught:
            client.raise_("a", "b")
        assert (caught.value.args_, caught.value.code, caught.value.message) == ("a", 1, "b")


def test_on_the_wire_names_are_the_contracts() -> None:
    assert list(hard.HARD.methods) == [
        "import",
        "close",
        "connect",
        "describe",
        "__call__",
        "__enter__",
        "raise",
    ]
    assert hard.HARD.methods["__call__"].attribute == "call_"
    assert [field.name for field in hard.HARD.methods["import"].message.request][:2] == ["self", "class"]
