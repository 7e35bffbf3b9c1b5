from __future__ import annotations

import gc

import pytest
from avrorpc_codegen.garbage import collection_paused, keep_all


def test_collection_is_paused_and_goes_on_even_after_an_error() -> None:
    @collection_paused()
    def fail() -> None:
        assert not gc.isenabled()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert gc.isenabled()


def test_collection_that_was_off_stays_off() -> None:
    gc.disable()
    try:
        with collection_paused():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_what_is_kept_is_passed_over() -> None:
    before = gc.get_freeze_count()
    keep_all()
    try:
        assert gc.get_freeze_count() > before
    finally:
        gc.unfreeze()
