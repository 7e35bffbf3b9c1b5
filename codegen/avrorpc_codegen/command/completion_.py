"""`avrogen completion`: the script by which a shell completes commands, options, ids and files."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

_PROGRAM = "avrogen"


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the completion script for SHELL.

    \b
    bash, in ~/.bashrc:
      eval "$(avrogen completion bash)"
    zsh, in ~/.zshrc, below compinit:
      eval "$(avrogen completion zsh)"
    fish, once:
      avrogen completion fish > ~/.config/fish/completions/avrogen.fish
    """
    completion = get_completion_class(shell)
    assert completion is not None
    click.echo(completion(ctx.find_root().command, {}, _PROGRAM, "_AVROGEN_COMPLETE").source())
