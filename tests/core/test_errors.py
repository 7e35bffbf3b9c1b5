"""The errors: their family, what they say, what is known about them, and that they survive every journey."""

from __future__ import annotations

import contextlib
import copy
import inspect
import pickle
import traceback
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from avrorpc import (
    BindError,
    ClientStateError,
    Code,
    ConnectError,
    ConnectionLost,
    ContractMismatch,
    DeclaredError,
    DecodeError,
    EncodeError,
    ErrorInfo,
    LimitExceeded,
    LocalProtocolError,
    NotSingleObject,
    RpcError,
    SchemaError,
    StatusError,
    Suspended,
    UnknownFingerprint,
    UnreadableValue,
    ValueChanged,
    error_info,
    errors,
)


@dataclass(slots=True, eq=False, kw_only=True)
class NotThere(DeclaredError):
    """An error whose fields have the names that exceptions use themselves."""

    message: str
    code: int
    args: list[str]  # type: ignore[assignment]


@dataclass(slots=True, eq=False, kw_only=True)
class Nothing(DeclaredError):
    """An error without fields."""


def not_there() -> NotThere:
    return NotThere(message="no such key", code=404, args=["a"])


def test_the_family_is_the_one_that_the_module_draws() -> None:
    drawn: dict[str, str] = {}
    parents: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        name, depth = line.split()[0] if line.split() else "", (len(line) - len(line.lstrip())) // 2 - 2
        if line.startswith("    ") and name in vars(errors):
            parents = [*parents[:depth], name]
            drawn[name] = parents[depth - 1] if depth else "Exception"
    real = {
        name: cls.__bases__[0].__name__
        for name, cls in vars(errors).items()
        if inspect.isclass(cls) and issubclass(cls, RpcError)
    }
    assert drawn == real


def test_every_error_is_documented() -> None:
    for cls in vars(errors).values():
        if inspect.isclass(cls) and cls.__module__ == errors.__name__:
            assert cls.__doc__


def test_the_codes_are_the_sixteen_canonical_ones() -> None:
    assert len(Code) == 16
    assert all(code.name == code.value for code in Code)


def test_errors_that_python_has_a_word_for_are_that_too() -> None:
    assert issubclass(SchemaError, ValueError)
    assert issubclass(BindError, TypeError)
    assert issubclass(ClientStateError, RuntimeError)


# Declared errors


def test_a_declared_error_keeps_its_fields_whatever_their_names() -> None:
    error = not_there()
    assert (error.message, error.code, error.args) == ("no such key", 404, ["a"])
    assert str(error) == "message='no such key', code=404, args=['a']"
    assert str(Nothing()) == ""


def test_a_declared_error_reserves_no_public_name() -> None:
    added = {name for name in dir(Nothing) if not name.startswith("_")} - set(dir(Exception))
    assert added == set()


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_declared_error_is_pickled_with_its_fields(protocol: int) -> None:
    received = pickle.loads(pickle.dumps(not_there(), protocol))
    assert type(received) is NotThere
    assert str(received) == str(not_there())


def test_a_declared_error_is_copied_with_its_fields() -> None:
    error = not_there()
    for copied in (copy.copy(error), copy.deepcopy(error)):
        assert type(copied) is NotThere
        assert str(copied) == str(error)
    assert copy.deepcopy(error).args is not error.args


def test_a_declared_error_passes_through_context_managers() -> None:
    @contextlib.contextmanager
    def wrapping() -> Iterator[None]:
        try:
            yield
        finally:
            pass

    with pytest.raises(NotThere) as caught, contextlib.ExitStack(), wrapping():
        raise not_there()
    assert caught.value.message == "no such key"
    with contextlib.suppress(NotThere):
        raise not_there()


def test_a_declared_error_has_a_cause_notes_and_a_readable_traceback() -> None:
    error = not_there()
    error.add_note("seen in a test")
    try:
        raise error from KeyError("a")
    except NotThere as caught:
        shown = "".join(traceback.format_exception(caught))
    assert "NotThere: message='no such key', code=404, args=['a']" in shown
    assert "seen in a test" in shown
    assert "KeyError" in shown


def test_declared_errors_are_equal_only_to_themselves() -> None:
    error = not_there()
    assert error == error
    assert error != not_there()
    assert len({error, not_there()}) == 2


# Other errors


@pytest.mark.parametrize(
    "error",
    [
        StatusError(Code.NOT_FOUND, "nothing"),
        StatusError(Code.INTERNAL, "oops", from_peer=True, error_id="id1"),
        EncodeError("bad", "a.b"),
        ValueChanged("changed"),
        DecodeError("bad", ".a"),
        NotSingleObject(b"\x00\x01"),
        UnknownFingerprint(b"\x01\x02"),
        LimitExceeded("too much"),
        LocalProtocolError("ours"),
        ConnectError("no"),
        ConnectionLost("gone"),
        SchemaError("bad"),
        ContractMismatch("field"),
        UnreadableValue("the writer has the symbol B", ".kind"),
        BindError("differs"),
        ClientStateError("closed"),
        Suspended("waits"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_every_error_is_pickled_and_copied_whole(error: RpcError) -> None:
    for received in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(received) is type(error)
        assert str(received) == str(error)
        assert vars(received) == vars(error)
        assert error_info(received) == error_info(error)


def test_a_status_error_says_code_message_and_id() -> None:
    assert str(StatusError(Code.NOT_FOUND, "nothing")) == "NOT_FOUND: nothing"
    with_id = StatusError(Code.INTERNAL, "an internal error", from_peer=True, error_id="abc")
    assert str(with_id) == "INTERNAL: an internal error (error id abc)"


def test_a_path_stands_before_the_problem() -> None:
    assert str(EncodeError("bad", "a.b")) == "INVALID_ARGUMENT: a.b: bad"
    assert str(EncodeError("bad")) == "INVALID_ARGUMENT: bad"
    assert str(DecodeError("bad", ".a")) == ".a: bad"
    assert str(DecodeError("bad")) == "bad"


@pytest.mark.parametrize(
    ("error", "info"),
    [
        (StatusError(Code.ABORTED, "x", from_peer=True, error_id="e"), ErrorInfo(Code.ABORTED, True, "e")),
        (StatusError(Code.ABORTED, "x"), ErrorInfo(Code.ABORTED, False, None)),
        (EncodeError("x"), ErrorInfo(Code.INVALID_ARGUMENT, False, None)),
        (not_there(), ErrorInfo(Code.UNKNOWN, False, None)),
        (ConnectError("x"), ErrorInfo(Code.UNAVAILABLE, False, None)),
        (ConnectionLost("x"), ErrorInfo(Code.UNAVAILABLE, False, None)),
        (LimitExceeded("x"), ErrorInfo(Code.RESOURCE_EXHAUSTED, False, None)),
        (DecodeError("x"), ErrorInfo(Code.INTERNAL, False, None)),
        (ContractMismatch("x"), ErrorInfo(Code.FAILED_PRECONDITION, False, None)),
        (UnreadableValue("x"), ErrorInfo(Code.FAILED_PRECONDITION, False, None)),
        (ValueError("x"), ErrorInfo(Code.INTERNAL, False, None)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_known_of_an_error(error: BaseException, info: ErrorInfo) -> None:
    assert error_info(error) == info
