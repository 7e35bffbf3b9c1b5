"""`avrogen call`: call any message of any server, with JSON in and JSON out."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Final, NoReturn

import click
from avrorpc import BindError, ConnectError, DeclaredError, EncodeError, RpcError, TransportError
from avrorpc.client.dynamic import DynamicClient, fetch_contract
from avrorpc.errors import error_info
from avrorpc.schema import Json

DECLARED: Final = 1
FAILED: Final = 3
UNREACHABLE: Final = 4


@click.command("call")
@click.argument("url")
@click.argument("message", metavar="PROTOCOL.MESSAGE")
@click.argument("arguments", metavar="[JSON]", default="{}")
@click.option("--timeout", type=float, default=60.0, show_default=True, help="Seconds to wait.")
@click.option("--compact", is_flag=True, help="Print the result on one line.")
def command(url: str, message: str, arguments: str, timeout: float, compact: bool) -> None:
    """Call a message, and print its result as JSON.

    JSON is an object with the arguments by name; `-` reads it from standard input, `@FILE` from a file. What
    is left out takes the contract's default. No generated code is needed: the server shows its contract.

    \b
    Exit codes: 0 a result, 1 an error that the contract declares, 2 wrong usage,
    3 the call failed otherwise, 4 the server cannot be reached.

    \b
    Example:
      avrogen call tcp://127.0.0.1:9000 llm.Tokenizer.tokenize '{"text": "Hello world"}'
    """
    protocol, _, name = message.rpartition(".")
    if not protocol:
        raise click.UsageError(f"{message!r} must be PROTOCOL.MESSAGE, such as llm.Tokenizer.tokenize")
    values = _arguments(arguments)
    try:
        contract = fetch_contract(url, protocol, timeout=timeout)
        with DynamicClient(url, contract, timeout=timeout) as client:
            if name not in contract.methods:
                client.message(name)
            try:
                result = client.call(name, values)
            except DeclaredError as error:
                fields = json.dumps(client.error_json(error), ensure_ascii=False)
                _fail(f"{type(error).__qualname__} {fields}", DECLARED)
    except (BindError, EncodeError) as error:
        raise click.UsageError(str(error)) from error
    except (TransportError, ConnectError) as error:
        _fail(str(error), UNREACHABLE)
    except RpcError as error:
        usage = error_info(error).code.value == "UNIMPLEMENTED"
        _fail(str(error), click.UsageError.exit_code if usage else FAILED)
    if contract.protocol.messages[name].one_way:
        return
    click.echo(json.dumps(result, ensure_ascii=False, indent=None if compact else 2))


def _arguments(text: str) -> dict[str, Json]:
    if text == "-":
        text = sys.stdin.read()
    elif text.startswith("@"):
        path = Path(text[1:])
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise click.UsageError(f"cannot read {path}: {error}") from error
    try:
        values = json.loads(text)
    except ValueError as error:
        raise click.UsageError(f"the arguments are no JSON: {error}") from error
    if not isinstance(values, dict):
        raise click.UsageError('the arguments must be a JSON object, such as {"text": "Hello"}')
    return values


def _fail(text: str, code: int) -> NoReturn:
    click.echo(f"error: {text}", err=True)
    sys.exit(code)
