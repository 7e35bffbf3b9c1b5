from __future__ import annotations

import asyncio
import importlib
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.contracts import generated

CONTRACT = """
    record Point { int x = 0; }
    error Bad { string message; }
    /** Adds. */
    int add(/** First. */ int a, int b = 2) throws Bad;
    void tell(string text) oneway;
    /** Counts. */
    @stream("response") Point count(/** Until. */ int to = 3) throws Bad;
    @stream("request") int sum(int start = 0, /** One number. */ int number);
    @stream("both") Point talk(string room, /** One point. */ Point class);
    Point move(Point start = {"x": 1}, array<int> steps = [1, 2], int? limit = null, int last);
    array<string> list(array<string> self, string Point = "p", Point Point_ = {});
"""


class Recorder:
    """A channel that returns what it was given."""

    def __call__(self, method: Any, /, *arguments: Any) -> Any:
        return method.name, arguments

    def iterate(self, method: Any, /, *arguments: Any) -> Any:
        return "iterate", method.name, arguments

    def converse(self, method: Any, /, *arguments: Any) -> Any:
        return "converse", method.name, arguments

    def close(self) -> None:
        pass


class AsyncRecorder:
    async def __call__(self, method: Any, /, *arguments: Any) -> Any:
        return method.name, arguments

    def iterate(self, method: Any, /, *arguments: Any) -> Any:
        return "iterate", method.name, arguments

    async def close(self) -> None:
        pass


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    generated(tmp_path, {"a.avdl": f'@namespace("n") protocol Thing {{ {CONTRACT} }}'}, "view_out")
    source = generated_text(tmp_path)
    path = tmp_path / "view_out.py"
    path.write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("view_out")
    del sys.modules["view_out"]


def generated_text(folder: Path) -> str:
    return generated(folder, {}, "view_out")["view_out.n"]


def test_clients_pass_arguments_in_the_order_of_the_message(module: Any) -> None:
    client = module.ThingClient(Recorder())
    assert client.add(1) == ("add", (1, 2))
    assert client.add(1, b=3) == ("add", (1, 3))
    assert client.tell("x") is None
    assert client.move(last=5) == ("move", (module.Point(x=1), [1, 2], None, 5))
    assert client.move(last=5, steps=[], limit=3) == ("move", (module.Point(x=1), [], 3, 5))
    assert client.list_(["a"]) == ("list", (["a"], "p", module.Point()))


def test_defaults_are_made_for_each_call(module: Any) -> None:
    client = module.ThingClient(Recorder())
    first, second = (client.move(last=1)[1][1] for _ in range(2))
    assert first == second
    assert first is not second


def test_asynchronous_clients_do_the_same(module: Any) -> None:
    client = module.AsyncThingClient(AsyncRecorder())
    assert asyncio.run(client.add(1)) == ("add", (1, 2))
    assert asyncio.run(client.tell("x")) is None


def test_clients_pass_streams_on_to_what_is_made_for_them(module: Any) -> None:
    client, other = module.ThingClient(Recorder()), module.AsyncThingClient(AsyncRecorder())
    items = [1, 2]
    assert client.count() == other.count() == ("iterate", "count", (3,))
    assert client.sum(number=items) == ("sum", (0, items))
    assert asyncio.run(other.sum(start=1, number=items)) == ("sum", (1, items))
    assert client.talk("a") == ("converse", "talk", ("a",))
    assert other.talk("a", items) == ("iterate", "talk", ("a", items))


@pytest.mark.parametrize(
    ("owner", "count", "total", "talk"),
    [
        (
            "Thing",
            "(self, *, to: 'int' = 3) -> 'Iterator[Point]'",
            "(self, *, start: 'int' = 0, number: 'Iterable[int]') -> 'int'",
            "(self, room: 'str') -> 'stub.BidiStream[Point, Point]'",
        ),
        (
            "AsyncThing",
            "(self, *, to: 'int' = 3) -> 'AsyncIterator[Point]'",
            "(self, *, start: 'int' = 0, number: 'AsyncIterable[int]') -> 'int'",
            "(self, room: 'str', class_: 'AsyncIterable[Point]') -> 'AsyncIterator[Point]'",
        ),
        (
            "ThingService",
            "(self, *, to: 'int' = 3) -> 'Iterator[Point] | AsyncIterator[Point]'",
            "(self, *, start: 'int' = 0, number: 'stub.Incoming[int]') -> 'int | Awaitable[int]'",
            "(self, room: 'str', class_: 'stub.Incoming[Point]') -> 'Iterator[Point] | AsyncIterator[Point]'",
        ),
    ],
)
def test_signatures_of_streams_are_of_the_callers_colour(
    module: Any, owner: str, count: str, total: str, talk: str
) -> None:
    for name in (owner, f"{owner}Client") if owner != "ThingService" else (owner,):
        found = getattr(module, name)
        assert [str(inspect.signature(method)) for method in (found.count, found.sum, found.talk)] == [
            count,
            total,
            talk,
        ]
        is_coroutine = [
            inspect.iscoroutinefunction(method) for method in (found.count, found.sum, found.talk)
        ]
        assert is_coroutine == [False, owner == "AsyncThing", False]


def test_the_documentation_of_a_stream_says_what_comes_and_goes(module: Any) -> None:
    assert inspect.getdoc(module.Thing.count) == (
        "Counts.\n\nArgs:\n    to: Until.\n\nYields:\n    Point: Of the Avro type `n.Point`.\n\n"
        "Raises:\n    Bad: The error `n.Bad`."
    )
    assert "Args:\n    start: Of the Avro type `int`.\n    number: Iterable of items. One number." in (
        inspect.getdoc(module.Thing.sum) or ""
    )
    assert (inspect.getdoc(module.Thing.talk) or "").endswith(
        "Returns:\n    A stream both ways.\n    Each `class_` that is sent: One point.\n"
        "    Each `Point` that comes: Of the Avro type `n.Point`."
    )


def test_a_method_knows_its_item_by_its_name_in_python(module: Any) -> None:
    items = {name: method.item for name, method in module.THING.methods.items()}
    assert items == {
        "add": None,
        "tell": None,
        "count": None,
        "sum": "number",
        "talk": "class_",
        "move": None,
        "list": None,
    }


def test_signatures_are_the_messages_own(module: Any) -> None:
    for name in ("add", "tell", "move", "list_"):
        texts = {
            str(inspect.signature(getattr(owner, name))).partition(" -> ")[0]
            for owner in (module.Thing, module.AsyncThing, module.ThingClient, module.AsyncThingClient)
        }
        assert len(texts) == 1
    assert str(inspect.signature(module.Thing.add)) == "(self, a: 'int', *, b: 'int' = 2) -> 'int'"
    assert inspect.signature(module.ThingService.add).return_annotation == "int | Awaitable[int]"
    assert inspect.signature(module.ThingService.tell).return_annotation == "Awaitable[None] | None"


def test_the_documentation_is_the_contracts(module: Any) -> None:
    assert inspect.getdoc(module.Thing.add) == (
        "Adds.\n\nArgs:\n    a: First.\n    b: Of the Avro type `int`.\n\n"
        "Raises:\n    Bad: The error `n.Bad`."
    )
    assert inspect.getdoc(module.ThingClient.add) == "See `Thing.add`."
    assert "Default: `[1, 2]`." in module.Thing.move.__doc__


def test_the_contract_knows_its_types_and_methods(module: Any) -> None:
    assert module.THING.types == {"n.Point": module.Point, "n.Bad": module.Bad}
    assert [method.attribute for method in module.THING.methods.values()] == [
        "add",
        "tell",
        "count",
        "sum",
        "talk",
        "move",
        "list_",
    ]
    assert module.THING.methods["add"].errors == {module.Bad}


def test_a_skeleton_cannot_be_made_until_it_is_filled_in(module: Any) -> None:
    with pytest.raises(TypeError, match="abstract"):
        module.ThingService()
    assert module.ThingService.__contract__ is module.THING


def test_the_constant_of_a_method_is_named_for_both_and_hides_no_parameter(tmp_path: Path) -> None:
    text = '@namespace("n") protocol P { record _P_b {} void a(int _P_a); void b(); }'
    code = generated(tmp_path, {"a.avdl": text})["out.n"]
    assert '\n_P_a: Final[stub.Method[None]] = P_.method("a")\n' in code
    assert '\n_P_b_: Final[stub.Method[None]] = P_.method("b")\n' in code
    assert "        self.__avrorpc__(_P_a, _P_a_)\n" in code
