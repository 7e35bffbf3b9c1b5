"""Coverage-guided fuzzing of the runtime: `python tests/fuzz/run.py [TARGET...] --minutes N --seed S`.

It needs `pip install atheris` (libFuzzer, guided by the coverage of Python code). The targets share the
minutes, and with `--jobs` several run at a time. A few inputs that reach what all reached are kept in
`corpus/TARGET.txt`, and replayed by pytest; what breaks a promise is kept in `failures/TARGET`, and tried
first next time. That, and inputs that could not be kept, make the exit code 1.
"""

from __future__ import annotations

import argparse
import importlib.util
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "generated")]

from fuzz import corpus  # noqa: E402 - found by the path above

FAILURES: Final = HERE / "failures"
LONGEST: Final = 2_000
"""Bytes of one input: what is wrong shows in short ones."""
SECONDS_TO_MERGE: Final = 600
"""How long it may take to try all that was found once more."""
_PROGRESS: Final = re.compile(r"#(\d+)\s.*cov: (\d+) ft: (\d+)")
WORDS: Final = (
    '"type"',
    '"name"',
    '"record"',
    '"fields"',
    '"array"',
    '"items"',
    '"map"',
    '"values"',
    '"enum"',
    '"null"',
    '"symbols"',
    '"fixed"',
    '"size"',
    '"default"',
    '"namespace"',
    '"aliases"',
    '"logicalType"',
    '"int"',
    '"decimal"',
    '"precision"',
    '"scale"',
    '"timestamp-millis"',
    '"duration"',
    '"uuid"',
    '"bytes"',
    '"long"',
    '"protocol"',
    '"messages"',
    '"request"',
    '"response"',
    '"errors"',
    '"one-way"',
    '"stream"',
    '"string"',
    '{"type":"record","name":"R","fields":[',
    '{"name":"a","type":',
    "[]",
    "{}",
    '"both"',
    "1e999",
    "-0",
    "avrorpc.upgrade",
    "avrorpc.window",
    "avrorpc.max-calls",
    "avrorpc.compression",
    "a.Shop/buy",
)


def main() -> int:
    """Fuzz, and report."""
    if sys.argv[1:2] == ["--one"]:
        return _fuzz(sys.argv[2], sys.argv[3:])
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="all, if none is named")
    parser.add_argument("--minutes", type=float, default=5.0, help="how long in all (5)")
    parser.add_argument("--jobs", type=int, default=1, help="how many targets are fuzzed at a time (1)")
    parser.add_argument("--seed", type=int, default=0, help="of the mutations; 0 for another each time")
    options = parser.parse_args()
    names = sorted(path.stem for path in corpus.FOLDER.glob("*.txt"))
    unknown = set(options.targets) - set(names)
    if unknown:
        parser.error(f"there is no target {', '.join(sorted(unknown))}; there is {', '.join(names)}")
    if importlib.util.find_spec("atheris") is None:
        parser.error("this needs `pip install atheris`")
    chosen = options.targets or names
    run = partial(_run, seconds=options.minutes * 60 / len(chosen), seed=options.seed)
    failed = []
    with ThreadPoolExecutor(options.jobs) as pool:
        for name, (said, problem) in zip(chosen, pool.map(run, chosen), strict=True):
            print(f"{name}: {said}", flush=True)
            if problem:
                failed.append(name)
                print(f"{name} FAILED: {problem}", flush=True)
    print(f"failed: {', '.join(failed)}" if failed else "no target failed")
    return 1 if failed else 0


def _run(name: str, seconds: float, seed: int) -> tuple[str, str]:
    """Fuzz one target in a process of its own, and keep what it found; say what it reached, and a problem."""
    failures = FAILURES / name
    failures.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder) / "work"
        work.mkdir()
        known = corpus.read(name) + [path.read_bytes() for path in failures.iterdir()]
        for number, data in enumerate(known):
            (work / f"known{number}").write_bytes(data)
        words = Path(folder) / "words"
        words.write_text("".join(f'w{n}="{_escaped(word)}"\n' for n, word in enumerate(WORDS)))
        engine = _engine(name, Path(folder))
        done = subprocess.run(
            [
                *engine,
                *(f"-dict={words}", f"-max_total_time={max(1, round(seconds))}", f"-seed={seed}"),
                *("-rss_limit_mb=1500", f"-artifact_prefix={failures}/", str(work)),
            ],
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
        kept, problem = _keep(name, engine, work)
    progress = _PROGRESS.findall(done.stderr)
    executions, reached, features = progress[-1] if progress else ("0", "0", "0")
    if done.returncode:
        problem = f"it ended with {done.returncode}; see {failures}\n{done.stderr[-4_000:]}\n{problem}"
    elif not progress:
        problem = f"it tried nothing\n{done.stderr[-4_000:]}\n{problem}"
    if not any(failures.iterdir()):
        failures.rmdir()
    return f"{executions} executions, {reached} edges, {features} features; {kept}", problem


def _engine(name: str, folder: Path) -> list[str]:
    """Return the command that fuzzes a target: one file, since to merge, it runs itself again by its name."""
    engine = folder / "engine"
    command = shlex.join([sys.executable, str(Path(__file__).resolve()), "--one", name])
    engine.write_text(f'#!/bin/sh\nexec {command} "$0" "$@"\n')
    engine.chmod(0o700)
    return [str(engine), f"-max_len={LONGEST}", "-timeout=20"]


def _keep(name: str, engine: Sequence[str], work: Path) -> tuple[str, str]:
    """Make what covers most the target's corpus; return what is kept, and why it could not be."""
    found, seen = work.parent / "found", work.parent / "seen"
    found.mkdir()
    try:
        done = subprocess.run(
            [*engine, "-merge=1", f"-merge_control_file={seen}", str(found), str(work)],
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            timeout=SECONDS_TO_MERGE,
        )
    except subprocess.TimeoutExpired:
        return "nothing is kept", f"merging took above {SECONDS_TO_MERGE} s"
    reached = corpus.reached(seen.read_text()) if seen.exists() else {}
    if done.returncode or not reached:
        return "nothing is kept", f"merging ended with {done.returncode}\n{done.stderr[-4_000:]}"
    chosen = corpus.choose(reached)
    corpus.write(name, chosen)
    covered = len(frozenset[int]().union(*(reached[data] for data in chosen)))
    every = len(frozenset[int]().union(*reached.values()))
    return f"{len(chosen)} inputs kept for {covered} of {every}", ""


def _fuzz(name: str, engine: list[str]) -> int:
    atheris: Any = importlib.import_module("atheris")  # not one of the tests' own needs

    with atheris.instrument_imports(include=["avrorpc"]):
        from fuzz.targets import TARGETS  # noqa: PLC0415 - only now its imports are instrumented
    atheris.Setup(engine, TARGETS[name])
    atheris.Fuzz()
    return 0


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace('"', '\\"')


if __name__ == "__main__":
    sys.exit(main())
