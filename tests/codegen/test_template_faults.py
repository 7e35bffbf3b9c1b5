"""Every mistake in a template of a project's own is a finding with a place, never a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest
from avrorpc_codegen.diagnostic import Diagnostics
from avrorpc_codegen.rendering import Renderer
from avrorpc_codegen.views import Attribute, Class, ModuleView
from support.contracts import write
from support.golden import working_directory


def render(folder: Path, files: dict[str, str]) -> tuple[str, str]:
    """Return what a module becomes through templates of a project's own, and the findings."""
    write(folder, files)
    attribute = Attribute("a", "a", "a: int", "", {})
    record = Class("record", "n.R", "R", "class R:", "Doc.", [attribute], {"owner": "me"})
    view = ModuleView("n", "x", folder / "x.py", [], "Doc.", 1, [], [], [], [record], [], [])
    diagnostics = Diagnostics()
    with working_directory(folder):
        renderer = Renderer([folder], diagnostics)
        text = renderer.module(view)
        assert renderer.module(view) == text
        return text, diagnostics.render() if diagnostics.items else ""


@pytest.mark.parametrize(
    ("template", "place", "message", "help_"),
    [
        ("{{ class.naem }}", "1:10", "this Class has no `naem`", "there are `kind`, `avro_name`"),
        ("{{ class.py_nam }}", "1:10", "this Class has no `py_nam`", "did you mean `py_name`?"),
        (
            "\n\n  {% if class.zzz %}{% endif %}",
            "3:15",
            "this Class has no `zzz`",
            "there are `kind`, `avro_name`",
        ),
        (
            "{% for a in class.attributes %}{{ a.cod }}{% endfor %}",
            "1:37",
            "this Attribute has no `cod`",
            "`code`",
        ),
        ("{{ klass.head }}", "1:4", "there is no variable `klass` here", "did you mean `class`?"),
        ("{{ class.annotations.ownr }}", "1:22", "this dict has no `ownr`", "did you mean `owner`?"),
        ("{{ class.py_name.nothing }}", "1:18", "this str has no `nothing`", ""),
        ('{{ class.annotations["x"] }}', "1:23", "this dict has no `x`", "there are `owner`"),
        ("{{ class.attributes[3].code }}", "1:21", "this list has no `3`", ""),
        ('{% import "x.j2" as x %}', "1:12", "there is no template `x.j2`", "there are class.py.j2, client"),
        ("{% macro m(a) %}\n{{ a.b }}{% endmacro %}{{ m(1) }}", "2:6", "this int has no `b`", ""),
        ('{{ class | attr("x") }}', "1:18", "this Class has no `x`", "there are `kind`"),
        ('{{ class.attributes | map(attribute="z") | join }}', "1:38", "this Attribute has no `z`", "are"),
        ("{{ class.head", "1:1", "unexpected end of template", ""),
        ("a\n{% iff x %}", "2:1", "Encountered unknown tag 'iff'", ""),
        ("{% for x in y %}", "1:1", "Unexpected end of template", ""),
        (
            "a\n{{ class.doc | dcstring }}",
            "2:1",
            "there is no filter `dcstring`",
            "did you mean `docstring`?",
        ),
        ("{{ 1 / 0 }}", "1:1", "ZeroDivisionError: division by zero", ""),
        ('{{ class.doc | docstring("4") }}', "1:1", "TypeError", ""),
        ("{{ class.head() }}", "1:1", "TypeError: 'str' object is not callable", ""),
        (
            '{% include "clas.py.j2" %}',
            "1:13",
            "there is no template `clas.py.j2`",
            "did you mean `class.py.j2`?",
        ),
        ('{% extends "defaults/class.py.j2" %}', "1:13", "there is no template", "`default/class.py.j2`"),
        ('{% include "class.py.j2" %}', "1:1", "templates that include one another without end", ""),
    ],
)
def test_a_mistake_has_its_place_and_a_way_out(
    tmp_path: Path, template: str, place: str, message: str, help_: str
) -> None:
    text, findings = render(tmp_path, {"class.py.j2": template})
    assert text == ""
    assert f"class.py.j2:{place}: error[AVR311]: {message}" in findings
    assert help_ in findings
    assert findings.endswith("\n\n1 error"), "the same mistake is told once"


def test_a_mistake_in_a_template_that_another_one_includes(tmp_path: Path) -> None:
    files = {"class.py.j2": 'a\n{% include "own/part.j2" %}', "own/part.j2": "b\n{{ class.x }}"}
    assert "own/part.j2:2:10: error[AVR311]: this Class has no `x`" in render(tmp_path, files)[1]


def test_what_is_no_python_is_shown(tmp_path: Path) -> None:
    text, findings = render(tmp_path, {"class.py.j2": "class {{ class.py_name }}\n    pass\n"})
    assert text == ""
    assert findings.split("\n")[0] == (
        "error[AVR311]: what the templates write into x.py is not Python: expected ':'"
    )
    assert "  = note:    11 | class R\n" in findings
    assert "  = help: of your own are class.py.j2" in findings


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "class.py.j2").write_bytes(b"a\n\xff")
    assert "class.py.j2:2:1: error[AVR311]: byte 0xff is not UTF-8" in render(tmp_path, {})[1]


def test_a_template_that_nobody_uses_is_a_warning(tmp_path: Path) -> None:
    text, findings = render(tmp_path, {"clas.py.j2": "", "notes.txt": "", "sub/class.py.j2": ""})
    assert text != ""
    assert "clas.py.j2: warning[AVR312]: `clas.py.j2` takes the place of no template" in findings
    assert "  = help: did you mean `class.py.j2`?" in findings
    assert "`sub/class.py.j2` takes the place of no template" in findings
    assert "2 warnings" in findings


def test_a_template_that_is_included_by_a_computed_name_is_in_use(tmp_path: Path) -> None:
    own = {"class.py.j2": '{% include "part_" + class.kind + ".j2" %}', "part_record.j2": "class R: pass\n"}
    text, findings = render(tmp_path, own)
    assert findings == ""
    assert text.endswith("class R: pass\n")
