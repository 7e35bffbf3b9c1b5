"""What values become on their way: equal ones, whatever their type."""

from __future__ import annotations

import copy
import datetime
import math
from decimal import Decimal
from typing import Any

import pytest
from avrorpc import Code, StatusError, error_info
from behaviours.setup import Setup
from support.implementations import AsyncConformance, SyncConformance
from support.values import everything
from testcontracts.conformance import Circle, Colour, Everything, Point, Tree


async def _echoed(setup: Setup, **changes: Any) -> Everything:
    client = await setup.conformance()
    value = everything(**changes)
    echoed = await setup.call(client.echo, value)
    assert isinstance(echoed, Everything)
    return echoed


async def a_value_of_every_type_comes_back_equal(setup: Setup) -> None:
    assert await _echoed(setup) == everything()


async def each_branch_of_a_union_keeps_its_class(setup: Setup) -> None:
    client = await setup.conformance()
    for shape in (Point(x=1.0, y=2.0), Circle(centre=Point(x=0.0), radius=1.0)):
        echoed = await setup.call(client.echo, everything(shape=shape))
        assert (type(echoed.shape), echoed.shape) == (type(shape), shape)


async def an_optional_is_nothing_or_its_value(setup: Setup) -> None:
    client = await setup.conformance()
    for note in (None, "", "there"):
        assert (await setup.call(client.echo, everything(note=note))).note == note


async def nan_and_the_infinities_survive(setup: Setup) -> None:
    echoed = await _echoed(setup, twofold=math.nan, single=-math.inf, named={"up": math.inf})
    assert math.isnan(echoed.twofold)
    assert (echoed.single, echoed.named) == (-math.inf, {"up": math.inf})


async def zero_keeps_its_sign(setup: Setup) -> None:
    echoed = await _echoed(setup, single=-0.0, twofold=-0.0)
    assert (math.copysign(1, echoed.single), math.copysign(1, echoed.twofold)) == (-1, -1)


async def the_smallest_and_largest_integers_survive(setup: Setup) -> None:
    client = await setup.conformance()
    for small, large in ((-(2**31), -(2**63)), (2**31 - 1, 2**63 - 1), (0, 0)):
        echoed = await setup.call(client.echo, everything(small=small, large=large, numbers=[large]))
        assert (echoed.small, echoed.large, echoed.numbers) == (small, large, [large])


async def the_smallest_and_largest_floats_survive(setup: Setup) -> None:
    client = await setup.conformance()
    for double in (5e-324, 1.7976931348623157e308, 0.1):
        assert (await setup.call(client.echo, everything(twofold=double))).twofold == double


async def empty_values_stay_empty(setup: Setup) -> None:
    echoed = await _echoed(setup, text="", blob=b"", numbers=[], named={}, tree=Tree(label=""))
    assert (echoed.text, bytes(echoed.blob), echoed.numbers, echoed.named) == ("", b"", [], {})
    assert echoed.tree == Tree(label="", children=[])


async def text_of_any_script_survives(setup: Setup) -> None:
    for text in ("\0", "a\u0300", "\U0010ffff", "\u202eright to left", "line\nbreak\r\n", "😀" * 1000):
        assert (await _echoed(setup, text=text)).text == text


async def bytes_may_be_any_bytes_like_object(setup: Setup) -> None:
    client = await setup.conformance()
    for blob in (b"\0\xff", bytearray(b"\0\xff"), memoryview(b"\0\xff")):
        assert bytes((await setup.call(client.echo, everything(blob=blob))).blob) == b"\0\xff"


async def days_moments_and_money_survive_at_their_ends(setup: Setup) -> None:
    client = await setup.conformance()
    first = datetime.datetime(1, 1, 1, tzinfo=datetime.UTC)
    last = datetime.datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=datetime.UTC)
    for moment, price in ((first, "-9999999.99"), (last, "9999999.99"), (last, "0.00")):
        value = everything(day=moment.date(), moment=moment, price=Decimal(price))
        assert await setup.call(client.echo, value) == value


async def each_symbol_of_an_enum_is_its_member(setup: Setup) -> None:
    client = await setup.conformance()
    for colour in Colour:
        assert (await setup.call(client.echo, everything(colour=colour))).colour is colour


async def a_tree_keeps_its_shape(setup: Setup) -> None:
    tree = Tree(label="leaf")
    for level in range(40):
        tree = Tree(label=str(level), children=[tree, Tree(label="other")])
    assert (await _echoed(setup, tree=tree)).tree == tree


async def the_order_of_a_list_and_of_a_map_is_kept(setup: Setup) -> None:
    named = {name: float(number) for number, name in enumerate("zyxabc")}
    echoed = await _echoed(setup, numbers=[3, 1, 2], named=named)
    assert (echoed.numbers, list(echoed.named)) == ([3, 1, 2], list(named))


async def a_field_that_python_keeps_for_itself_has_an_underscore(setup: Setup) -> None:
    assert (await _echoed(setup, class_=3)).class_ == 3


async def a_large_body_arrives_whole(setup: Setup) -> None:
    blob = bytes(range(256)) * 8_192
    assert (await _echoed(setup, blob=blob)).blob == blob


async def many_elements_arrive_in_one_value(setup: Setup) -> None:
    numbers = list(range(20_000))
    assert (await _echoed(setup, numbers=numbers)).numbers == numbers


async def what_was_passed_is_left_as_it_was(setup: Setup) -> None:
    client = await setup.conformance()
    value = everything()
    before = copy.deepcopy(value)
    await setup.call(client.echo, value)
    assert value == before


async def a_wrong_argument_is_refused_with_its_path(setup: Setup) -> None:
    client = await setup.conformance()
    with pytest.raises(StatusError) as caught:
        await setup.call(client.echo, everything(numbers=[1, "two"]))
    assert caught.value.code is Code.INVALID_ARGUMENT
    assert "value.numbers[1]" in str(caught.value)
    assert not error_info(caught.value).from_peer


async def a_result_that_does_not_fit_is_an_internal_error(setup: Setup) -> None:
    class Wrong(SyncConformance):
        def notes(self) -> list[Any]:
            return [1]

    class AsyncWrong(AsyncConformance):
        async def notes(self) -> list[Any]:
            return [1]

    client = await setup.open(setup.colour(Wrong, AsyncWrong)())
    with pytest.raises(StatusError) as caught:
        await setup.call(client.notes)
    assert caught.value.code is Code.INTERNAL
    assert caught.value.error_id is not None
    assert caught.value.error_id in setup.log.text
