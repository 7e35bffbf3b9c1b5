"""The `avrogen` command.

Each subcommand is a module of its own, imported when it is asked for, so that `avrogen --help` and shell
completion stay fast. Exit codes: 0 fine, 1 findings, 2 wrong usage.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import Final

import click

SUBCOMMANDS: Final = {
    "breaking": "Find what a change of a contract breaks.",
    "call": "Call a message of a running server.",
    "compile": "Translate Avro IDL into an .avpr or .avsc file.",
    "explain": "Explain a finding by its id.",
    "generate": "Generate typed Python from contracts.",
    "serve": "Serve implementations over TCP and HTTP.",
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


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("avrorpc"), prog_name="avrogen")
def main() -> None:
    """Turn Avro contracts into typed Python, and run and call what implements them."""
