"""What the subcommands share: how findings and failures reach a terminal, and with which exit code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import click

from avrorpc_codegen.config import ConfigError
from avrorpc_codegen.diagnostic import Diagnostics

FINDINGS = 1
"""The exit code where something was found."""


@contextmanager
def usage_errors() -> Iterator[None]:
    """Turn wrong settings and files that cannot be read or written into usage errors."""
    try:
        yield
    except ConfigError as error:
        raise click.UsageError(str(error)) from error
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        raise click.UsageError(f"{where}{error.strerror or error}") from error


def show(diagnostics: Diagnostics) -> None:
    """Print findings on standard error, and end the command if one is an error."""
    if diagnostics.items:
        click.echo(diagnostics.render(), err=True)
    if diagnostics.has_errors:
        end(FINDINGS)


def end(code: int) -> NoReturn:
    """End the command with an exit code."""
    click.get_current_context().exit(code)
