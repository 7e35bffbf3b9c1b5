from __future__ import annotations

from pathlib import Path

import pytest
from avrorpc_codegen.breaking.mode import Ignore, Mode
from avrorpc_codegen.breaking.rules import Level
from avrorpc_codegen.breaking.settings import BreakingSettings, load_breaking
from avrorpc_codegen.config import ConfigError, load_config


def project(folder: Path, text: str) -> Path:
    (folder / "pyproject.toml").write_text(text)
    return folder


def test_without_settings_all_levels_count_and_old_clients_must_not_break(tmp_path: Path) -> None:
    assert load_breaking(project(tmp_path, "")) == BreakingSettings(Level.SOURCE, Mode.BACKWARD)


def test_settings_are_read_beside_those_of_the_compiler(tmp_path: Path) -> None:
    text = """
    [tool.avrogen]
    schemas = "idl"
    [tool.avrogen.breaking]
    level = "wire"
    mode = "full_transitive"
    against = ["v1", "v2"]
    against-tags = "v*"
    [tool.avrogen.breaking.ignore]
    "AVR516" = "by name"
    "AVR521:llm.*" = " not released "
    """
    assert load_breaking(project(tmp_path, text)) == BreakingSettings(
        Level.WIRE,
        Mode.FULL_TRANSITIVE,
        ("v1", "v2"),
        "v*",
        (Ignore("AVR516", "*", "by name"), Ignore("AVR521", "llm.*", "not released")),
    )
    assert load_config(tmp_path).schemas == tmp_path / "idl"


def test_one_older_version_needs_no_list(tmp_path: Path) -> None:
    text = '[tool.avrogen.breaking]\nagainst = "main"\n'
    assert load_breaking(project(tmp_path, text)).against == ("main",)


def test_a_folder_is_relative_to_the_settings(tmp_path: Path) -> None:
    inside = project(tmp_path, '[tool.avrogen.breaking]\nagainst = ["old", "main"]\n') / "a" / "b"
    inside.mkdir(parents=True)
    (tmp_path / "old").mkdir()
    assert load_breaking(inside).against == (str(Path("..", "..", "old")), "main")
    assert load_breaking(tmp_path).against == ("old", "main")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[tool.avrogen]\nbreaking = 1", r"\[tool.avrogen.breaking\] is not a table"),
        ("[tool.avrogen.breaking]\nlevle = 'wire'", "knows no setting 'levle'; did you mean `level`"),
        ("[tool.avrogen.breaking]\nlevel = 'binary'", "`level` is one of wire, json, source, not 'binary'"),
        ("[tool.avrogen.breaking]\nmode = 1", "`mode` is one of backward, "),
        ("[tool.avrogen.breaking]\nagainst = 1", "`against` is a string or a list"),
        ("[tool.avrogen.breaking]\nagainst = [1]", "`against` is a string or a list"),
        ("[tool.avrogen.breaking]\nagainst-tags = ['v*']", "`against-tags` is a string such as"),
        ("[tool.avrogen.breaking]\nignore = ['AVR516']", "`ignore` maps ids to reasons"),
        ("[tool.avrogen.breaking.ignore]\nAVR599 = 'x'", "no breaking change 'AVR599'; did you mean"),
        ("[tool.avrogen.breaking.ignore]\nAVR203 = 'x'", "ids are AVR501 and the like"),
        ("[tool.avrogen.breaking.ignore]\nAVR516 = ' '", "ignoring 'AVR516' needs a reason"),
        ("[tool.avrogen.breaking.ignore]\nAVR516 = true", "ignoring 'AVR516' needs a reason"),
        ("[tool.avrogen.breaking.ignore]\n'AVR516:' = 'x'", "names no subject, such as AVR516:llm"),
    ],
)
def test_settings_that_make_no_sense_are_named(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        load_breaking(project(tmp_path, text))
