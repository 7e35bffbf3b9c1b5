"""`Retry` over faults: what may be repeated succeeds, and nothing else is ever done twice."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from avrorpc import ConnectionLost, TransportError
from avrorpc.middleware import Retry
from avrorpc.testing import Proxy, Reset
from support.books import Books
from support.callers import CALLERS, COLOURS, RESULTS, outcome
from support.cells import HELD_KINDS, TRANSPORTS, urls_of
from support.serving import ServerThread


@pytest.fixture(scope="module")
def books() -> Books:
    return Books()


@pytest.fixture(scope="module")
def server(books: Books) -> Iterator[ServerThread]:
    with ServerThread(books) as served:
        yield served


def retry() -> Retry:
    return Retry(attempts=4, initial=0.001)


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_call_that_is_cut_off_is_repeated_only_where_that_does_no_harm(
    transport: str, colour: str, server: ServerThread, books: Books
) -> None:
    with Proxy(urls_of(server)[transport]) as proxy:
        with CALLERS[colour](proxy.url, middleware=(retry(),)) as caller:
            for kind in HELD_KINDS:
                if (transport, kind) == ("http", "both"):
                    continue
                key = f"cut/{transport}/{colour}/{kind}"
                future = caller.start(kind, key, hold=True)
                books.wait(books.held, key)
                proxy.reset()
                if kind == "idempotent":
                    books.wait(books.held, key, 2)  # the second attempt
                    books.release(key)
                    assert outcome(future) == RESULTS[kind]
                    books.wait_for_end(key, 2)
                else:
                    assert isinstance(outcome(future), ConnectionLost)
                    books.wait_for_end(key, 1)


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_call_that_was_never_sent_is_repeated_whatever_it_does(
    transport: str, colour: str, server: ServerThread, books: Books
) -> None:
    """The first two connections are refused by a proxy that nobody listens behind."""
    key = f"unsent/{transport}/{colour}"
    with Proxy(urls_of(server)[transport]) as proxy:
        proxy.refuse()
        attempts = 0

        def choose() -> float:
            nonlocal attempts
            attempts += 1
            if attempts == 2:
                proxy.accept()
            return 0.0

        middleware = (Retry(attempts=4, initial=0.001, choose=choose),)
        with CALLERS[colour](proxy.url, middleware=middleware) as caller:
            assert outcome(caller.start("unary", key)) == 1
        assert attempts == 2
    books.wait_for_end(key, 1)


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_whatever_byte_the_reply_is_cut_at_nothing_is_booked_twice(
    transport: str, colour: str, server: ServerThread, books: Books
) -> None:
    """Every connection is reset after so many bytes, and then the next one a little later."""
    with Proxy(urls_of(server)[transport]) as proxy:
        with CALLERS[colour](proxy.url, middleware=(retry(),)) as caller:
            for after in range(0, 3_000, 150):
                key = f"bytes/{transport}/{colour}/{after}"
                proxy.to_client.clear()
                proxy.to_client.add(Reset(after))
                found = outcome(caller.start("unary", key))
                if found == 1:
                    books.wait_for_end(key, 1)
                else:
                    assert isinstance(found, TransportError), found
                    assert books.begun[key] <= 1
            proxy.to_client.clear()
            proxy.reset()
