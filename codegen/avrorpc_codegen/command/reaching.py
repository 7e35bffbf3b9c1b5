"""What subcommands share that ask a running server: options, exit codes, names that shells complete."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NoReturn

import click
from avrorpc import BindError, Code, EncodeError, RpcError, TransportError
from avrorpc.client.fetching import list_services
from avrorpc.errors import error_info
from click.shell_completion import CompletionItem

FAILED: Final = 3
"""The exit code where a server was reached, and it failed or refused."""
UNREACHABLE: Final = 4
"""The exit code where no server was reached."""
COMPLETION_SECONDS: Final = 1.0
"""How long a shell waits for names."""

Completer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]

timeout_option = click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=10.0,
    show_default=True,
    help="Seconds to wait for the server.",
)
"""`--timeout SECONDS`, for questions that a server answers at once."""


def _identity(ctx: click.Context, param: click.Parameter, text: str) -> dict[str, bytes]:
    """Return the metadata of a token, or of the one that is in a file."""
    if text.startswith("@"):
        path = Path(text[1:])
        try:
            text = path.read_text(encoding="ascii")
        except OSError as error:
            raise click.BadParameter(f"cannot read {path}: {error.strerror}", ctx, param) from error
        except UnicodeDecodeError as error:
            raise click.BadParameter(f"{path} holds no token", ctx, param) from error
    text = text.strip()
    if not text.isascii() or not text.isprintable() or " " in text:
        raise click.BadParameter("a token is the one word that `avrogen token` prints", ctx, param)
    return {"authorization": f"Bearer {text}".encode()} if text else {}


token_option = click.option(
    "--token",
    "identity",
    callback=_identity,
    default="",
    envvar="AVRORPC_TOKEN",
    show_envvar=True,
    metavar="TOKEN|@FILE",
    help="The bearer token that says who calls; the variable keeps it out of the list of processes.",
)
"""`--token`, as the metadata `identity`; empty without one."""


@contextmanager
def failures() -> Iterator[None]:
    """Turn what goes wrong with a server into one sentence and an exit code."""
    try:
        yield
    except (BindError, EncodeError) as error:
        raise click.UsageError(str(error)) from error
    except TransportError as error:
        fail(str(error), UNREACHABLE)
    except RpcError as error:
        is_misnamed = error_info(error).code.value == "UNIMPLEMENTED" and not error_info(error).from_peer
        hint = ""
        if error_info(error).code is Code.UNAUTHENTICATED:
            hint = "; say who you are by --token, or AVRORPC_TOKEN"
        fail(f"{error}{hint}", click.UsageError.exit_code if is_misnamed else FAILED)
    except KeyboardInterrupt:
        sys.exit(130)  # as shells have it for a program that SIGINT ended


def fail(text: str, code: int) -> NoReturn:
    """End the command with one sentence on standard error."""
    click.echo(f"error: {text}", err=True)
    sys.exit(code)


def completer(*, messages: bool) -> Completer:
    """Return what completes names of protocols, or of messages, with those that a server tells of."""

    def complete(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
        url = ctx.params.get("url")
        if not url:
            return []
        try:
            identity = ctx.params.get("identity") or {}
            services = list_services(str(url), timeout=COMPLETION_SECONDS, metadata=identity).services
        except RpcError:
            return []  # a shell has no place for what is wrong; the command itself says it
        names = {service.name: service.doc for service in services}
        if messages:
            names = {
                f"{service.name}.{message.name}": message.doc
                for service in services
                for message in service.messages
            }
        return [
            CompletionItem(name, help=doc.partition("\n")[0])
            for name, doc in names.items()
            if name.startswith(incomplete)
        ]

    return complete
