"""Which codec is used, who decides, and what is said of it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from avrorpc.codec import acceleration

SHOW = "from avrorpc.codec import acceleration as a; print(a.is_native, a.description, sep='|')"
WITHOUT = "import sys; sys.modules['avrorpc.codec._native'] = None\n"
OTHER = """
import sys, types
other = types.ModuleType("avrorpc.codec._native")
other.LEVEL = -1
sys.modules["avrorpc.codec._native"] = other
"""


def run(code: str, pure: str | None) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "AVRORPC_PURE"}
    if pure is not None:
        environment["AVRORPC_PURE"] = pure
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60
    )


def test_one_variable_asks_for_the_portable_codec() -> None:
    done = run(SHOW, "1")
    assert done.stdout.strip() == "False|pure Python: AVRORPC_PURE=1", done.stderr


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (WITHOUT, "the accelerator was not built"),
        (OTHER, "the accelerator was built for another version of avrorpc"),
    ],
)
def test_without_an_accelerator_that_fits_the_portable_codec_does_it_and_says_why(
    made: str, reason: str
) -> None:
    done = run(made + SHOW, None)
    assert done.stdout.strip() == f"False|pure Python: {reason}", done.stderr


def test_who_insists_on_the_native_codec_gets_it_or_an_error() -> None:
    done = run(WITHOUT + "import avrorpc.codec.encode", "0")
    assert "AVRORPC_PURE=0 insists on the native codec, but the accelerator was not built" in done.stderr
    if acceleration.is_native:
        assert run(SHOW, "0").stdout.strip() == "True|native"


def test_another_value_of_the_variable_is_refused() -> None:
    done = run(SHOW, "yes")
    assert "AVRORPC_PURE=yes is neither 1, for the portable codec, nor 0, for the native" in done.stderr
