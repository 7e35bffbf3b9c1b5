from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import jinja2
import pytest
from avrorpc_codegen.rendering import Renderer
from avrorpc_codegen.views import ModuleView, PackageView


def templates() -> dict[str, str]:
    folder = files("avrorpc_codegen") / "templates"
    return {entry.name: entry.read_text() for entry in folder.iterdir() if entry.name.endswith(".j2")}


def test_templates_look_like_their_output() -> None:
    for name, text in templates().items():
        assert "{%-" not in text, name
        assert "-%}" not in text, name
        assert "{% set" not in text, name
        assert len(text.split("\n")) <= 41, name


def test_what_is_missing_in_a_view_is_an_error() -> None:
    class Empty(PackageView):
        def __init__(self) -> None:
            pass

    with pytest.raises((jinja2.UndefinedError, AttributeError)):
        Renderer().package(Empty(), "x")


def test_code_that_does_not_compile_is_an_error() -> None:
    broken = ModuleView(Path("x.py"), ["not a comment"], "Doc.", 1, [], [], [], [], [], [])
    with pytest.raises(SyntaxError):
        Renderer().module(broken)


def test_an_empty_module_is_complete() -> None:
    view = ModuleView(Path("x.py"), ["# Head."], "Doc.", 1, ["A"], [], [], [], [], [], [["import x"]])
    assert Renderer().module(view) == (
        '# Head.\n"""Doc."""\n\nfrom __future__ import annotations\n\nimport x\n\n'
        'stub.require_level(1)\n\n__all__ = [\n    "A",\n]\n'
    )
