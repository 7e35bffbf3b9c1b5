"""The accelerator under AddressSanitizer and UndefinedBehaviorSanitizer: `python tests/fuzz/sanitized.py`.

It builds the accelerator with both into a copy of the runtime, runs the codec's tests with it, and then, for
the minutes asked for, random schemas, values and bytes against the portable codec and fastavro. Each object
has its memory from the system, so that a read past its end is seen; to take more than 64 MB at once is a
fault. It needs gcc and its sanitizers.
"""

from __future__ import annotations

import argparse
import importlib
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).resolve().parent
ROOT: Final = HERE.parents[1]
SANITIZE: Final = (
    "-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -g -O1"
)
ASAN: Final = "detect_leaks=0:max_allocation_size_mb=64:allocator_may_return_null=0:abort_on_error=1"
UBSAN: Final = "print_stacktrace=1:halt_on_error=1"
TESTS: Final = ("test_program.py", "test_hostile_bytes.py", "test_resolution.py", "test_round_trips.py")
"""Those tests of the codec that need no library whose own memory would be checked, too."""


def main() -> int:
    """Build, test, fuzz, and report."""
    if sys.argv[1:2] == ["--one"]:
        return _fuzz(float(sys.argv[2]), int(sys.argv[3]))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--minutes", type=float, default=5.0, help="how long to fuzz (5)")
    parser.add_argument("--seed", type=int, default=0, help="of what is drawn; 0 for another each time")
    options = parser.parse_args()
    if shutil.which("gcc") is None:
        parser.error("this needs gcc")
    seed = options.seed or random.SystemRandom().randrange(1, 2**31)
    with tempfile.TemporaryDirectory() as folder:
        runtime = Path(folder) / "runtime"
        shutil.copytree(ROOT / "runtime", runtime, ignore=shutil.ignore_patterns("*.so", "__pycache__"))
        _build(runtime)
        environment = _environment(runtime)
        tests = [str(ROOT / "tests" / "codec" / name) for name in TESTS]
        pytest = [sys.executable, "-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider", *tests]
        tested = subprocess.run(pytest, cwd=ROOT, env=environment).returncode
        print(f"the codec's tests ended with {tested}", flush=True)
        command = [
            sys.executable,
            str(Path(__file__).resolve()),
            "--one",
            str(options.minutes * 60),
            str(seed),
        ]
        fuzzed = subprocess.run(command, cwd=ROOT, env=environment).returncode
    print(f"fuzzing with seed {seed} ended with {fuzzed}")
    return 1 if tested or fuzzed else 0


def _build(runtime: Path) -> None:
    sys.path.insert(0, str(ROOT))
    hook: Any = importlib.import_module("hatch_build")
    os.environ.update(CFLAGS=SANITIZE, LDFLAGS="-fsanitize=address,undefined")
    if hook.build(runtime) is None:
        raise SystemExit("the accelerator could not be built")


def _environment(runtime: Path) -> dict[str, str]:
    found = [_library(name) for name in ("libasan.so", "libubsan.so")]
    paths = [str(runtime), *(str(ROOT / name) for name in ("codegen", "services", "generated"))]
    return {
        **os.environ,
        "AVRORPC_PURE": "0",
        "ASAN_OPTIONS": ASAN,
        "UBSAN_OPTIONS": UBSAN,
        "LD_PRELOAD": " ".join(found),
        "PYTHONMALLOC": "malloc",
        "PYTHONPATH": os.pathsep.join(paths),
    }


def _library(name: str) -> str:
    done = subprocess.run(["gcc", f"-print-file-name={name}"], capture_output=True, text=True, check=True)
    return str(Path(done.stdout.strip()).resolve())


def _fuzz(seconds: float, seed: int) -> int:
    """Draw until the time is over; the number of a step is its seed, so that each can be run again."""
    sys.path[:0] = [str(HERE.parent), str(HERE.parent / "generated")]
    differences: Any = importlib.import_module("fuzz.differences")
    from avrorpc.codec import _native  # noqa: PLC0415 - of the runtime that was built for this

    print(f"fuzzing {_native.__file__}", flush=True)
    end, steps = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        rng = random.Random(seed + steps)
        try:
            (differences.odd if steps % 4 == 3 else differences.step)(rng)
        except BaseException:
            print(f"failed at step {steps}: run with --seed {seed + steps}", flush=True)
            raise
        steps += 1
    print(f"{steps:,} steps, each of a schema with 8 values and 56 bodies, or of values that do not fit")
    return 0


if __name__ == "__main__":
    sys.exit(main())
