"""Contract files as text: positions, lines, columns.

Knows nothing of what the text means. Positions are offsets into the decoded text.
"""

from __future__ import annotations

import errno
import re
import stat
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

MAX_BYTES: Final = 64 * 2**20
"""How large a contract file may be."""
_WIDE: Final = (
    [True, False, True, False],
    [False, True, False, True],
    [True, True, True, False],
    [False, True, True, True],
)
"""Which of the first bytes are zero in UTF-16 and UTF-32, where a file begins with ASCII."""
_UTF_16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(slots=True, eq=False)
class Source:
    """One file, decoded."""

    name: str
    """The path as diagnostics show it."""
    text: str = field(repr=False)
    path: Path
    """The absolute path, links resolved: a file's identity."""
    _starts: list[int] = field(default_factory=list, repr=False)

    def position(self, offset: int) -> tuple[int, int]:
        """Return line and column of an offset, both counted from 1."""
        starts = self._line_starts()
        line = bisect_right(starts, offset)
        return line, offset - starts[line - 1] + 1

    def line(self, number: int) -> str:
        """Return a line without its end, counted from 1."""
        start = self._line_starts()[number - 1]
        end = _LINE_END.search(self.text, start)
        return self.text[start : end.start() if end else len(self.text)]

    def _line_starts(self) -> list[int]:
        if not self._starts:
            self._starts = [0, *(match.end() for match in _LINE_END.finditer(self.text))]
        return self._starts


class Span(NamedTuple):
    """A stretch of a source: `start` is its first offset, `end` the one after its last."""

    source: Source
    start: int
    end: int

    def to(self, other: Span) -> Span:
        """Return the span from here to the end of another one."""
        return Span(self.source, self.start, max(self.end, other.end))


def where(span: Span) -> str:
    """Return the place of a span in the words of a note."""
    line, column = span.source.position(span.start)
    return f"at {span.source.name}:{line}:{column}"


class Undecodable(Exception):
    """A file that is not UTF-8; `span` is the place of the first wrong byte."""

    def __init__(self, span: Span, byte: int, problem: str = "") -> None:
        super().__init__(problem or f"not UTF-8: the byte 0x{byte:02x} begins no character here")
        self.span = span
        self.byte = byte


def display_name(path: Path) -> str:
    """Return a path as people want to read it: relative to the current folder where it lies below."""
    try:
        return path.resolve().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return path.as_posix()


def is_file(path: Path) -> bool:
    """Return whether there is a file; not where the name is impossible, or may not be looked for."""
    try:
        return path.is_file()
    except OSError:
        return False


def is_folder(path: Path) -> bool:
    """Return whether there is a folder; not where the name is impossible, or may not be looked for."""
    try:
        return path.is_dir()
    except OSError:
        return False


def read_source(path: Path, name: Callable[[Path], str] = display_name) -> Source:
    """Read a file; a byte order mark is dropped. `name` says how people are shown its path.

    Raises:
        OSError: The file cannot be read.
        Undecodable: It is not UTF-8.
    """
    return decode(_content(path), path, name)


def _content(path: Path) -> bytes:
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):  # A pipe might have nobody at its other end.
        raise OSError(errno.EINVAL, "it is not an ordinary file", str(path))
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise OSError(errno.EFBIG, f"it is larger than {MAX_BYTES // 2**20} MiB", str(path))
    return data


def decode(data: bytes, path: Path, name: Callable[[Path], str] = display_name) -> Source:
    """Return what a file holds; a byte order mark is dropped. `name` says how people are shown its path.

    Raises:
        Undecodable: It is not UTF-8.
    """
    if data[:2] in _UTF_16_MARKS or [byte == 0 for byte in data[:4]] in _WIDE:
        span = Span(Source(name(path), data.decode("utf-8", "replace"), path.resolve()), 0, 1)
        raise Undecodable(span, data[0], "not UTF-8: this looks like UTF-16 or UTF-32")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        readable = data[: error.start].decode("utf-8-sig")
        shown = readable + data[error.start :].decode("utf-8", "replace")
        span = Span(Source(name(path), shown, path.resolve()), len(readable), len(readable) + 1)
        raise Undecodable(span, data[error.start]) from error
    return Source(name(path), text, path.resolve())
