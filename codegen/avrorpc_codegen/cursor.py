"""Moving through tokens: looking, expecting, and going on after a mistake.

Knows nothing of the grammar.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from avrorpc.schema import MAX_DEPTH

from avrorpc_codegen.comment import Comment
from avrorpc_codegen.diagnostic import Diagnostics, Rule
from avrorpc_codegen.lexer import Kind, Token, tokenize
from avrorpc_codegen.source import Source, Span

T = TypeVar("T")


class Failed(Exception):
    """A rule could not go on; the diagnostic has been made."""


class Cursor:
    """A place in the tokens of a source; the rules of a grammar move it."""

    def __init__(self, source: Source, diagnostics: Diagnostics) -> None:
        self.source = source
        self.diagnostics = diagnostics
        self.lexed = tokenize(source, diagnostics)
        self.tokens = self.lexed.tokens
        self.token = self.tokens[0]
        """The current token."""
        self.index = 0
        """Its place among the tokens."""
        self.start = 0
        """Where the statement begins that is being read."""
        self.braces = 0
        """How many braces are open."""
        self.depth = 0
        self.is_left = False
        """Whether the block ends before the current token, although its `}` is missing."""
        self.is_complete = True
        """Whether nothing had to be left out."""
        self.used_docs: set[Comment] = set()
        self._end_is_explained = self.lexed.is_cut

    def advance(self) -> Token:
        """Return the current token and go on to the next."""
        token = self.token
        text = token.text
        if text == "{":
            self.braces += 1
        elif text == "}":
            self.braces -= 1
        if token.kind is not Kind.END:
            self.index += 1
            self.token = self.tokens[self.index]
        return token

    def move_to(self, index: int) -> None:
        """Make another token the current one."""
        self.index = index
        self.token = self.tokens[index]

    def at_end(self) -> bool:
        """Return whether there are no more tokens."""
        return self.token.kind is Kind.END

    def at_mark(self, mark: str) -> bool:
        """Return whether the current token is a punctuation mark."""
        return self.token.text == mark  # No token of another kind has such a text.

    def at_word(self, *words: str) -> bool:
        """Return whether the current token is one of some words, not in back-ticks."""
        return self.token.kind is Kind.NAME and self.token.text in words

    def word_follows(self, index: int, *words: str) -> bool:
        """Return whether the token at a distance is one of some words."""
        token = self.tokens[min(self.index + index, len(self.tokens) - 1)]
        return token.kind is Kind.NAME and token.text in words

    def accept(self, mark: str) -> bool:
        """Go past a punctuation mark if it is the current token."""
        if self.token.text != mark:
            return False
        self.advance()
        return True

    def expect(self, mark: str, what: str) -> Token:
        """Go past a punctuation mark that must be here."""
        if self.token.text != mark:
            raise self.failure(f"expected `{mark}` {what}")
        return self.advance()

    def end_statement(self, what: str) -> None:
        """Accept a `;`; where it is merely forgotten, say so and go on as if it were there."""
        if self.accept(";"):
            return
        before = self.tokens[max(0, self.index - 1)].span
        if self.token.kind is not Kind.END and not self.at_mark("}") and not self.begins_line():
            raise self.failure(f"expected `;` {what}")
        place = Span(self.source, before.end, before.end)
        self.diagnostics.error(Rule.SYNTAX, f"expected `;` {what}", place)

    def begins_line(self) -> bool:
        """Return whether the current token stands on a later line than the one before."""
        before = self.tokens[max(0, self.index - 1)].span
        line, _ = self.source.position(self.token.span.start)
        return line > self.source.position(before.end)[0]

    def indentation(self, token: Token) -> int:
        """Return how far the line of a token is indented."""
        text = self.source.line(self.source.position(token.span.start)[0])
        return len(text) - len(text.lstrip())

    def since(self, start: int) -> Span:
        """Return the span from an offset to the end of the token before the current one."""
        return Span(self.source, start, max(start, self.tokens[self.index - 1].end))

    def found(self) -> str:
        """Return the current token in the words of a diagnostic."""
        if self.token.kind is Kind.END:
            return "the end of the file"
        shown = self.token.text if len(self.token.text) <= 40 else f"{self.token.text[:37]}..."
        return f"`{shown}`" if "`" not in shown else shown

    def failure(self, message: str, help_line: str | None = None) -> Failed:
        """Report that something else was expected here, and return what a rule raises then.

        What is wrong with a token has been reported; that it does not fit is no news then.
        """
        flawed = self.token.is_flawed or self.tokens[max(0, self.index - 1)].is_flawed
        at_end = self.token.kind is Kind.END
        if not flawed and not (at_end and self._end_is_explained):
            self.complain(message, help_line)
        self._end_is_explained |= at_end
        return Failed()

    def complain(self, message: str, help_line: str | None) -> None:
        """Say that the current token does not fit."""
        text = f"{message}, found {self.found()}"
        self.diagnostics.error(Rule.SYNTAX, text, self.token.span, help=help_line)

    def unclosed(self, opening: Token, what: str) -> Failed:
        """Report that a block is not closed at the end of the file."""
        if not self._end_is_explained:
            problem = f"this {what} is not closed"
            self.diagnostics.error(Rule.SYNTAX, problem, opening.span, help="add a `}`")
        self._end_is_explained = True
        return Failed()

    def recover(self, braces: int) -> None:
        """Skip what is left of a statement in a block inside so many braces.

        It ends with a `;`, with a whole block, or before the `}` that closes the block around it.
        """
        self.is_complete = False
        if self.braces > braces:
            self._leave_braces(braces)
            if self.begins_line() or self.accept(";"):
                return
        while not self.at_end() and not self.at_mark("}"):
            if self.advance().text == ";":
                return
            if self.braces > braces:
                self._leave_braces(braces)
                self.accept(";")
                return

    def _leave_braces(self, braces: int) -> None:
        while self.braces > braces and not self.at_end():
            self.advance()

    def doc(self) -> str | None:
        """Return the documentation comment before the current token."""
        if not self.token.docs:
            return None
        comment = self.token.docs[-1]
        self.used_docs.add(comment)
        return comment.text

    def attempt(self, rule: Callable[[], None]) -> None:
        """Apply a rule; where it fails, go on behind the statement."""
        braces, outer, self.start = self.braces, self.start, self.index
        try:
            rule()
        except Failed:
            if not self.is_left:
                self.recover(braces)
        self.start = outer

    def block(
        self, rule: Callable[[], None], opening: Token, what: str, is_over: Callable[[], bool] = lambda: False
    ) -> None:
        """Apply a rule until the `}` that closes the block, or until it is over without one."""
        while not self.accept("}"):
            if self.token.kind is Kind.END:
                raise self.unclosed(opening, what)
            if is_over():
                self.braces -= 1
                return
            before = self.index
            self.attempt(rule)
            if self.is_left:
                self.is_left, self.is_complete = False, False
                self.braces -= 1
                return
            if self.index == before and not self.at_mark("}"):
                self.advance()

    def listed(self, close: str, rule: Callable[[], None], what: str) -> None:
        """Apply a rule to each item of a list with commas, and go past the mark that closes it."""
        if self.accept(close):
            return
        rule()
        while self.accept(","):
            if self.at_mark(close):
                raise self.failure("expected another item after the comma")
            rule()
        self.expect(close, f"or `,` in {what}")

    def nested(self, rule: Callable[[], T]) -> T:
        """Apply a rule one level deeper."""
        self.depth += 1
        try:
            self.check_depth()
            return rule()
        finally:
            self.depth -= 1

    def check_depth(self) -> None:
        """Fail where the nesting is too deep."""
        if self.depth > MAX_DEPTH:
            self.diagnostics.error(Rule.TOO_DEEP, f"nested deeper than {MAX_DEPTH}", self.token.span)
            raise Failed
