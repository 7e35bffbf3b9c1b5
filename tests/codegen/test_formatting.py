"""No formatter finds anything to change, at either width and whatever the lengths of names."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from avrorpc_codegen.layout import FORMATTER_WIDTH, WIDTH
from avrorpc_codegen.output import apply, compare
from support.contracts import generated

LENGTHS = range(1, 131)


def name(start: str, length: int) -> str:
    """Return a name of a length; very short ones are longer, to be told from the others."""
    return (start + "x" * length)[: max(length, 2)]


def namespaces(length: int) -> dict[str, str]:
    """Return two namespaces that refer to each other, in which all names that matter have one length."""
    record, enum, symbol = name("R", length), name("E", length), name("S", length)
    protocol, error, fixed = name("P", length), name("X", length), name("F", length)
    message, field = name("m", length), name("f", length)
    far = f"n{length}.far"
    uuid = '"12345678-1234-5678-1234-567812345678"'
    return {
        f"far{length}.avdl": f"""
            namespace {far};
            import idl "near{length}.avdl";
            enum {enum} {{ {symbol}, B }}
            record {record} {{ n{length}.{record}? back = null; }}
        """,
        f"near{length}.avdl": f"""
            @namespace("n{length}")
            protocol {protocol} {{
              import idl "far{length}.avdl";
              enum {enum} {{ {symbol}, B }}
              fixed {fixed}(3);
              error {error} {{
                {record} {field}; array<{record}> a = []; string b; {enum} c = "B"; {far}.{enum} d = "B";
              }}
              record Holder {{
                array<{record}> a; map<{record}> b; array<array<{record}>> c; {record}? d; {enum} e = "B";
                union {{ {record}, Holder }} f; {enum} g = "{symbol}"; {fixed} h = "aaa";
                array<{enum}> i = ["B"]; {record} j = {{"{field}": 1}}; map<{enum}> k = {{"x": "B"}};
                union {{ null, array<{record}> }} l; array<{record}> m = []; array<int> n = [1];
                {far}.{enum} o = "B"; {far}.{enum} p = "{symbol}"; array<{far}.{enum}> q = ["{symbol}"];
                {far}.{record}? r = null; {far}.{record} s = {{}}; date t = 1; string u = "{symbol}";
                @logicalType("timestamp-micros") long v = -1; bytes w = "{symbol}";
              }}
              record {record} {{
                int {field} = 1; array<int> {field}a = []; string {field}b = "{symbol}";
                uuid {field}c = {uuid}; array<Holder?> {field}d = []; date {field}e = 1;
                {enum} {field}f = "B";
                boolean {field}g = true; Holder? {field}h = null; double {field}i = NaN;
                date? {field}j = null; {far}.{enum} {field}k = "B";
                map<array<Holder>> {field}l = {{}}; array<string> {field}m = ["a", "b"];
              }}
              void {message}();
              {record} {message}a(int a) throws {error};
              array<{record}> {message}b(array<{record}> a = []);
              {record}? {message}c({record} {field} = {{}}, {enum} a = "B", {enum} b = "{symbol}");
              array<array<{record}>> a(
                int {field}, array<{record}> {field}a, string s = "{symbol}", {far}.{enum} e = "{symbol}",
                union {{ null, array<string> }} t = null, uuid {field}b = {uuid}
              );
              map<{record}> b(array<string> {field} = ["{symbol}"]);
              {enum} c({fixed} a = "aaa", {far}.{enum} b = "B");
              union {{ {record}, Holder }} d(union {{ {record}, Holder }} x);
              {far}.{record} e({far}.{record} x = {{}}, array<Holder> y = []);
              {fixed} f({fixed}? {field} = null);
              void g(string {field} = "{symbol}") oneway;
              array<union {{ null, {record} }}> h(array<union {{ null, {record} }}> q);
              array<{far}.{record}> i(map<{far}.{record}> q = {{}});
              string j();
            }}
        """,
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lengths")
    files: dict[str, str] = {}
    for length in LENGTHS:
        files |= namespaces(length)
    modules = generated(folder, files)
    texts = {folder / "python" / f"{module.replace('.', '_')}.py": text for module, text in modules.items()}
    apply(compare(texts, []))
    assert len(texts) == 2 * len(LENGTHS) + 1
    return folder / "python"


@pytest.mark.parametrize("width", [WIDTH, FORMATTER_WIDTH])
def test_names_of_any_length_need_no_formatter(folder: Path, width: int) -> None:
    ruff = [sys.executable, "-m", "ruff", "format", "--isolated", "--no-cache", "--target-version", "py311"]
    result = subprocess.run(
        [*ruff, "--diff", "--line-length", str(width), str(folder)], capture_output=True, text=True
    )
    assert result.returncode == 0, result.stdout[:3000] + result.stderr
    assert f"{2 * len(LENGTHS) + 1} files already formatted" in result.stderr
