"""Case files: a list of cases for one message, or an object with such lists by message name."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from avrorpc.examples.case import Case, case_from_json
from avrorpc.examples.problem import BadExamples, below
from avrorpc.examples.text import JsonText
from avrorpc.schema import Json

MAX_CASES: Final = 10_000
"""How many cases a file may have."""
COMMENT: Final = "//"
"""The key under which an object of cases may say something about itself."""


@dataclass(slots=True, frozen=True)
class Placed:
    """A case, and where it stands."""

    case: Case
    file: str
    """The file as people know it; empty where the contract itself holds the case."""
    pointer: str
    """The JSON pointer of the case in its file."""
    text: JsonText | None = None

    def error(self, problem: str, pointer: str = "") -> BadExamples:
        """Return the error for something in the case; `pointer` counts from the case."""
        full, told = self.pointer + pointer, f"the case {self.case.title!r:.80}: {problem}"
        return (
            BadExamples(told, self.file, pointer=full) if self.text is None else self.text.error(told, full)
        )


def read_cases(text: str, file: str, message: str | None = None) -> tuple[Placed, ...]:
    """Return the cases of a file.

    Args:
        text: What the file holds.
        file: Its name, for errors.
        message: The message that it is for; None where the file tells, as an object by message name.

    Raises:
        BadExamples: It is no case file, or has no cases for the message.
    """
    read = JsonText(text, file)
    return _cases(read.value, file, message, read)


def cases_from_json(value: Json, file: str = "", message: str | None = None) -> tuple[Placed, ...]:
    """Return the cases that a JSON value holds, as a case file does.

    Raises:
        BadExamples: It holds none.
    """
    return _cases(value, file, message, None)


def cases_to_text(cases: Iterable[Case], mark: str = "") -> str:
    """Return the text of a case file, an object by message name; the same cases give the same text.

    Args:
        cases: The cases.
        mark: A line about the file, which stands under `//` at its beginning.
    """
    messages: dict[str, Json] = {COMMENT: mark} if mark else {}
    for case in cases:
        listed = messages.setdefault(case.message, [])
        assert isinstance(listed, list)
        listed.append(case.to_json())
    return json.dumps(messages, ensure_ascii=False, indent=2) + "\n"


def by_message(cases: Iterable[Case]) -> Mapping[str, tuple[Case, ...]]:
    """Return cases by the names of their messages."""
    found: dict[str, list[Case]] = {}
    for case in cases:
        found.setdefault(case.message, []).append(case)
    return {message: tuple(listed) for message, listed in found.items()}


def _cases(value: Json, file: str, message: str | None, text: JsonText | None) -> tuple[Placed, ...]:
    def error(problem: str, pointer: str) -> BadExamples:
        return BadExamples(problem, file, pointer=pointer) if text is None else text.error(problem, pointer)

    lists: dict[str, tuple[str, Json]] = {}
    if isinstance(value, dict):
        lists = {name: (below("", name), listed) for name, listed in value.items() if name != COMMENT}
        if message is not None and message not in lists:
            raise error(f"it has cases for {', '.join(lists) or 'nothing'}, and not for {message}", "")
    elif isinstance(value, list) and message is not None:
        lists = {message: ("", value)}
    elif isinstance(value, list):
        raise error("a file for several messages is an object: lists of cases by message name", "")
    else:
        raise error("a case file is a list of cases, or an object with such lists by message name", "")
    found: list[Placed] = []
    for name, (pointer, listed) in lists.items():
        if message is not None and name != message:
            continue
        if not isinstance(listed, list):
            raise error(f"the cases of {name} are no list", pointer)
        for index, item in enumerate(listed):
            here = below(pointer, index)
            try:
                case = case_from_json(name, item)
            except BadExamples as problem:
                title = item.get("description") if isinstance(item, dict) else None
                named = f"the case {title!r:.80}: " if isinstance(title, str) and title else ""
                raise error(f"{named}{problem.problem}", here + problem.pointer) from None
            found.append(Placed(case, file, here, text))
            if len(found) > MAX_CASES:
                raise error(f"there are more than MAX_CASES, {MAX_CASES}, cases", here)
    return tuple(found)
