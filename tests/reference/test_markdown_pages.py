from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

import pytest
from avrorpc_codegen.reference.addresses import LONGEST_PAGE
from avrorpc_codegen.reference.site import Format
from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode
from support.contracts import write
from support.golden import good_cases
from support.reference import golden_site, protocol, resolved, site

PARSER = MarkdownIt("commonmark", {"html": True}).enable("table")


def nodes(text: str) -> list[SyntaxTreeNode]:
    return list(SyntaxTreeNode(PARSER.parse(text)).walk(include_self=False))


def anchors(text: str) -> list[str]:
    """Return the anchors of the headings, by GitHub's rules as its users have written them down."""
    found: list[str] = []
    for node in nodes(text):
        if node.type == "heading":
            shown = "".join(n.content for n in node.walk() if n.type in ("text", "code_inline"))
            kept = "".join(
                c for c in shown.lower() if c.isalnum() or c in "-_ " or c.isidentifier() or c.isnumeric()
            )
            slug = kept.replace(" ", "-")
            unique, count = slug, 0
            while unique in found:
                count += 1
                unique = f"{slug}-{count}"
            found.append(unique)
    return found


def links(text: str) -> list[str]:
    return [str(n.attrs["href"]) for n in nodes(text) if n.type == "link"]


def dead(files: dict[str, str]) -> list[str]:
    known = {name: anchors(text) for name, text in files.items()}
    found = []
    for name, text in files.items():
        for link in links(text):
            file, anchor = resolved(name, link)
            if file not in known or (anchor and anchor not in known[file]):
                found.append(f"{name}: {unquote(link)}")
    return found


@pytest.mark.parametrize("case", good_cases())
def test_every_link_leads_somewhere(case: str) -> None:
    files = golden_site(case, Format.MARKDOWN).files
    assert dead(files) == []
    assert all(PurePosixPath(name).suffix == ".md" for name in files)
    assert files == golden_site.__wrapped__(case, Format.MARKDOWN).files


@pytest.mark.parametrize("case", good_cases())
def test_both_formats_show_the_same_pages(case: str) -> None:
    html = {name for name in golden_site(case).files if name.endswith(".html")}
    markdown = set(golden_site(case, Format.MARKDOWN).files)
    assert {re.sub(r"(^|/)index\.html$", r"\1README.html", name)[:-5] for name in html} == {
        n[:-3] for n in markdown
    }


def test_names_that_differ_in_case_alone_have_anchors_that_differ(tmp_path: Path) -> None:
    write(
        tmp_path,
        {"a.avdl": "namespace n; record types {} record a { A x; } record A { a? y = null; types z; }"},
    )
    files = site(tmp_path, Format.MARKDOWN).files
    assert dead(files) == []
    assert {"#a", "#a-1", "#types-1"} <= set(links(files["n/README.md"]))


def test_many_types_have_pages_of_their_own(tmp_path: Path) -> None:
    types = "".join(f"record R{number} {{ R1? a; }}" for number in range(LONGEST_PAGE + 1))
    write(tmp_path, {"a.avdl": f"namespace n; {types}"})
    files = site(tmp_path, Format.MARKDOWN).files
    assert dead(files) == []
    assert "type.R1.md#r1" in links(files["n/type.R7.md"])


def test_comments_are_escaped_and_make_no_headings_and_no_html(tmp_path: Path) -> None:
    evil = "# One <script>alert(1)</script> | *two*\n\n# Three\n\n    code\n"
    body = f"/** {evil} */ record R {{ /** {evil} */ int a; }} /** {evil} */ R go(/** {evil} */ R r);"
    write(tmp_path, protocol(body))
    for name, text in site(tmp_path, Format.MARKDOWN).files.items():
        allowed = {"<!--", "<details>", "</details>"}
        for node in nodes(text):
            assert "script" not in node.content or node.type not in ("html_inline", "html_block")
            if node.type == "html_block":
                assert node.content.split("<summary>")[0].split()[0] in allowed
        assert not any("one" in anchor or "three" in anchor for anchor in anchors(text)), name
        rows = [node for node in nodes(text) if node.type == "tr"]
        for row in rows:
            assert row.parent is not None
            assert row.parent.parent is not None
            assert len(row.children) == len(row.parent.parent.children[0].children[0].children)


def test_bars_in_code_keep_their_table(tmp_path: Path) -> None:
    body = 'record R { /** `a|b` */ string a = "x|y"; } R go(/** `a|b` */ string @p("q|r") a = "x|y");'
    write(tmp_path, protocol(body))
    files = site(tmp_path, Format.MARKDOWN).files
    for text in files.values():
        cells = [n.content for n in nodes(text) if n.type == "code_inline"]
        assert not any("\\|" in cell for cell in cells)
    assert "x|y" in "".join(n.content for n in nodes(files["n/README.md"]))


def test_a_page_reads_well_as_it_is() -> None:
    text = golden_site("ordinary", Format.MARKDOWN).files["golden.shop/protocol.Shop.md"]
    assert "\n\n\n" not in text
    assert " \n" not in text
    assert text.startswith("<!-- Generated by avrogen docs as golden.shop/protocol.Shop.md.")
    assert "| `limit` | `int` | `10` | The largest number of items. |\n" in text
    assert "**Result:** `array`\\<[`Item`](README.md#item)\\> Something to sell.\n" in text
    assert "- [Closed](README.md#closed) The shop is closed.\n" in text
    assert "- **timeout 30s**: The deadline of a call that states none of its own.\n" in text


def test_code_keeps_its_gaps(tmp_path: Path) -> None:
    write(tmp_path, protocol("/** Like\n\n```\na  \n\n\n\nb\n``` */ record R {}"))
    assert "```\na  \n\n\n\nb\n```" in site(tmp_path, Format.MARKDOWN).files["n/README.md"]
