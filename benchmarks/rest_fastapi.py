"""What ours is compared with: the same three operations by FastAPI, with pydantic's models or msgspec."""

from __future__ import annotations

from typing import Final

import fastapi
import msgspec
import pydantic

from benchmarks.loadcontracts import rest
from benchmarks.rest_payloads import IDS, MASK


class Text(pydantic.BaseModel):
    text: str
    add_special_tokens: bool = True


class Tokens(pydantic.BaseModel):
    input_ids: list[list[int]]
    attention_mask: list[list[int]]


class Order(pydantic.BaseModel):
    id: str
    customer: str
    email: str
    street: str
    city: str
    country: str
    currency: str
    note: str
    quantity: int
    weight: int
    created: int
    changed: int
    number: int
    price: float
    tax: float
    discount: float
    paid: bool
    sent: bool
    tags: list[str]
    coupon: str | None = None


class Numbers(pydantic.BaseModel):
    values: list[float]


usual: Final = fastapi.FastAPI()
"""As its documentation has it."""


@usual.post("/tokenize")
async def tokenize(text: Text) -> Tokens:
    return Tokens(input_ids=IDS, attention_mask=MASK)


@usual.post("/order")
async def order(order: Order) -> Order:
    return order


@usual.post("/numbers")
async def numbers(numbers: Numbers) -> Numbers:
    return numbers


class _Text(msgspec.Struct):
    text: str
    add_special_tokens: bool = True


_texts: Final = msgspec.json.Decoder(_Text)
_orders: Final = msgspec.json.Decoder(rest.Order)
_numbers: Final = msgspec.json.Decoder(rest.Numbers)

best: Final = fastapi.FastAPI()
"""As fast as it becomes: bodies read and written by msgspec, of which FastAPI knows nothing."""


def _json(value: object) -> fastapi.Response:
    return fastapi.Response(msgspec.json.encode(value), media_type="application/json")


@best.post("/tokenize")
async def tokenize_by_msgspec(request: fastapi.Request) -> fastapi.Response:
    _texts.decode(await request.body())
    return _json(rest.Tokens(input_ids=IDS, attention_mask=MASK))


@best.post("/order")
async def order_by_msgspec(request: fastapi.Request) -> fastapi.Response:
    return _json(_orders.decode(await request.body()))


@best.post("/numbers")
async def numbers_by_msgspec(request: fastapi.Request) -> fastapi.Response:
    return _json(_numbers.decode(await request.body()))
