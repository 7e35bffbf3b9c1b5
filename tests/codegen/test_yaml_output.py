"""YAML that reads back as what it was made from."""

from __future__ import annotations

import yaml  # type: ignore[import-untyped,unused-ignore]
from avrorpc.schema import Json
from avrorpc_codegen.yaml_output import as_yaml
from hypothesis import example, given
from hypothesis import strategies as st

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner), max_leaves=12)


@example([5e-324, -1e16, 1e16, 1.5e300, 0.1])
@given(VALUES)
def test_a_value_survives(value: object) -> None:
    assert yaml.safe_load(as_yaml(value)) == value  # type: ignore[arg-type]


def test_it_is_laid_out_for_people() -> None:
    get: Json = {"tags": ["x"], "on": True, "200": {}, "empty": []}
    assert as_yaml({"paths": {"/a/{b}": {"get": get}}, "list": [{"a": 1, "b": 2}]}) == (
        'paths:\n  /a/{b}:\n    get:\n      tags:\n        - "x"\n      "on": true\n'
        '      "200": {}\n      empty: []\nlist:\n  - a: 1\n    b: 2\n'
    )
