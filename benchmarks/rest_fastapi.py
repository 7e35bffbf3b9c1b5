"""What ours is compared with: the same operations by FastAPI, with pydantic's models or msgspec."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Final

import fastapi
import msgspec
import pydantic
from fastapi.responses import StreamingResponse

from benchmarks.loadcontracts import rest
from benchmarks.rest_payloads import IDS, MASK, TEXT


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


class Tick(pydantic.BaseModel):
    number: int
    text: str


async def _streamed(
    count: int, show: Callable[[int], bytes], *, waits: bool, as_events: bool
) -> AsyncIterator[bytes]:
    for number in range(count):
        text = show(number)
        yield b"id: %d\nevent: item\ndata: %s\n\n" % (number, text) if as_events else text + b"\n"
        if waits:
            await asyncio.sleep(0)


def _streams(app: fastapi.FastAPI, show: Callable[[int], bytes]) -> None:
    """Let an application stream what happens, as events for whoever asks, else as lines."""

    @app.get("/ticks")
    async def ticks(request: fastapi.Request, count: int, waits: bool = False) -> StreamingResponse:
        media = "text/event-stream" if "event-stream" in request.headers["accept"] else "application/x-ndjson"
        parts = _streamed(count, show, waits=waits, as_events=media == "text/event-stream")
        return StreamingResponse(parts, media_type=media)

    @app.get("/octets")
    async def download(size: int, piece: int = 65_536) -> StreamingResponse:
        async def parts() -> AsyncIterator[bytes]:
            part = bytes(piece)
            for _ in range(size // piece):
                yield part

        return StreamingResponse(parts(), media_type="application/octet-stream")

    @app.post("/octets")
    async def upload(request: fastapi.Request) -> int:
        size = 0
        async for part in request.stream():
            size += len(part)
        return size


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


_streams(usual, lambda number: Tick(number=number, text=TEXT).model_dump_json().encode())
_streams(best, lambda number: msgspec.json.encode(rest.Tick(number=number, text=TEXT)))
