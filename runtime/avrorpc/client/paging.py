"""Results that come in pages, iterated as if they came at once: `for book in pages(client.list_books): ...`.

A message gives pages where it takes a cursor, null at first, and its result holds items and the next cursor,
null at the end. It is the same in every placement, and over REST.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, Final, ParamSpec, overload

from avrorpc.errors import BindError, Code, StatusError

P = ParamSpec("P")

CURSOR: Final = "cursor"
"""The parameter that takes the cursor, unless told otherwise."""
ITEMS: Final = "items"
"""The field that holds the items."""
NEXT: Final = "next_cursor"
"""The field that holds the next cursor."""


@overload
def pages(
    method: Callable[P, Awaitable[Any]], /, *args: P.args, **kwargs: P.kwargs
) -> AsyncIterator[Any]: ...
@overload
def pages(method: Callable[P, Any], /, *args: P.args, **kwargs: P.kwargs) -> Iterator[Any]: ...
def pages(method: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Iterator[Any] | AsyncIterator[Any]:
    """Return an iterator over all items of a paged message, which asks for each page when it is needed.

    Args:
        method: A method of a client or an implementation with a parameter `cursor`, whose result has the
            fields `items` and `next_cursor`.
        args: Its arguments.
        kwargs: Its arguments by name; a `cursor` among them is where it begins.

    Raises:
        BindError: The method takes no cursor.
        StatusError: DATA_LOSS, while iterating: a page names itself as the next, and it would never end.
    """
    if CURSOR not in inspect.signature(method).parameters:
        raise BindError(
            f"{getattr(method, '__qualname__', method)} takes no {CURSOR}, so that it gives no pages"
        )
    iterate = _iterate_async if inspect.iscoroutinefunction(method) else _iterate
    return iterate(method, args, kwargs)


def _iterate(method: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Iterator[Any]:
    while True:
        page = method(*args, **kwargs)
        yield from getattr(page, ITEMS)
        if _is_last(page, kwargs):
            return


async def _iterate_async(
    method: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> AsyncIterator[Any]:
    while True:
        page = await method(*args, **kwargs)
        for item in getattr(page, ITEMS):
            yield item
        if _is_last(page, kwargs):
            return


def _is_last(page: Any, kwargs: dict[str, Any]) -> bool:
    """Whether there is no page after this one; else the arguments become the next one's."""
    following = getattr(page, NEXT)
    if following is None:
        return True
    if following == kwargs.get(CURSOR):
        raise StatusError(Code.DATA_LOSS, f"the page after {following!r:.60} is said to be itself")
    kwargs[CURSOR] = following
    return False
