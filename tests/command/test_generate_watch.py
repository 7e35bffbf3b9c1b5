"""`avrogen generate --watch` as a process: what it prints, what it writes, and how it ends."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.contracts import write

PROJECT = {
    "pyproject.toml": '[tool.avrogen]\ntemplates = "own"\n',
    "own/class.py.j2": '{% extends "default/class.py.j2" %}',
    "schemas/a.avdl": 'namespace n; import idl "../shared/b.avdl"; record A { m.B b; }',
    "shared/b.avdl": "namespace m; record B { int x; }",
}
FIRST = "0 protocols, 2 types, 4 files: 4 written, 0 removed"
SECONDS = 60


class Watch:
    """A running `avrogen generate --watch`, and the lines that it prints."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, "-m", "avrorpc_codegen", "generate", "--watch"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=folder,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        self.lines: queue.Queue[str] = queue.Queue()
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))

    def expect(self, *texts: str) -> None:
        """Read lines until each of some texts has been part of one, in their order."""
        seen: list[str] = []
        for text in texts:
            while not seen or text not in seen[-1]:
                try:
                    seen.append(self.lines.get(timeout=SECONDS))
                except queue.Empty:
                    raise AssertionError(f"no {text!r} after {seen}") from None

    def generated(self, module: str) -> str:
        return (self.folder / "generated/contracts" / module / "__init__.py").read_text()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(SECONDS)
        self.reader.join(SECONDS)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    write(tmp_path, PROJECT)
    running = Watch(tmp_path)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.stop()


def test_each_kind_of_file_is_watched_and_an_interrupt_ends_it_well(watch: Watch) -> None:
    watch.expect("watching for changes; Ctrl-C ends", FIRST)
    write(watch.folder, {"schemas/a.avdl": PROJECT["schemas/a.avdl"].replace("record A", "record Other")})
    watch.expect("changed: schemas/a.avdl", "1 written, 0 removed")
    assert "class Other(" in watch.generated("n")
    write(watch.folder, {"shared/b.avdl": "namespace m; record B { string x; }"})
    watch.expect("changed: shared/b.avdl", "1 written, 0 removed")
    assert "x: str" in watch.generated("m")
    foot = '{% extends "default/class.py.j2" %}{% block foot %}\n    # The end.\n{% endblock %}'
    write(watch.folder, {"own/class.py.j2": foot})
    watch.expect("changed: own/class.py.j2", "2 written, 0 removed")
    assert "    # The end.\n" in watch.generated("m")
    write(watch.folder, {"schemas/new.avdl": "namespace p; enum E { X }"})
    watch.expect("changed: schemas/new.avdl", "1 written, 0 removed")
    write(watch.folder, {"pyproject.toml": "[tool.avrogen]\n"})
    watch.expect("changed: pyproject.toml", "3 written, 0 removed")
    (watch.folder / "schemas/new.avdl").unlink()
    watch.expect("changed: schemas/new.avdl", "0 written, 1 removed")
    assert watch.stop() == 0
    assert watch.lines.get(timeout=SECONDS) == "ended"
    assert watch.lines.empty()


def test_what_is_wrong_is_told_and_does_not_end_it(watch: Watch) -> None:
    watch.expect(FIRST)
    before = watch.generated("n")
    write(watch.folder, {"schemas/a.avdl": "namespace n; record A { Missing m; }"})
    watch.expect("changed: schemas/a.avdl", "schemas/a.avdl:1:25: error[AVR203]", "1 error")
    assert watch.generated("n") == before
    write(watch.folder, {"pyproject.toml": "[tool.avrogen"})
    watch.expect("changed: pyproject.toml", "not valid TOML")
    write(watch.folder, {"pyproject.toml": '[tool.avrogen]\ntemplates = "nowhere"\n'})
    watch.expect("changed: pyproject.toml", "there is no folder")
    write(watch.folder, {"pyproject.toml": PROJECT["pyproject.toml"], "own/class.py.j2": "{{ class.hed }}"})
    watch.expect("changed: ", "1 error")
    write(watch.folder, {"schemas/a.avdl": PROJECT["schemas/a.avdl"]})
    watch.expect("changed: schemas/a.avdl", "own/class.py.j2:1:10: error[AVR311]")
    write(watch.folder, {"own/class.py.j2": '{% include "default/class.py.j2" %}'})
    watch.expect("changed: own/class.py.j2", "all up to date")
    assert watch.stop() == 0


def test_an_import_that_comes_later_is_found(watch: Watch) -> None:
    watch.expect(FIRST)
    write(watch.folder, {"schemas/a.avdl": 'namespace n; import idl "later.avdl"; record A { q.Q q; }'})
    watch.expect("error[AVR201]")
    write(watch.folder, {"schemas/later.avdl": "namespace q; record Q {}"})
    watch.expect("changed: schemas/later.avdl", "2 written, 1 removed")
    assert watch.stop() == 0


@pytest.mark.parametrize("other", ["--check", "--json"])
def test_what_tells_of_one_run_does_not_go_with_it(tmp_path: Path, other: str) -> None:
    command = [sys.executable, "-m", "avrorpc_codegen", "generate", "--watch", other]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 2
    assert "--watch goes on; --check and --json tell of one run" in done.stderr


def test_settings_that_are_wrong_from_the_start_end_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "avrorpc_codegen", "generate", "--watch"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 2
    assert "there is no folder" in done.stderr
