"""The `avrogen` command.

Each subcommand is a module of its own, imported when it is asked for, so that `avrogen --help` and shell
completion stay fast. Exit codes: 0 fine, 1 findings, 2 wrong usage.
"""

from __future__ import annotations

import platform
from importlib import import_module
from typing import Final

import click
from click.shell_completion import CompletionItem

SUBCOMMANDS: Final = {
    "breaking": "Find what a change of a contract breaks.",
    "call": "Call a message of a running server.",
    "certs": "Make certificates for development.",
    "compile": "Translate Avro IDL into an .avpr or .avsc file.",
    "completion": "Print what makes a shell complete avrogen's commands.",
    "describe": "Describe what a running server serves, and judge a local version.",
    "docs": "Write a reference of all contracts, as HTML or Markdown.",
    "explain": "Explain a finding by its id.",
    "fetch": "Fetch contracts from a running server.",
    "fingerprint": "Print what identifies protocols and types.",
    "format": "Put contracts into the one layout.",
    "generate": "Generate typed Python from contracts.",
    "health": "Say whether a running server takes calls.",
    "init": "Make a new project: a contract, an implementation, tests, CI.",
    "lint": "Find what a reviewer of contracts would object to.",
    "list": "List what a running server serves.",
    "openapi": "Write the OpenAPI document of contracts, or find what breaks its clients.",
    "serve": "Serve implementations over TCP, TLS, HTTP and unix sockets.",
    "templates": "List, print or copy the templates that code is generated with.",
    "token": "Make a bearer token for somebody who may call a server.",
    "test": "Check that a service keeps its contract, in every placement.",
}
"""Each subcommand with its short help; the module of the same name has a `command`."""


class _LazyGroup(click.Group):
    """A group that imports a subcommand when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(SUBCOMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in SUBCOMMANDS:
            return None
        command = import_module(f"{__name__}.{cmd_name}_").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, SUBCOMMANDS[name]) for name in self.list_commands(ctx)])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        names = [name for name in self.list_commands(ctx) if name.startswith(incomplete)]
        options = click.Command.shell_complete(self, ctx, incomplete)
        return [*(CompletionItem(name, help=SUBCOMMANDS[name]) for name in names), *options]


def _version(ctx: click.Context, _: click.Parameter, asked: bool) -> None:
    if not asked or ctx.resilient_parsing:
        return
    runtime, stub = import_module("avrorpc"), import_module("avrorpc.stub")
    python = platform.python_version()
    click.echo(f"avrorpc {runtime.__version__} (runtime level {stub.LEVEL}, Python {python})")
    ctx.exit()


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version", is_flag=True, expose_value=False, is_eager=True, callback=_version, help="Show the version."
)
def main() -> None:
    """Turn Avro contracts into typed Python, and run and call what implements them.

    Shells complete commands, ids and files: put `eval "$(avrogen completion bash)"` into ~/.bashrc, see
    `avrogen completion --help` for other shells.
    """
