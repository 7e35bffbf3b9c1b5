"""Whatever the command is given, it ends with a diagnostic and an exit code, and writes whole files or none.

The command runs as users run it. The bounds on its time and its memory are generous, and say only that
neither grows out of hand.
"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

SECONDS = 300
BYTES = 3 * 2**30
FRAME = '@namespace("n") protocol P { %s }'
GOOD = FRAME % "record R { int a; }"


def limited() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))


def avrogen(
    folder: Path, *arguments: str, before: Callable[[], None] = limited
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "avrorpc_codegen", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, cwd=folder, timeout=SECONDS, preexec_fn=before
    )


def compiled(folder: Path, name: str, data: str | bytes) -> subprocess.CompletedProcess[str]:
    (folder / name).write_bytes(data.encode() if isinstance(data, str) else data)
    done = avrogen(folder, "compile", name, "-o", "out.json")
    assert "Traceback" not in done.stderr
    assert (folder / "out.json").exists() is (done.returncode == 0)
    return done


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbf" + GOOD.encode(),
        GOOD.replace(" ", "\r\n"),
        GOOD.replace(" ", "\r"),
        FRAME % 'import idl "a.avdl"; record R { int a; }',
        FRAME % (" " * 10_000_000),
        FRAME % ("/** x */ " * 50_000 + "record R { int a; }"),
        FRAME % (" ".join(f"@a{i}({i})" for i in range(50_000)) + " record R { int a; }"),
        FRAME % ('record R { string a = "' + "x" * 1_000_000 + '"; }'),
        FRAME % ("record R { array<int> a = [" + "1," * 100_000 + "1]; }"),
        FRAME % ("record " + "x" * 1_000_000 + " { int a; }"),
        FRAME % "\n".join(f"record R{i} {{ string a; R{i - 1 if i else 0}? b; }}" for i in range(10_000)),
    ],
    ids=[
        "a byte order mark",
        "CRLF",
        "lone CR",
        "imports itself",
        "10 MB of blanks",
        "50,000 comments",
        "50,000 annotations",
        "a string of 1 MB",
        "a list of 100,000",
        "a name of 1 MB",
        "10,000 records",
    ],
)
def test_what_is_odd_and_right_compiles(tmp_path: Path, data: str | bytes) -> None:
    done = compiled(tmp_path, "a.avdl", data)
    assert done.returncode == 0, done.stderr[:2000]


@pytest.mark.parametrize(
    ("name", "data", "rule"),
    [
        ("a.avdl", b"protocol P { \0 }", "AVR103"),
        ("a.avdl", b"protocol P { /* \xe9 */ }", "AVR102"),
        ("a.avdl", GOOD.encode("utf-16"), "AVR102"),
        ("a.avdl", GOOD.encode("utf-16-be"), "AVR102"),
        ("a.avdl", GOOD.encode("utf-32"), "AVR102"),
        ("a.avdl", "protocol P {" * 1000, "AVR107"),
        ("a.avdl", FRAME % ("record R { " + "array<" * 1000 + "int" + ">" * 1000 + " a; }"), "AVR108"),
        ("a.avdl", FRAME % ("record R { int a = " + "[" * 1000 + "]" * 1000 + "; }"), "AVR108"),
        ("a.avdl", FRAME % ("(" * 100_000), "AVR107"),
        ("a.avdl", FRAME % "".join(f"record R{i} {{ U{i} a; }}" for i in range(20_000)), "AVR203"),
        ("a.avdl", FRAME % "".join(f"record R{i} {{ int; }}" for i in range(20_000)), "AVR107"),
        ("a.avdl", FRAME % ("record R { " + "y" * 1_000_000 + " a; }"), "AVR203"),
        ("a.avdl", FRAME % ("record x" + "\u20ac" * 1_000_000 + " { }"), "AVR103"),
        ("a.avdl", FRAME % ("record R { long a = " + "1" * 1_000_000 + "; }"), "AVR106"),
        ("a.avdl", FRAME % ("record R { double a = " + "1" * 1_000_000 + ".0; }"), "AVR106"),
        ("a.avdl", FRAME % 'import idl "."; import idl "/"; import schema "";', "AVR201"),
        ("a.avdl", FRAME % ('import idl "' + "x" * 5000 + '.avdl";'), "AVR201"),
        ("a.avdl", FRAME % ("'" * 100_000), "AVR105"),
        ("a.avdl", FRAME % ("`" * 100_000), "AVR104"),
        (
            "a.avdl",
            FRAME % ("record R { " + "".join(f"R{i}? a; }} record R{i} {{ " for i in range(2000)) + "}"),
            "AVR108",
        ),
        ("a.avsc", '{"type":"array","items":' * 50_000 + '"int"' + "}" * 50_000, "AVR108"),
        ("a.avsc", '{"type":"int","x":' + "[" * 990 + "]" * 990 + "}", "AVR108"),
        ("a.avsc", "[" + ",".join('{"type":"record","name":"R"}' for _ in range(20_000)) + "]", "AVR110"),
        ("a.avsc", '{"type":"' + "x" * 1_000_000 + '"}', "AVR203"),
        ("a.avsc", '{"type":"int","x":' + "1" * 1_000_000 + "}", "AVR110"),
        ("a.avsc", b'{"type":\0"int"}', "AVR110"),
        ("a.avpr", b"", "AVR110"),
    ],
    ids=range(27),
)
def test_what_is_wrong_is_a_finding(tmp_path: Path, name: str, data: str | bytes, rule: str) -> None:
    done = compiled(tmp_path, name, data)
    assert done.returncode == 1
    assert f"error[{rule}]" in done.stderr
    assert len(done.stderr) < 200_000, "what is printed has its limits, too"


def test_a_line_that_counts_follows_the_first_hundred_findings(tmp_path: Path) -> None:
    text = FRAME % "".join(f"record R{i} {{ int; }}\n" for i in range(5000))
    lines = compiled(tmp_path, "a.avdl", text).stderr.splitlines()
    assert lines[-3:] == ["... and 4900 more", "", "5000 errors"]


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.avdl")
    done = avrogen(tmp_path, "compile", "a.avdl")
    assert (done.returncode, "not an ordinary file" in done.stderr) == (1, True)
    (tmp_path / "b.avdl").write_text('protocol P { import idl "a.avdl"; }')
    assert "AVR201" in avrogen(tmp_path, "compile", "b.avdl").stderr


def test_a_device_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "a.avdl").symlink_to("/dev/zero")
    done = avrogen(tmp_path, "compile", "a.avdl")
    assert (done.returncode, "not an ordinary file" in done.stderr) == (1, True)


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "a.avdl").open("wb") as file:
        file.truncate(2**40)
    done = avrogen(tmp_path, "compile", "a.avdl")
    assert (done.returncode, "larger than 64 MiB" in done.stderr) == (1, True)


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs Linux: a file that gives an error")
def test_a_disk_that_fails_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "a.avdl").symlink_to("/proc/self/mem")
    done = avrogen(tmp_path, "compile", "a.avdl")
    assert (done.returncode, "AVR101" in done.stderr) == (1, True)


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_file_that_may_not_be_read_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "a.avdl").write_text(GOOD)
    (tmp_path / "a.avdl").chmod(0)
    done = avrogen(tmp_path, "compile", "a.avdl")
    assert (done.returncode, "permission denied" in done.stderr) == (1, True)


@pytest.mark.parametrize("target", ["nowhere.avdl", "a.avdl"])
def test_a_link_that_leads_nowhere_is_wrong_usage(tmp_path: Path, target: str) -> None:
    (tmp_path / "a.avdl").symlink_to(target)
    done = avrogen(tmp_path, "compile", "a.avdl")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_imports_that_lead_to_links_and_folders_are_findings(tmp_path: Path) -> None:
    (tmp_path / "link.avdl").symlink_to("nowhere.avdl")
    (tmp_path / "folder.avdl").mkdir()
    done = compiled(tmp_path, "a.avdl", FRAME % 'import idl "link.avdl"; import idl "folder.avdl";')
    assert done.returncode == 1
    assert done.stderr.count("AVR201") == 2
    assert "there is a folder of that name" in done.stderr


def test_a_name_that_is_no_utf_8_is_shown(tmp_path: Path) -> None:
    name = os.fsdecode(b"\xff.avdl")
    try:
        (tmp_path / name).write_text("protocol P { record R { Q q; } }")
    except OSError:
        pytest.skip("the file system has only names in UTF-8")
    done = avrogen(tmp_path, "compile", name)
    assert done.returncode == 1
    assert "error[AVR203]" in done.stderr


class TestOutput:
    """Files are written whole, or not at all."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        (tmp_path / "a.avdl").write_text(FRAME % "".join(f"record R{i} {{ int a; }}" for i in range(500)))
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "a.avpr").write_text("before")
        return tmp_path

    def unchanged(self, folder: Path) -> None:
        assert [path.name for path in (folder / "out").iterdir()] == ["a.avpr"]
        assert (folder / "out" / "a.avpr").read_text() == "before"

    def test_nothing_is_left_where_there_is_no_room(self, folder: Path) -> None:
        def small() -> None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

        done = avrogen(folder, "compile", "a.avdl", "-o", "out/a.avpr", before=small)
        assert done.returncode == 2
        assert "File too large" in done.stderr
        self.unchanged(folder)

    def test_one_that_is_killed_leaves_the_old_file(self, folder: Path) -> None:
        def deadly() -> None:
            signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
            resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

        code = (
            "import signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_DFL);"
            "from avrorpc_codegen.command import main; main(sys.argv[1:])"
        )
        command = [sys.executable, "-B", "-c", code, "compile", "a.avdl", "-o", "out/a.avpr"]
        done = subprocess.run(command, capture_output=True, cwd=folder, timeout=SECONDS, preexec_fn=deadly)
        assert done.returncode == -signal.SIGXFSZ, "it dies in the midst of writing"
        assert (folder / "out" / "a.avpr").read_text() == "before"

    def test_a_folder_is_not_overwritten(self, folder: Path) -> None:
        (folder / "taken" / "a.avpr").mkdir(parents=True)
        done = avrogen(folder, "compile", "a.avdl", "-o", "taken")
        assert (done.returncode, "Is a directory" in done.stderr) == (2, True)
        assert list((folder / "taken").iterdir()) == [folder / "taken" / "a.avpr"]

    def test_a_file_is_no_folder(self, folder: Path) -> None:
        done = avrogen(folder, "compile", "a.avdl", "-o", "out/a.avpr/b.avpr")
        assert done.returncode == 2
        assert "Traceback" not in done.stderr
        self.unchanged(folder)

    @pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
    def test_a_file_that_may_not_be_written_stays(self, folder: Path) -> None:
        (folder / "out" / "a.avpr").chmod(0o444)
        assert avrogen(folder, "compile", "a.avdl", "-o", "out/a.avpr").returncode == 2
        self.unchanged(folder)

    def test_a_device_stays_a_device(self, folder: Path) -> None:
        done = avrogen(folder, "compile", "a.avdl", "-o", "/dev/null")
        assert done.returncode == 0
        assert Path("/dev/null").is_char_device()

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux: a device without room")
    def test_standard_output_without_room_is_said(self, folder: Path) -> None:
        with Path("/dev/full").open("w") as full:
            command = [sys.executable, "-m", "avrorpc_codegen", "compile", "a.avdl"]
            done = subprocess.run(
                command, stdout=full, stderr=subprocess.PIPE, text=True, cwd=folder, timeout=SECONDS
            )
        assert done.returncode == 2
        assert "No space left on device" in done.stderr
        assert "Traceback" not in done.stderr

    def test_a_reader_that_leaves_is_no_failure_of_ours(self, folder: Path) -> None:
        reading, writing = os.pipe()
        os.close(reading)
        command = [sys.executable, "-m", "avrorpc_codegen", "compile", "a.avdl"]
        done = subprocess.run(
            command, stdout=writing, stderr=subprocess.PIPE, text=True, cwd=folder, timeout=SECONDS
        )
        os.close(writing)
        assert done.returncode != 0
        assert "Traceback" not in done.stderr
