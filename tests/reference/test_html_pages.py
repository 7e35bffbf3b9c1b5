from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from avrorpc_codegen.reference.addresses import LONGEST_PAGE
from avrorpc_codegen.reference.site import Site
from support.contracts import write
from support.golden import good_cases
from support.reference import dead_links, document, documents, golden_site, protocol, site


def checked(result: Site) -> None:
    pages = documents(result.files)
    assert list(dead_links(pages)) == []
    for name, page in pages.items():
        root = "../" if "/" in name else ""
        loads = [load for load in page.loads if not load.startswith("data:")]
        assert loads == [f"{root}assets/style.css", f"{root}assets/site.js"]


@pytest.mark.parametrize("case", good_cases())
def test_every_page_is_whole_and_every_link_leads_somewhere(case: str) -> None:
    checked(golden_site(case))


@pytest.mark.parametrize("case", good_cases())
def test_pages_are_the_same_each_time(case: str) -> None:
    assert golden_site(case).files == golden_site.__wrapped__(case).files


def test_no_page_names_the_folder_it_was_made_in() -> None:
    for text in golden_site("ordinary").files.values():
        assert str(Path.cwd()) not in text
        assert "golden/ordinary" not in text


def test_nothing_is_loaded_from_elsewhere() -> None:
    for name, text in golden_site("ordinary").files.items():
        own = text.replace("http://www.w3.org/2000/svg", "").replace("tcp://localhost:9000", "")
        assert "://" not in own, name
        assert "@import" not in own
        assert "fetch(" not in own


def test_comments_are_escaped_wherever_they_are_shown(tmp_path: Path) -> None:
    evil = '</script><script>alert("1")</script> <img src=x onerror=alert(1)>. More.'
    body = f"""
      /** {evil} */ record R {{ /** {evil} */ string a = "</code><script>alert(2)</script>"; }}
      /** {evil} */ enum E {{ /** {evil} */ A }}
      /** {evil} */ error Bad {{}}
      /** {evil} */ @y("<script>alert(3)</script>") @deprecated("<script>alert(4)</script>")
      @x("<script>alert(5)</script>") R go(/** {evil} */ E e) throws Bad;
    """
    write(tmp_path, {"p.avdl": f'/** {evil} */ @namespace("n") protocol P {{ {body} }}'})
    result = site(tmp_path)
    checked(result)
    for name, page in documents(result.files).items():
        assert "<script>alert" not in result.files[name]
        assert "<img" not in result.files[name]
        assert 'alert("1")' in page.text
    assert "alert(5)" in document(result.files["n/protocol.P.html"]).text


def test_many_types_have_pages_of_their_own_and_old_links_still_lead_on(tmp_path: Path) -> None:
    types = "".join(f"record R{number} {{ int a; }}" for number in range(LONGEST_PAGE + 1))
    write(tmp_path, {"a.avdl": f'@namespace("n") protocol P {{ {types} R1 get(); }}'})
    result = site(tmp_path)
    checked(result)
    pages = documents(result.files)
    assert "R7" in pages["n/index.html"].ids
    assert "type.R7.html#R7" in pages["n/index.html"].links
    assert {"R7", "R7.a"} <= set(pages["n/type.R7.html"].ids)
    assert "type.R1.html#R1" in pages["n/protocol.P.html"].links


def test_a_type_used_in_many_places_shows_some_and_folds_the_rest(tmp_path: Path) -> None:
    fields = " ".join(f"F f{number};" for number in range(30))
    write(tmp_path, {"a.avdl": f"namespace n; fixed F(1); record R {{ {fields} }}"})
    page = document(site(tmp_path).files["n/index.html"])
    assert "18 more" in page.text
    assert "#R.f29" in page.links


def test_contracts_that_declare_nothing_have_a_page_that_says_so(tmp_path: Path) -> None:
    write(tmp_path, {"a.avdl": "namespace n;"})
    result = site(tmp_path)
    checked(result)
    assert "declare nothing yet" in document(result.files["index.html"]).text
    assert sorted(result.files) == [
        "assets/search-index.js",
        "assets/site.js",
        "assets/style.css",
        "index.html",
    ]


def test_protocols_without_python_have_no_python_tab(tmp_path: Path) -> None:
    write(tmp_path, {"p.avdl": "protocol P { void go(); }"})
    text = site(tmp_path).files["no-namespace/protocol.P.html"]
    checked(site(tmp_path))
    assert "Python" not in document(text).text
    assert "void go();" in document(text).text


def test_a_page_links_to_what_its_comments_name(tmp_path: Path) -> None:
    write(
        tmp_path,
        protocol("/** Not a `Q`, but an `R`; see `go`. */ record R {} /** Gives an `R`. */ void go();"),
    )
    files = site(tmp_path).files
    assert '<a href="#R"><code>R</code></a>' in files["n/index.html"]
    assert "<code>Q</code>" in files["n/index.html"]
    assert '<a href="index.html#R"><code>R</code></a>' in files["n/protocol.P.html"]


def test_a_reason_for_deprecation_links_to_what_it_names(tmp_path: Path) -> None:
    write(tmp_path, protocol('@deprecated("Old. Use `go`.") void went(); void go();'))
    assert 'Old. Use <a href="#go"><code>go</code></a>.' in site(tmp_path).files["n/protocol.P.html"]


def test_headings_and_landmarks_are_in_order() -> None:
    for name, text in golden_site("ordinary").files.items():
        if name.endswith(".html"):
            levels = [
                int(text[at + 2])
                for at in range(len(text))
                if text[at : at + 2] == "<h" and text[at + 2].isdigit()
            ]
            main = levels[levels.index(1) :]
            assert main.count(1) == 1
            assert all(after - before <= 1 for before, after in pairwise(main)), name
            assert text.count("<main") == text.count("<header") == text.count("<footer") == 1
            assert '<html lang="en">' in text
