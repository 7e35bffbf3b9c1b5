from __future__ import annotations

import dataclasses
from importlib.resources import files
from pathlib import Path

import jinja2
import pytest
from avrorpc_codegen.diagnostic import Diagnostics
from avrorpc_codegen.rendering import Renderer, default_templates, with_base
from avrorpc_codegen.views import ModuleView, PackageView
from support.contracts import write


def templates() -> dict[str, str]:
    folder = files("avrorpc_codegen") / "templates"
    return {entry.name: entry.read_text() for entry in folder.iterdir() if entry.name.endswith(".j2")}


def test_templates_look_like_their_output() -> None:
    for name, text in templates().items():
        assert "{%-" not in text, name
        assert "-%}" not in text, name
        assert "{% set" not in text, name
        assert len(text.split("\n")) <= 41, name


def module(**changes: object) -> ModuleView:
    view = ModuleView(
        "n", "x", Path("x.py"), ["# Head."], "Doc.", 1, ["A"], [], [], [], [], [], [["import x"]]
    )
    return dataclasses.replace(view, **changes)  # type: ignore[arg-type]


def test_what_is_missing_in_a_view_is_an_error() -> None:
    class Empty(PackageView):
        def __init__(self) -> None:
            self.path = Path("x.py")

    with pytest.raises((jinja2.UndefinedError, AttributeError)):
        Renderer().package(Empty())


def test_an_empty_module_is_complete() -> None:
    assert Renderer().module(module()) == (
        '# Head.\n"""Doc."""\n\nfrom __future__ import annotations\n\nimport x\n\n'
        'stub.require_level(1)\n\n__all__ = [\n    "A",\n]\n'
    )


def rendered(folder: Path, files: dict[str, str], **changes: object) -> str:
    """Render a module with templates of a project's own; there are no findings."""
    write(folder, files)
    diagnostics = Diagnostics()
    text = Renderer([folder], diagnostics).module(module(**changes))
    assert not diagnostics.items, diagnostics.render()
    return text


def test_a_template_of_the_same_name_takes_the_place_of_ours(tmp_path: Path) -> None:
    text = rendered(tmp_path, {"head.py.j2": "# {{ module.namespace }}: {{ module.py_module }}\n"})
    assert text == "# n: x\n"


def test_a_template_may_extend_or_include_ours(tmp_path: Path) -> None:
    head = """{% extends "default/head.py.j2" %}
{% block header %}
# Ours.
{{ super() }}
{%- endblock %}
"""
    files = {"head.py.j2": head, "module.py.j2": '{% include "default/module.py.j2" %}\n# The end.\n'}
    text = rendered(tmp_path, files)
    assert text.startswith('# Ours.\n# Head.\n"""Doc."""\n')
    assert text.endswith('    "A",\n]\n# The end.\n')


def test_the_first_folder_wins(tmp_path: Path) -> None:
    write(tmp_path, {"a/head.py.j2": "# a\n", "b/head.py.j2": "# b\n", "b/package.py.j2": "# b\n"})
    renderer = Renderer([tmp_path / "a", tmp_path / "b"], Diagnostics())
    assert renderer.module(module()) == "# a\n"
    assert renderer.package(PackageView("x", Path("x.py"), [], "")) == "# b\n"


@pytest.mark.parametrize(
    ("head", "text"),
    [
        ("class A(Enum):", "class A(M, Enum):"),
        (
            'class A(msgspec.Struct, frozen=True, rename={"a_": "a", "b_": "b"}):',
            'class A(M, msgspec.Struct, frozen=True, rename={"a_": "a", "b_": "b"}):',
        ),
        ("class A(\n    msgspec.Struct,\n):", "class A(\n    M,\n    msgspec.Struct,\n):"),
        (f"class {'A' * 80}(B):", f"class {'A' * 80}(\n    M,\n    B,\n):"),
        ("@dataclass(eq=False)\nclass A(B):", "@dataclass(eq=False)\nclass A(M, B):"),
    ],
)
def test_a_class_may_get_one_more_base(head: str, text: str) -> None:
    assert with_base(head, "M") == text


def test_our_templates_are_listed_by_name() -> None:
    assert default_templates() == templates()
    assert list(default_templates()) == sorted(templates())
