"""What people write who come from other languages: one diagnostic for each mistake, and the way out."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.contracts import resolved

HABITS = [
    (
        "protocol P { record R { array<string>? a; map<array<int>>? b; union { int, long }? c; } }",
        [
            ("AVR107 ?: only a type that is a single word has a `?`; write `union { null, array<string> }`"),
            (
                "AVR107 ?: only a type that is a single word has a `?`; write "
                "`union { null, map<array<int>> }`"
            ),
            "AVR107 ?: only a type that is a single word has a `?`; write `union { null, ... }`",
        ],
    ),
    (
        "protocol P { record R { String name; } }",
        ["AVR203 String: there is no type `String`; write `string`"],
    ),
    (
        "protocol P { record R { Integer a; Long b; Boolean c; Double d; Object e; } }",
        [
            "AVR203 Integer: there is no type `Integer`; write `int`",
            "AVR203 Long: there is no type `Long`; write `long`",
            "AVR203 Boolean: there is no type `Boolean`; write `boolean`",
            "AVR203 Double: there is no type `Double`; write `double`",
            "AVR203 Object: there is no type `Object`; list what it may be: `union { string, long }`",
        ],
    ),
    (
        "protocol P { record R { int32 a; int64 b; uint32 c; bool d; str e; byte f; } }",
        [
            "AVR203 int32: there is no type `int32`; write `int`",
            "AVR203 int64: there is no type `int64`; write `long`",
            "AVR203 uint32: there is no type `uint32`; write `long`",
            "AVR203 bool: there is no type `bool`; write `boolean`",
            "AVR203 str: there is no type `str`; write `string`",
            "AVR203 byte: there is no type `byte`; write `bytes`",
        ],
    ),
    (
        "protocol P { record R { list<string> a; } }",
        [
            (
                "AVR107 list: `list` takes nothing in `<` and `>`: only `array` and `map` do; write "
                "`array<string>`"
            )
        ],
    ),
    (
        "protocol P { record R { List<String> a; int b; } }",
        [
            (
                "AVR107 List: `List` takes nothing in `<` and `>`: only `array` and `map` do; write "
                "`array<string>`"
            )
        ],
    ),
    (
        "protocol P { record R { set<string> a; } }",
        [
            (
                "AVR107 set: `set` takes nothing in `<` and `>`: only `array` and `map` do; write "
                "`array<string>`"
            )
        ],
    ),
    (
        "protocol P { record R { optional string a; int b; } }",
        [
            (
                "AVR107 optional: `optional` does not belong before a type; write a `?` after the type: "
                "`string?`"
            )
        ],
    ),
    (
        "protocol P { record R { optional<string> a; int b; } }",
        [
            (
                "AVR107 optional: `optional` takes nothing in `<` and `>`: only `array` and `map` do; write "
                "`string?`"
            )
        ],
    ),
    (
        "protocol P { record R { required string a; int b; } }",
        [
            (
                "AVR107 required: `required` does not belong before a type; leave it out: what has no `?` is "
                "always there"
            )
        ],
    ),
    (
        "protocol P { record R { repeated string a; } }",
        [("AVR107 repeated: `repeated` does not belong before a type; write `array<...>` around the type")],
    ),
    (
        "protocol P { record R { int a\n int b\n } }",
        ["AVR107 : expected `;` after the field", "AVR107 : expected `;` after the field"],
    ),
    (
        "protocol P { # comment here\n record R { int a; } }",
        ["AVR103 #: `#` has no meaning here; comments begin with `//`"],
    ),
    ("# comment\nprotocol P { }", ["AVR103 #: `#` has no meaning here; comments begin with `//`"]),
    (
        "protocol P { record A = { int x; } }",
        ["AVR107 =: the record has a `=` before its `{`; write `record A {`"],
    ),
    (
        "protocol P { enum E { A, B, } void f(int a,); }",
        ["AVR107 ,: nothing may stand between the last `,` and `}`; leave the comma out"],
    ),
    (
        "protocol P { enum E { A; B; } record R {} }",
        [
            (
                "AVR107 ;: the symbols of an enum are separated by `,`; write `,` between symbols, and "
                "nothing after the last"
            )
        ],
    ),
    (
        "protocol P { enum E { A = 0, B = 1 } }",
        ["AVR107 =: symbols have no values; leave it out: only the order of symbols counts"],
    ),
    (
        "protocol P { record Bad {} void f() throws Bad; }",
        ["AVR209 Bad: `Bad` is no error, and only errors can be thrown; declare it as `error Bad`"],
    ),
    ("protocol P { void f(void); }", ["AVR107 void: no parameters are nothing at all; write `()`"]),
    ("protocol P { int f(void a); }", ["AVR212 void: `void` stands only for the result of a message"]),
    (
        "protocol P;\nrecord R { int a; }",
        [
            (
                "AVR107 ;: the types and messages of a protocol stand in its braces; write `protocol P {`, "
                "and a `}` at the end of the file"
            )
        ],
    ),
    (
        'import "x.avdl";\nrecord R {}',
        [
            (
                'AVR107 "x.avdl": an import says what it reads: `idl`, `protocol` or `schema`; write `import '
                'idl "x.avdl";`'
            )
        ],
    ),
    (
        'protocol P { import "x.avdl"; }',
        [
            (
                'AVR107 "x.avdl": an import says what it reads: `idl`, `protocol` or `schema`; write `import '
                'idl "x.avdl";`'
            )
        ],
    ),
    (
        "@namespace(foo) protocol P { }",
        [
            (
                'AVR107 foo: `foo` is no value; write `"foo"`: a string stands in quotes, and the symbol of '
                "an enum too"
            )
        ],
    ),
    (
        "@namespace(com.foo) protocol P { }",
        [
            (
                'AVR107 com.foo: `com.foo` is no value; write `"com.foo"`: a string stands in quotes, and '
                "the symbol of an enum too"
            )
        ],
    ),
    (
        '@namespace "foo" protocol P { }',
        ['AVR107 namespace: the annotation `@namespace` has no value; write `@namespace("foo")`'],
    ),
    (
        "@namespace('foo') protocol P { }",
        ['AVR105 \'foo\': a string stands between `"` and `"`; write `"foo"`'],
    ),
    (
        "protocol P { enum E {A} record R { E e = A; } }",
        [
            (
                'AVR107 A: `A` is no value; write `"A"`: a string stands in quotes, and the symbol of an '
                "enum too"
            )
        ],
    ),
    (
        "protocol P { record R { map<string, int> m; } }",
        [
            (
                "AVR107 string: a map has one type, that of its values: its keys are always strings; write "
                "`map<int>`"
            )
        ],
    ),
    (
        "@namespace(“foo”) protocol P { }",
        ['AVR105 “foo”: a string stands between `"` and `"`; write `"foo"`'],
    ),
    (
        "protocol P { record R { union[null, string] u; } }",
        ["AVR107 [: types are written without `[` and `]`; write `union { null, string }`"],
    ),
    (
        "protocol P { record R { union<null, string> u; int a; } }",
        [
            (
                "AVR107 union: `union` takes nothing in `<` and `>`: only `array` and `map` do; write `union "
                "{ null, string }`"
            )
        ],
    ),
    (
        "protocol P { record R { null | string u; int a; } }",
        ["AVR103 |: `|` has no meaning here; a union is written `union { null, string }`"],
    ),
    (
        "protocol P { record R { record S { int a; } S s; } }",
        ["AVR107 record: a type may not be declared inside another; put it beside the other"],
    ),
    (
        "protocol P { record R { enum S { A } S s; } }",
        ["AVR107 enum: a type may not be declared inside another; put it beside the other"],
    ),
    (
        "protocol P { record R { int a; } } }",
        ["AVR107 }: this `}` closes nothing; leave it out, or look for a `}` too many above"],
    ),
    (
        "protocol P {\n record R { int a; }\n }\n}\nrecord S { int b; }",
        ["AVR107 }: this `}` closes nothing; leave it out, or look for a `}` too many above"],
    ),
    (
        "interface P { void f(); }",
        ["AVR107 interface: `interface` declares nothing in Avro IDL; write `protocol P {`"],
    ),
    (
        "service P { void f(); }",
        ["AVR107 service: `service` declares nothing in Avro IDL; write `protocol P {`"],
    ),
    (
        "service P { rpc Get(Req) returns (Res); }",
        ["AVR107 service: `service` declares nothing in Avro IDL; write `protocol P {`"],
    ),
    (
        "protocol P { record Req {} rpc Get(Req) returns (Req); }",
        [
            (
                "AVR107 rpc: `rpc` begins no message; write `Result name(Type parameter);`, with `void` for "
                "no result"
            )
        ],
    ),
    (
        "message R { string a = 1; }",
        ["AVR107 message: `message` declares nothing in Avro IDL; write `record R {`"],
    ),
    (
        "struct R { 1: string a }",
        ["AVR107 struct: `struct` declares nothing in Avro IDL; write `record R {`"],
    ),
    (
        'syntax = "proto3";\nmessage R {}',
        [
            "AVR107 syntax: `syntax` means nothing here; Avro IDL has nothing of the kind: leave it out",
            "AVR107 message: `message` declares nothing in Avro IDL; write `record R {`",
        ],
    ),
    (
        "package com.foo;\nprotocol P {}",
        [
            (
                "AVR107 package: `package` means nothing here; Avro IDL has a namespace: `namespace a.b;`, "
                'or `@namespace("a.b")` before a protocol'
            )
        ],
    ),
    (
        "protocol P { package com.foo; }",
        [
            (
                "AVR107 package: `package` means nothing here; Avro IDL has a namespace: `namespace a.b;`, "
                'or `@namespace("a.b")` before a protocol'
            )
        ],
    ),
    (
        "protocol P { class R { int a; } }",
        ["AVR107 class: `class` declares nothing in Avro IDL; write `record R {`"],
    ),
    (
        "type R { a: String! }",
        [
            (
                "AVR103 !: `!` has no meaning here; a type without `?` is never null, so that nothing need "
                "be said"
            ),
            "AVR107 type: `type` declares nothing in Avro IDL; write `record R {`",
        ],
    ),
    (
        "protocol P { record R { a: string; b: int; } }",
        [
            "AVR107 :: the type stands before the name, without `:`; write `string a`",
            "AVR107 :: the type stands before the name, without `:`; write `int b`",
        ],
    ),
    (
        "protocol P { error E {} void f() throws (E); }",
        ["AVR107 (: errors stand without parentheses; write `throws A, B;`"],
    ),
    (
        "protocol P { f() -> int; }",
        [
            "AVR103 ->: `->` has no meaning here; the result of a message stands before its name",
            (
                "AVR107 f: the message `f` has no result; write the type of its result before it, or `void "
                "f(...)`"
            ),
        ],
    ),
    (
        "protocol P { f(int a); }",
        [
            (
                "AVR107 f: the message `f` has no result; write the type of its result before it, or `void "
                "f(...)`"
            )
        ],
    ),
    (
        "protocol P { void f(a, b); }",
        ["AVR107 a: `a` is only half of a parameter; write a type and a name: `a value`, or `string a`"],
    ),
    (
        "protocol P { oneway void f(); }",
        [
            (
                "AVR107 oneway: `oneway` does not belong before a type; write it after the parentheses: "
                "`void name() oneway;`"
            )
        ],
    ),
    ("protocol P { async void f(); }", ["AVR107 async: `async` does not belong before a type; leave it out"]),
    (
        "protocol P { public void f(); }",
        ["AVR107 public: `public` does not belong before a type; leave it out"],
    ),
    ("protocol P { void f() { } }", ["AVR107 {: a message has no body; end it with `;`"]),
    (
        "namespace a.b { record R {} }",
        ["AVR107 {: a namespace has no braces; write `namespace a.b;`, and its types below"],
    ),
    (
        "protocol P { namespace a.b; record R {} }",
        [
            (
                'AVR107 namespace: `namespace` means nothing here; Avro IDL has `@namespace("a.b")` before '
                "the protocol"
            )
        ],
    ),
    (
        "namespace a.b;\nprotocol P { record R {} }",
        [
            (
                'AVR107 protocol: a protocol has its namespace as an annotation; write `@namespace("a.b")` '
                "before it, in place of the statement"
            )
        ],
    ),
    (
        'namespace "a.b";\nrecord R {}',
        ['AVR107 "a.b": a namespace stands without quotes; write `namespace a.b;`'],
    ),
    (
        "protocol P { fixed F; fixed G 16; fixed H(16) }",
        [
            "AVR107 F: the fixed `F` has no size in bytes; write `fixed F(16);`",
            "AVR107 G: the fixed `G` has no size in bytes; write `fixed G(16);`",
            "AVR107 : expected `;` after the fixed",
        ],
    ),
    (
        "protocol P { fixed<16> F; }",
        [
            (
                "AVR107 fixed: `fixed` takes nothing in `<` and `>`: only `array` and `map` do; write `fixed "
                "Name(16);`"
            )
        ],
    ),
    (
        "protocol P { record R { string[] a; array<string a; } }",
        [
            "AVR107 [: types are written without `[` and `]`; write `array<string>`",
            "AVR107 a: expected `>` to close the array, found `a`",
        ],
    ),
    (
        "protocol P { record R { array[string] a; } }",
        ["AVR107 [: types are written without `[` and `]`; write `array<string>`"],
    ),
    (
        "protocol P { record R { decimal a; decimal<4,2> b; } }",
        [
            (
                "AVR107 decimal: `decimal` takes nothing in `<` and `>`: only `array` and `map` do; write "
                "`decimal(4,2)`"
            )
        ],
    ),
    (
        (
            "protocol P { record R { timestamp a; datetime b; time c; UUID d; timestamp_micros e; "
            "local_timestamp_millis f;} }"
        ),
        [
            "AVR203 timestamp: there is no type `timestamp`; write `timestamp_ms`",
            "AVR203 datetime: there is no type `datetime`; write `timestamp_ms`",
            "AVR203 time: there is no type `time`; write `time_ms`",
            "AVR203 UUID: there is no type `UUID`; write `uuid`",
            (
                "AVR203 timestamp_micros: there is no type `timestamp_micros`; "
                '`@logicalType("timestamp-micros") long` has microseconds, `timestamp_ms` milliseconds'
            ),
            (
                "AVR203 local_timestamp_millis: there is no type `local_timestamp_millis`; write "
                "`local_timestamp_ms`"
            ),
        ],
    ),
    ("PROTOCOL P { }", ["AVR107 PROTOCOL: `PROTOCOL` declares nothing in Avro IDL; write `protocol P {`"]),
    (
        "protocol P { Record R { int a; } }",
        ["AVR107 Record: `Record` declares nothing in Avro IDL; write `record R {`"],
    ),
    (
        "protocol P { record R { string a = hello; string b = 'x'; } }",
        [
            'AVR105 \'x\': a string stands between `"` and `"`; write `"x"`',
            (
                'AVR107 hello: `hello` is no value; write `"hello"`: a string stands in quotes, and the '
                "symbol of an enum too"
            ),
        ],
    ),
    (
        "protocol P { record R { boolean a = True; union{null,int} b = None; } }",
        ["AVR107 True: `True` is no value; write `true`", "AVR107 None: `None` is no value; write `null`"],
    ),
    (
        "protocol P { record R { string a = null; } }",
        [
            (
                "AVR207 null: this default does not fit: null is no value of type string; only a type with a "
                "`?` may be null"
            )
        ],
    ),
    (
        "protocol P { record R { map<int> m = {a: 1}; } }",
        ['AVR107 a: the key `a` stands without quotes; write `"a"`'],
    ),
    (
        'protocol P { record R { array<int> m = [1,2,]; map<int> n = {"a": 1,}; } }',
        [
            "AVR107 ,: nothing may stand between the last `,` and `]`; leave the comma out",
            "AVR107 ,: nothing may stand between the last `,` and `}`; leave the comma out",
        ],
    ),
    (
        "protocol P { @deprecated record R { int a; } @Deprecated() void f(); }",
        [
            "AVR107 deprecated: the annotation `@deprecated` has no value; write `@deprecated(true)`",
            "AVR107 Deprecated: the annotation `@Deprecated` has no value; write `@Deprecated(true)`",
        ],
    ),
    (
        "protocol P { record R extends S { int a; } record S {} }",
        ["AVR107 extends: Avro has no inheritance; repeat the fields, or have a field of that type"],
    ),
    (
        "protocol P { const int A = 3; }",
        ["AVR107 const: `const` means nothing here; Avro IDL has no constants"],
    ),
    (
        "protocol P { typedef int Foo; }",
        [
            (
                "AVR107 typedef: `typedef` means nothing here; Avro IDL has no names for other types: write "
                "the type itself"
            )
        ],
    ),
    (
        '{"type": "record", "name": "R", "fields": []}',
        ["AVR107 {: this looks like JSON; give the file the suffix `.avsc` or `.avpr`"],
    ),
    (
        "protocol P { record R { string a?; ?int b; } }",
        [
            "AVR107 ?: the `?` stands directly after the type; write `string? a`",
            "AVR107 ?: the `?` stands directly after the type; write `int? b`",
        ],
    ),
    (
        "protocol P { record R { string! a; } }",
        [
            (
                "AVR103 !: `!` has no meaning here; a type without `?` is never null, so that nothing need "
                "be said"
            )
        ],
    ),
    (
        "protocol P { } protocol Q { }",
        ["AVR107 protocol: a file holds one protocol; put this one into a file of its own"],
    ),
    (
        "namespace a;\nvoid f();",
        ["AVR107 void: messages stand in a protocol; write `protocol Name { ... }` around them"],
    ),
    (
        "protocol P { record R { int a; }; }",
        ["AVR107 ;: this `;` ends nothing; leave it out: declarations with braces end with `}`"],
    ),
    (
        "protocol P { exception E { string a; } }",
        ["AVR107 exception: `exception` declares nothing in Avro IDL; write `error E {`"],
    ),
    ("protocol P { record R { int a; int a; } }", ["AVR204 a: the field `a` is declared twice"]),
    (
        "protocol P { record R { int a, string b; } }",
        ["AVR107 ,: fields end with `;`; a `,` stands only between names of one type"],
    ),
    (
        "protocol P { record R { int a, \n string b, } }",
        ["AVR107 ,: fields end with `;`; a `,` stands only between names of one type"],
    ),
    (
        "protocol P { record R { int a; \n void f(); }",
        ["AVR107 f: a record has fields and no messages; close the record before it with a `}`"],
    ),
    (
        "protocol P {\n  record R {\n    int a;\n\n  void f();\n}",
        ["AVR107 f: a record has fields and no messages; close the record before it with a `}`"],
    ),
    (
        "protocol P { record 1R { int 2a; } }",
        [
            "AVR106 1R: `1R` is not a number; a name does not begin with a digit",
            "AVR106 2a: `2a` is not a number; a name does not begin with a digit",
        ],
    ),
    (
        "protocol P { record my-record { int my-field; } }",
        [
            "AVR205 my-record: `my-record` is not a name; `my_record` would be one",
            "AVR205 my-field: `my-field` is not a name; `my_field` would be one",
        ],
    ),
    (
        "protocol P { record string { int a; } }",
        ["AVR205 string: `string` is the name of a type of Avro's own"],
    ),
    (
        "protocol P { void a.b(); record R { int a.b; } }",
        ["AVR205 a.b: `a.b` may have no dots here", "AVR205 a.b: `a.b` may have no dots here"],
    ),
    (
        "protocol P { stream<int> f(); }",
        ["AVR107 stream: `stream` takes nothing in `<` and `>`: only `array` and `map` do"],
    ),
    (
        "protocol P { record R { any a; object b; void c; } }",
        [
            "AVR203 any: there is no type `any`; list what it may be: `union { string, long }`",
            "AVR203 object: there is no type `object`; list what it may be: `union { string, long }`",
            "AVR212 void: `void` stands only for the result of a message",
        ],
    ),
]


@pytest.mark.parametrize(("text", "findings"), HABITS, ids=[text[:40] for text, _ in HABITS])
def test_a_habit_of_another_language_is_understood(tmp_path: Path, text: str, findings: list[str]) -> None:
    _, diagnostics = resolved(tmp_path, {"a.avdl": text})
    found: list[str] = []
    for item in diagnostics.items:
        assert item.span is not None
        shown = text[item.span.start : item.span.end]
        found.append(f"{item.rule.value} {shown}: {item.message}" + (f"; {item.help}" if item.help else ""))
    assert found == findings
