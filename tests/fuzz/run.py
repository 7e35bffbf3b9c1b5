"""Coverage-guided fuzzing of the runtime: `python tests/fuzz/run.py [TARGET...] --minutes N --seed S`.

It needs `pip install atheris` (libFuzzer, guided by the coverage of Python code). The minutes are shared by
the targets. What reaches new code is kept in `corpus/TARGET`, minimised, and replayed by pytest; what breaks
a promise is kept in `failures/TARGET`, and makes the exit code 1.
"""

from __future__ import annotations

import argparse
import importlib
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).parent
CORPUS: Final = HERE / "corpus"
FAILURES: Final = HERE / "failures"
LONGEST: Final = 2_000
"""Bytes of one input: what is wrong shows in short ones."""
MOST_KEPT: Final = 20_000
"""Bytes of corpus kept for one target, the smallest inputs first."""
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
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="all, if none is named")
    parser.add_argument("--minutes", type=float, default=5.0, help="how long in all (5)")
    parser.add_argument("--seed", type=int, default=0, help="of the mutations; 0 for another each time")
    if sys.argv[1:2] == ["--one"]:
        return _fuzz(sys.argv[2], sys.argv[3:])
    options = parser.parse_args()
    names = sorted(path.name for path in CORPUS.iterdir())
    unknown = set(options.targets) - set(names)
    if unknown:
        parser.error(f"there is no target {', '.join(sorted(unknown))}; there is {', '.join(names)}")
    chosen = options.targets or names
    failed = [name for name in chosen if not _run(name, options.minutes * 60 / len(chosen), options.seed)]
    print(f"failed: {', '.join(failed)}" if failed else "no target failed")
    return 1 if failed else 0


def _run(name: str, seconds: float, seed: int) -> bool:
    """Fuzz one target in a process of its own, and keep what it found; return whether all was well."""
    failures = FAILURES / name
    failures.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        words, work, kept = Path(folder) / "words", Path(folder) / "work", Path(folder) / "kept"
        work.mkdir()
        kept.mkdir()
        words.write_text("".join(f'w{n}="{_escaped(word)}"\n' for n, word in enumerate(WORDS)))
        engine = [sys.executable, __file__, "--one", name, f"-max_len={LONGEST}", "-timeout=20"]
        said = subprocess.run(
            [
                *engine,
                *(f"-dict={words}", f"-max_total_time={max(1, round(seconds))}", f"-seed={seed}"),
                *("-rss_limit_mb=1500", "-print_final_stats=1", f"-artifact_prefix={failures}/"),
                *(str(work), str(CORPUS / name)),
            ],
            stderr=subprocess.PIPE,
            text=True,
        )
        merged = subprocess.run(
            [*engine, "-merge=1", str(kept), str(CORPUS / name), str(work)], stderr=subprocess.PIPE
        )
        if merged.returncode == 0 and any(kept.iterdir()):
            _keep(name, kept)
    coverage = re.findall(r"#(\d+)\s.*cov: (\d+) ft: (\d+)", said.stderr)
    executions, reached, features = coverage[-1] if coverage else ("0", "0", "0")
    print(f"{name}: {executions} executions, {reached} edges, {features} features", flush=True)
    if said.returncode:
        print(said.stderr[-4_000:])
    if not any(failures.iterdir()):
        failures.rmdir()
    return said.returncode == 0


def _keep(name: str, kept: Path) -> None:
    """Make a merged corpus the target's own, within `MOST_KEPT`."""
    corpus, total = CORPUS / name, 0
    for path in corpus.iterdir():
        path.unlink()
    for path in sorted(kept.iterdir(), key=lambda path: path.stat().st_size):
        total += path.stat().st_size
        if total > MOST_KEPT:
            break
        (corpus / path.name[:12]).write_bytes(path.read_bytes())


def _fuzz(name: str, engine: list[str]) -> int:
    atheris: Any = importlib.import_module("atheris")  # not one of the tests' own needs

    sys.path[:0] = [str(HERE.parent), str(HERE.parent / "generated")]
    with atheris.instrument_imports(include=["avrorpc"]):
        from fuzz.targets import TARGETS  # noqa: PLC0415 - only now its imports are instrumented
    atheris.Setup([sys.argv[0], *engine], TARGETS[name])
    atheris.Fuzz()
    return 0


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace('"', '\\"')


if __name__ == "__main__":
    sys.exit(main())
