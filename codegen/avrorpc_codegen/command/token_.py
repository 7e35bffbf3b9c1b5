"""`avrogen token`: a bearer token for somebody, and its line in the file that a server goes by."""

from __future__ import annotations

import datetime
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

import click
from avrorpc import BindError
from avrorpc.middleware import TokenFile, new_token
from avrorpc.middleware.tokens import Token

_SPAN: Final = re.compile(r"(\d{1,6})([mhdw])")
_UNITS: Final = {
    "m": datetime.timedelta(minutes=1),
    "h": datetime.timedelta(hours=1),
    "d": datetime.timedelta(days=1),
    "w": datetime.timedelta(weeks=1),
}
_ONLY_OWNER: Final = 0o600


@click.command("token")
@click.argument("name")
@click.option("--expires", metavar="30d|DATE", help="When it ends: in 90m, 12h, 30d or 4w, or at a date.")
@click.option(
    "--may",
    multiple=True,
    metavar="PATTERN",
    help="What it may call, such as 'llm.Tokenizer/*'; any number of times, and everything without.",
)
@click.option(
    "--file",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("tokens"),
    show_default=True,
    help="Where its line goes.",
)
def command(name: str, expires: str | None, may: tuple[str, ...], file: Path) -> None:
    """Make a token for NAME, and print it: this once, since it is written nowhere.

    The file gets a line with the token's SHA-256. It serves `avrogen serve --token-file FILE`, which sees a
    change of it within a second: take a line out, and its token is refused. A name may have several tokens,
    so that a new one can be handed out before the old one ends.

    \b
    Exit codes: 0 fine, 1 the file cannot be written, 2 wrong usage.

    \b
    Examples:
      avrogen token ada --expires 30d --file tokens
      avrogen token probe --may 'llm.Tokenizer/*' --may 'avrorpc.Introspection/*'
    """
    for pattern in may:
        if "/" not in pattern and pattern != "*":
            raise click.UsageError(
                f"--may {pattern!r} is PROTOCOL/MESSAGE, such as '{pattern}/*' for all messages of a protocol"
            )
    try:
        secret, token = new_token(name, expires=_moment(expires), may=may)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    others = _append(file, token)
    click.echo(secret)
    ends = "" if token.expires is None else f", until {token.expires:%Y-%m-%d %H:%M} UTC"
    click.echo(f"{file} knows {name} by it{ends}; it is shown this once", err=True)
    if others:
        plural = "tokens" if others > 1 else "token"
        text = f"note: {name} has {others} other {plural} there; remove the line of what is to end"
        click.echo(text, err=True)


def _moment(
    text: str | None, now: Callable[[], datetime.datetime] = lambda: datetime.datetime.now(datetime.UTC)
) -> datetime.datetime | None:
    """Return when a token ends.

    Raises:
        UsageError: It is no time, or is over.
    """
    if text is None:
        return None
    span = _SPAN.fullmatch(text)
    try:
        if span is not None:
            found = (now() + int(span[1]) * _UNITS[span[2]]).replace(microsecond=0)
        else:
            found = datetime.datetime.fromisoformat(text)
    except (ValueError, OverflowError) as error:
        raise click.UsageError(
            f"--expires {text!r} is no time: give 90m, 12h, 30d or 4w, or a date such as 2030-01-31"
        ) from error
    found = found if found.tzinfo is not None else found.replace(tzinfo=datetime.UTC)
    if found <= now():
        raise click.UsageError(f"--expires {text!r} is over already")
    return found


def _append(path: Path, token: Token) -> int:
    """Add a line to a file of tokens, made for its owner alone, and return how many others its name has.

    Raises:
        UsageError: The file holds something else.
        ClickException: It cannot be written.
    """
    try:
        others = TokenFile(path).count(token.name) if path.exists() else 0
        before = path.read_bytes() if path.exists() else b""
    except BindError as error:
        raise click.UsageError(f"{path} holds no tokens: {error}") from error
    except OSError as error:
        raise click.ClickException(f"cannot read {path}: {error.strerror}") from error
    line = f"{token}\n"
    if before and not before.endswith(b"\n"):
        line = f"\n{line}"
    try:
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, _ONLY_OWNER)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            mode = os.fstat(file.fileno()).st_mode & 0o777
            file.write(line)
    except OSError as error:
        raise click.ClickException(f"cannot write {path}: {error.strerror}") from error
    if mode & 0o022:
        click.echo(f"warning: others than its owner may change {path}: chmod 600 {path}", err=True)
    return others
