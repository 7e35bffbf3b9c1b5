"""`avrogen call`: call any message of any server, with JSON in and JSON out; streams go line by line."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TextIO

import click
from avrorpc import AsyncDynamicClient, DeclaredError, DynamicClient
from avrorpc.schema import Json, Streaming, streaming

from avrorpc_codegen.command.items import opened, read_items, read_items_async
from avrorpc_codegen.command.reaching import completer, fail, failures, token_option

DECLARED: Final = 1
UNARY_SECONDS: Final = 60.0


@click.command("call")
@click.argument("url")
@click.argument("message", metavar="PROTOCOL.MESSAGE", shell_complete=completer(messages=True))
@click.argument("arguments", metavar="[JSON]", default="{}")
@click.option(
    "--items",
    metavar="FILE|-",
    help="The items of a request stream, one JSON value a line; - is standard input.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    help="Seconds to wait; 60 for calls that give no stream, and no limit for those that do.",
)
@click.option(
    "--metadata", multiple=True, metavar="KEY=VALUE", help="Sent with the call; any number of times."
)
@token_option
@click.option("--compact", is_flag=True, help="Print the result on one line.")
def command(
    url: str,
    message: str,
    arguments: str,
    items: str | None,
    timeout: float | None,
    metadata: tuple[str, ...],
    identity: dict[str, bytes],
    compact: bool,
) -> None:
    """Call a message, and print its result as JSON.

    JSON is an object with the arguments by name; `-` reads it from standard input, `@FILE` from a file. What
    is left out takes the contract's default. No generated code is needed: the server shows its contract.

    Each item of a stream is one line of JSON: printed as it comes, or read from --items when the service
    takes it. Ctrl-C cancels the call.

    \b
    Exit codes: 0 a result, 1 an error that the contract declares, 2 wrong usage,
    3 the call failed otherwise, 4 the server cannot be reached, 130 Ctrl-C.

    \b
    Examples:
      avrogen call tcp://127.0.0.1:9000 llm.Tokenizer.tokenize '{"text": "Hello world"}'
      avrogen call tcp://127.0.0.1:9000 avrorpc.Introspection.watch
    """
    protocol, _, _ = message.rpartition(".")
    if not protocol:
        raise click.UsageError(f"{message!r} must be PROTOCOL.MESSAGE, such as llm.Tokenizer.tokenize")
    if items == "-" and arguments == "-":
        raise click.UsageError("arguments and items cannot both come from standard input")
    values, sent = _arguments(arguments), {**identity, **_metadata(metadata)}
    with failures(), DynamicClient(url, timeout=timeout or UNARY_SECONDS, metadata=sent) as client:
        schema = client.message(message)
        kind = streaming(schema)
        if kind.takes_stream and items is None:
            raise click.UsageError(f"{message} takes a stream: give its items by --items FILE or --items -")
        if items is not None and not kind.takes_stream:
            raise click.UsageError(f"{message} takes no stream: --items has no use")
        with _declared(client):
            if kind is Streaming.BOTH:
                assert items is not None
                two_way = AsyncDynamicClient(url, client.contract(protocol), timeout=timeout, metadata=sent)
                with opened(items) as file:
                    asyncio.run(_converse(two_way, message, values, file))
                return
            if kind is Streaming.RESPONSE:
                streams = DynamicClient(url, client.contract(protocol), timeout=timeout, metadata=sent)
                with streams:
                    for item in streams.iterate(message, values):
                        _print(item)
                return
            if items is not None:
                with opened(items) as file:
                    result = client.call(message, values, items=read_items(file))
            else:
                result = client.call(message, values)
    if not schema.one_way:
        click.echo(json.dumps(result, ensure_ascii=False, indent=None if compact else 2))


async def _converse(
    client: AsyncDynamicClient, message: str, arguments: dict[str, Json], file: TextIO
) -> None:
    """Send the lines of a file as items, and print what comes back meanwhile."""
    async with client:
        async for item in client.iterate(message, arguments, items=read_items_async(file)):
            _print(item)


@contextmanager
def _declared(client: DynamicClient) -> Iterator[None]:
    """End the command where the service raises an error that the contract declares, and show its fields."""
    try:
        yield
    except DeclaredError as error:
        fields = json.dumps(client.error_json(error), ensure_ascii=False)
        fail(f"{type(error).__qualname__} {fields}", DECLARED)


def _print(item: Json) -> None:
    click.echo(json.dumps(item, ensure_ascii=False))
    sys.stdout.flush()


def _metadata(pairs: tuple[str, ...]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for pair in pairs:
        key, separator, value = pair.partition("=")
        if not separator or not key:
            raise click.UsageError(f"--metadata {pair!r} must be KEY=VALUE")
        found[key] = value.encode()
    return found


def _arguments(text: str) -> dict[str, Json]:
    if text == "-":
        try:
            text = sys.stdin.read()
        except UnicodeDecodeError as error:
            place = f"{error.reason} at byte {error.start}"
            raise click.UsageError(f"standard input is no UTF-8 text: {place}") from error
    elif text.startswith("@"):
        path = Path(text[1:])
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise click.UsageError(f"cannot read {path}: {error.strerror or error}") from error
        except UnicodeDecodeError as error:
            raise click.UsageError(
                f"{path} is no UTF-8 text: {error.reason} at byte {error.start}"
            ) from error
    try:
        values = json.loads(text)
    except RecursionError as error:
        raise click.UsageError("the arguments are no JSON that can be read: it is nested too deep") from error
    except ValueError as error:
        raise click.UsageError(f"the arguments are no JSON: {error}") from error
    if not isinstance(values, dict):
        raise click.UsageError('the arguments must be a JSON object, such as {"text": "Hello"}')
    return values
