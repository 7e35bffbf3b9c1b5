"""What the subcommands share: options, and how findings and failures reach a terminal or a program.

Findings go to standard error as text, or with `--json` to standard output as one document:
`{"diagnostics": [...], ...}`, where the rest is the command's result.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NoReturn

import click
from avrorpc.schema import Json

from avrorpc_codegen.config import ConfigError
from avrorpc_codegen.diagnostic import Diagnostics

FINDINGS: Final = 1
"""The exit code where something was found."""

include_option = click.option(
    "-I",
    "--include",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder to search for imports.",
)
"""`-I DIR`, any number of times."""

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document, for programs.")
"""`--json`."""


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


def show(diagnostics: Diagnostics, *, as_json: bool = False) -> None:
    """Print findings, and end the command if one is an error; JSON is printed here only in that case."""
    if as_json and diagnostics.has_errors:
        print_json(diagnostics)
    elif diagnostics.items and not as_json:
        click.echo(diagnostics.render(), err=True)
    if diagnostics.has_errors:
        end(FINDINGS)


def print_json(diagnostics: Diagnostics, **result: Json) -> None:
    """Print findings and a command's result as one JSON document."""
    click.echo(json.dumps({"diagnostics": diagnostics.to_json(), **result}, indent=2, ensure_ascii=False))


def end(code: int) -> NoReturn:
    """End the command with an exit code."""
    click.get_current_context().exit(code)
