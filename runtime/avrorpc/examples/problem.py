"""What can be wrong with case files, cases and rules, and where."""

from __future__ import annotations

from dataclasses import dataclass

from avrorpc.errors import RpcError


class BadExamples(RpcError, ValueError):
    """A case file that cannot be read, or holds something else; the text names file, line and JSON pointer.

    Args:
        problem: What is wrong.
        file: The file as people know it.
        line: Counted from 1; 0 where there is none.
        pointer: The JSON pointer of the value at fault.
        offset: Where that is in the file's text.
    """

    def __init__(
        self, problem: str, file: str = "", line: int = 0, pointer: str = "", offset: int | None = None
    ) -> None:
        place = f"{file}:{line}" if file and line else file or (f"line {line}" if line else "")
        where = ", ".join(part for part in (place, f"at {pointer}" if pointer else "") if part)
        super().__init__(f"{where}: {problem}" if where else problem)
        self.problem = problem
        self.file = file
        self.line = line
        self.pointer = pointer
        self.offset = offset


class RuleError(RpcError, ValueError):
    """A rule that is none, or that has no value; `at` is the offset in its text."""

    def __init__(self, problem: str, rule: str, at: int = 0) -> None:
        super().__init__(f"{problem}, at character {at + 1} of the rule {rule!r:.200}")
        self.problem = problem
        self.rule = rule
        self.at = at


@dataclass(slots=True, frozen=True)
class Problem:
    """What is wrong with a value, and its place."""

    pointer: str
    """The JSON pointer (RFC 6901); empty for the whole."""
    text: str

    def __str__(self) -> str:
        return f"{self.pointer}: {self.text}" if self.pointer else self.text


def below(pointer: str, key: str | int) -> str:
    """Return the JSON pointer of a member or an item."""
    return f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}"
