"""Items of request streams from lines of JSON: a file's, or standard input's as they are typed or piped."""

from __future__ import annotations

import asyncio
import io
import json
import os
import stat
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TextIO

import click
from avrorpc.schema import Json

MAX_LINE: Final = 64 * 2**20
"""How long a line may be that comes by a pipe, in bytes."""


@contextmanager
def opened(items: str) -> Iterator[TextIO]:
    """Open the file that `--items` names; `-` is standard input, which stays open.

    Raises:
        UsageError: It cannot be read.
    """
    if items == "-":
        yield sys.stdin
        return
    try:
        file = Path(items).open(encoding="utf-8")  # noqa: SIM115 - what fails inside is not the file's fault
    except OSError as error:
        raise click.UsageError(f"cannot read {items}: {error.strerror or error}") from error
    with file:
        yield file


def read_items(file: TextIO) -> Iterator[Json]:
    """Yield the JSON value on each line; empty lines are passed over.

    Raises:
        UsageError: A line is no JSON.
    """
    number = 0
    try:
        for number, line in enumerate(file, 1):
            if line.strip():
                yield _item(line, number)
    except UnicodeDecodeError as error:
        raise click.UsageError(f"the items are no UTF-8 text after line {number}: {error.reason}") from error


async def read_items_async(file: TextIO) -> AsyncIterator[Json]:
    """Do the same on an event loop, which a line that has not come yet does not block.

    Raises:
        UsageError: A line is no JSON, or too long.
    """
    if not _may_wait(file):
        for item in read_items(file):
            yield item
        return
    reader = asyncio.StreamReader(limit=MAX_LINE)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), file)
    number = 0
    try:
        while line := await _line(reader):
            number += 1
            if line.strip():
                yield _item(line.decode(errors="replace"), number)
    finally:
        transport.close()


async def _line(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readline()
    except ValueError as error:
        raise click.UsageError(f"a line of the items is longer than {MAX_LINE} bytes") from error


def _may_wait(file: TextIO) -> bool:
    """Whether reading may have to wait for somebody: for a pipe, or a person."""
    try:
        mode = os.fstat(file.fileno()).st_mode
    except (OSError, io.UnsupportedOperation):
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or os.isatty(file.fileno())


def _item(line: str, number: int) -> Json:
    try:
        item: Json = json.loads(line)
    except RecursionError as error:
        raise click.UsageError(f"line {number} of the items is nested too deep") from error
    except ValueError as error:
        raise click.UsageError(f"line {number} of the items is no JSON: {error}") from error
    return item
