"""Comments, and the words in a documentation comment."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from avrorpc_codegen.source import Span

LINE_END: Final = re.compile(r"\r\n|\r|\n")
_JAVA_SPACE: Final = "".join(map(chr, range(0x21)))
_BLANKS: Final = " \t\xa0"


@dataclass(slots=True, frozen=True, eq=False)
class Comment:
    """A comment, its delimiters included in the span."""

    span: Span
    is_doc: bool

    @property
    def text(self) -> str:
        """The comment's own words: delimiters, common indentation and leading stars taken away."""
        return doc_text(self.span.source.text[self.span.start : self.span.end])


def doc_text(comment: str) -> str:
    """Return the words of a documentation comment that is given with its delimiters."""
    return strip_indent(comment[3:-2].strip(_JAVA_SPACE))


def strip_indent(text: str) -> str:
    """Take the common indentation off a comment, and the stars where every line begins with one.

    As `IdlReader.stripIndents` of Avro's Java tool: one or two stars, then at most one blank, when all
    lines have them; else the white space that all lines after the first begin with. Unlike there, line
    ends become plain newlines, so that a fingerprint does not depend on how a file was checked out.
    """
    lines = LINE_END.split(text) if "\n" in text or "\r" in text else [text]
    if len(lines) == 1 and not text.startswith("*"):
        return text
    for stars in ("**", "*"):
        if all(line.lstrip(_BLANKS).startswith(stars) for line in lines):
            bare = [line.lstrip(_BLANKS)[len(stars) :] for line in lines]
            return "\n".join(line[1:] if line[:1] in _BLANKS else line for line in bare)
    indents = [line[: len(line) - len(line.lstrip(_BLANKS))] for line in lines[1:]]
    low, high = min(indents, default=""), max(indents, default="")
    shared = next((i for i, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), len(low))
    return "\n".join([lines[0], *(line[shared:] for line in lines[1:])])
