from __future__ import annotations

import hashlib
import platform
from pathlib import Path

import pytest
from avrorpc_services.llm.model import corpus


@pytest.fixture(scope="module")
def stdlib() -> corpus.Corpus:
    return corpus.collect()


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


SOURCE = '''"""Module."""
class C:
    """Class."""
    def m(self):
        """Method.

            Indented.
        Not indented.
        """
        def inner():
            """Inner."""
    async def a(self): "Asynchronous."
def f():
    """Module."""
    return """No docstring."""
'''


def test_docstrings_come_in_source_order_and_once(tmp_path: Path) -> None:
    write(tmp_path, {"m.py": SOURCE})
    found = corpus.collect(tmp_path).documents
    assert found == (
        "Module.",
        "Class.",
        "Method.\n\n    Indented.\nNot indented.",
        "Inner.",
        "Asynchronous.",
    )


def test_files_come_in_the_order_of_their_paths(tmp_path: Path) -> None:
    write(tmp_path, {f"{name}.py": f'"""{name}"""' for name in ("b/a", "a", "b", "a/z", "a_b")})
    assert corpus.collect(tmp_path).documents == ("a", "a/z", "a_b", "b", "b/a")


def test_tests_and_foreign_packages_are_left_out(tmp_path: Path) -> None:
    folders = ("test", "json/tests", "idlelib/idle_test", "site-packages/x", "dist-packages/x")
    write(tmp_path, {f"{folder}/m.py": f'"""{folder}"""' for folder in folders} | {"test.py": '"""kept"""'})
    assert corpus.collect(tmp_path).documents == ("kept",)


def test_files_that_do_not_parse_are_passed_over(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "print 'old'", "b.py": "\0", "c.py": r'"""Invalid \d escape."""'})
    assert corpus.collect(tmp_path).documents == (r"Invalid \d escape.",)


def test_half_surrogates_do_not_get_in(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": r'"""Half \ud800."""'})
    assert corpus.collect(tmp_path).documents == ("Half ?.",)


def test_the_hash_is_that_of_the_documents_in_order() -> None:
    found = corpus.Corpus(("a", "ü"), "3.11.7")
    assert found.sha256 == hashlib.sha256(b"a\0\xc3\xbc\0").hexdigest()
    assert found.size == 3
    assert corpus.Corpus(("aü",), "3.11.7").sha256 != found.sha256
    assert corpus.Corpus(("ü", "a"), "3.11.7").sha256 != found.sha256


def test_the_standard_library_gives_the_same_corpus_each_time(stdlib: corpus.Corpus) -> None:
    again = corpus.collect()
    assert again == stdlib
    assert again.sha256 == stdlib.sha256
    assert stdlib.python == platform.python_version()
    assert len(stdlib.documents) == len(set(stdlib.documents)) > 5000
    assert stdlib.size > 1_000_000


def test_the_held_out_text_is_not_in_the_corpus(stdlib: corpus.Corpus) -> None:
    text = corpus.held_out()
    assert 3000 <= len(text.encode("utf-8")) <= 5000
    sentences = [part for part in text.replace("\n", " ").split(". ") if len(part) > 30]
    assert len(sentences) > 30
    everything = " ".join(" ".join(stdlib.documents).split())
    assert [sentence for sentence in sentences if sentence in everything] == []
