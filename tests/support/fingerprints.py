"""Facts that other implementations publish: schemas, their canonical forms, and their fingerprints."""

from __future__ import annotations

from typing import Final

PUBLISHED: Final[list[tuple[str, str, int]]] = [
    ('"null"', '"null"', 7195948357588979594),
    ('{"type":"null"}', '"null"', 7195948357588979594),
    ('"boolean"', '"boolean"', -6970731678124411036),
    ('{"type":"boolean"}', '"boolean"', -6970731678124411036),
    ('"int"', '"int"', 8247732601305521295),
    ('{"type":"int"}', '"int"', 8247732601305521295),
    ('"long"', '"long"', -3434872931120570953),
    ('{"type":"long"}', '"long"', -3434872931120570953),
    ('"float"', '"float"', 5583340709985441680),
    ('{"type":"float"}', '"float"', 5583340709985441680),
    ('"double"', '"double"', -8181574048448539266),
    ('{"type":"double"}', '"double"', -8181574048448539266),
    ('"bytes"', '"bytes"', 5746618253357095269),
    ('{"type":"bytes"}', '"bytes"', 5746618253357095269),
    ('"string"', '"string"', -8142146995180207161),
    ('{"type":"string"}', '"string"', -8142146995180207161),
    ("[  ]", "[]", -1241056759729112623),
    ('[ "int"  ]', '["int"]', -5232228896498058493),
    ('[ "int" , {"type":"boolean"} ]', '["int","boolean"]', 5392556393470105090),
    (
        '{"fields":[], "type":"record", "name":"foo"}',
        '{"name":"foo","type":"record","fields":[]}',
        -4824392279771201922,
    ),
    (
        '{"fields":[], "type":"record", "name":"foo", "namespace":"x.y"}',
        '{"name":"x.y.foo","type":"record","fields":[]}',
        5916914534497305771,
    ),
    (
        '{"fields":[], "type":"record", "name":"a.b.foo", "namespace":"x.y"}',
        '{"name":"a.b.foo","type":"record","fields":[]}',
        -4616218487480524110,
    ),
    (
        '{"fields":[], "type":"record", "name":"foo", "doc":"Useful info"}',
        '{"name":"foo","type":"record","fields":[]}',
        -4824392279771201922,
    ),
    (
        '{"fields":[], "type":"record", "name":"foo", "aliases":["foo","bar"]}',
        '{"name":"foo","type":"record","fields":[]}',
        -4824392279771201922,
    ),
    (
        '{"fields":[], "type":"record", "name":"foo", "doc":"foo", "aliases":["foo","bar"]}',
        '{"name":"foo","type":"record","fields":[]}',
        -4824392279771201922,
    ),
    (
        '{"fields":[{"type":{"type":"boolean"}, "name":"f1"}], "type":"record", "name":"foo"}',
        '{"name":"foo","type":"record","fields":[{"name":"f1","type":"boolean"}]}',
        7843277075252814651,
    ),
    (
        (
            '{"fields":[{"type":"boolean", "aliases":[], "name":"f1", "default":true}, {"order":"descending",'
            '"name":"f2","doc":"Hello","type":"int"}], "type":"record", "name":"foo"}'
        ),
        '{"name":"foo","type":"record","fields":[{"name":"f1","type":"boolean"},{"name":"f2","type":"int"}]}',
        -4860222112080293046,
    ),
    (
        '{"type":"enum", "name":"foo", "symbols":["A1"]}',
        '{"name":"foo","type":"enum","symbols":["A1"]}',
        -6342190197741309591,
    ),
    (
        '{"namespace":"x.y.z", "type":"enum", "name":"foo", "doc":"foo bar", "symbols":["A1", "A2"]}',
        '{"name":"x.y.z.foo","type":"enum","symbols":["A1","A2"]}',
        -4448647247586288245,
    ),
    (
        '{"name":"foo","type":"fixed","size":15}',
        '{"name":"foo","type":"fixed","size":15}',
        1756455273707447556,
    ),
    (
        '{"namespace":"x.y.z", "type":"fixed", "name":"foo", "doc":"foo bar", "size":32}',
        '{"name":"x.y.z.foo","type":"fixed","size":32}',
        -3064184465700546786,
    ),
    (
        '{ "items":{"type":"null"}, "type":"array"}',
        '{"type":"array","items":"null"}',
        -589620603366471059,
    ),
    (
        '{ "values":"string", "type":"map"}',
        '{"type":"map","values":"string"}',
        -8732877298790414990,
    ),
    (
        (
            '{"name":"PigValue","type":"record","fields":[{"name":"value", "type":["null", "int", "long", '
            '"PigValue"]}]}'
        ),
        (
            '{"name":"PigValue","type":"record","fields":[{"name":"value","type":["null","int","long",'
            '"PigValue"]}]}'
        ),
        -1759257747318642341,
    ),
]
"""Schema, canonical form, and CRC-64-AVRO as Java's signed number, as the Avro project publishes them."""

DIGESTS: Final[list[tuple[str, str, str]]] = [
    (
        (
            '{"type":"record","name":"test","fields":[{"name":"a","type":"long","default":42},'
            '{"name":"b","type":"string"}]}'
        ),
        "md5",
        "7bce8188f28e66480a45ffbdc3615b7d",
    ),
    (
        (
            '{"type":"record","name":"test","fields":[{"name":"a","type":"long","default":42},'
            '{"name":"b","type":"string"}]}'
        ),
        "sha256",
        "c4d97949770866dec733ae7afa3046757e901d0cfea32eb92a8faeadcc4de153",
    ),
    ('{"type":"int"}', "md5", f"{318112854175969537208795771590915775282:032x}"),
    (
        '{"type":"int"}',
        "sha256",
        f"{28572620203319713300323544804233350633246234624932075150020181448463213378117:064x}",
    ),
]
"""Schema, algorithm and fingerprint, as the Rust and the Ruby implementation publish them."""

INT_HEADER: Final = "c3 01 8f 5c 39 3f 1a d5 75 72"
"""The header of the single-object encoding for the schema `int`, as the Ruby implementation publishes it."""

RUST_LOGICAL: Final = (
    (
        '{"name":"test","type":"record","fields":[{"name":"a","type":"long"},{"name":"b","type":"string"},'
        '{"name":"c","type":{"type":"long"}}]}'
    ),
    "92f2ccef718c6754",
)
"""What the Rust implementation takes for the form of a schema with a logical type, and its CRC-64-AVRO."""
