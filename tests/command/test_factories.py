"""What `MODULE:FACTORY` names, and what is said where it names nothing that can be used."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import pytest
from avrorpc import Binding
from avrorpc_codegen.command.factories import make

MODULE = """
from support.implementations import SyncSmall
from avrorpc import bind

made = SyncSmall()
bound = bind(made)

class Holder:
    inner = SyncSmall

def fails():
    raise RuntimeError("no device")

def needs(size):
    return made

def forgets():
    SyncSmall()
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with modules of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    for name in ("made_here", "broken_here", "torn_here"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    (tmp_path / "made_here.py").write_text(MODULE)
    (tmp_path / "broken_here.py").write_text("\nx = 1 / 0\n")
    (tmp_path / "torn_here.py").write_text("def (\n")
    (tmp_path / "poor_here.py").write_text("import nothing_of_this_name\n")
    return tmp_path


def test_objects_classes_functions_and_bindings_are_taken() -> None:
    for name in ("made", "Holder.inner", "SyncSmall"):
        assert type(make(f"made_here:{name}")).__name__ == "SyncSmall"
    assert isinstance(make("made_here:bound"), Binding)


@pytest.mark.parametrize(
    ("factory", "said"),
    [
        ("made_here", "'made_here' must be MODULE:FACTORY, such as"),
        (":made", "':made' must be MODULE:FACTORY"),
        ("made_here:", "'made_here:' must be MODULE:FACTORY"),
        ("localhost:9000", "a server has a URL, such as tcp://127.0.0.1:9000"),
        ("made_here.py:made", "made_here.py is a file; name its module: made_here:made"),
        ("made_here:mad", "made_here has no 'mad'; did you mean made?"),
        ("nothing_here:x", "there is no module 'nothing_here': it is neither installed nor in "),
        ("nothing_here.inner:x", "there is no module 'nothing_here': it is neither installed nor in "),
        ("poor_here:x", "there is no module 'nothing_of_this_name': poor_here needs it; install it"),
    ],
)
def test_what_is_not_there_is_wrong_usage(factory: str, said: str) -> None:
    with pytest.raises(click.UsageError) as caught:
        make(factory)
    assert said in caught.value.message


@pytest.mark.parametrize(
    ("factory", "said"),
    [
        ("made_here:fails", "made_here:fails failed: RuntimeError: no device ({folder}/made_here.py:12)"),
        ("made_here:needs", "made_here:needs failed: TypeError: needs() missing 1 required"),
        ("made_here:forgets", "made_here:forgets must return an implementation, and returned None"),
        ("broken_here:x", "broken_here cannot be imported: ZeroDivisionError"),
        ("broken_here:x", "({folder}/broken_here.py:2)"),
        ("torn_here:x", "torn_here cannot be imported: invalid syntax ({folder}/torn_here.py:1)"),
    ],
)
def test_what_fails_is_told_with_its_place(folder: Path, factory: str, said: str) -> None:
    with pytest.raises(click.ClickException) as caught:
        make(factory)
    assert said.format(folder=folder) in caught.value.message
    assert not isinstance(caught.value, click.UsageError)
