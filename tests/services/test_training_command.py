from __future__ import annotations

import email
import json
from pathlib import Path

import pytest
from avrorpc_services.llm.checkpoint import SHIPPED
from avrorpc_services.llm.model import corpus, train
from avrorpc_services.llm.model.causal import CausalModel
from avrorpc_services.llm.tokenizer.bpe import BpeEncoding
from click.testing import CliRunner

FEW = corpus.collect(Path(email.__file__).parent)
"""A corpus that takes little time."""


def test_two_steps_make_a_whole_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus, "collect", lambda: FEW)
    arguments = ["--out", str(tmp_path / "made"), "--steps", "2", "--seed", "7", "--threads", "1"]
    result = CliRunner().invoke(train.main, arguments)
    assert result.exception is None, result.output
    assert result.stdout == f"{tmp_path / 'made'}\n"
    assert "The corpus is not the recorded one" in result.stderr.replace("\n", " ")
    record = json.loads((tmp_path / "made" / "training.json").read_text())
    assert (record["steps"], record["seed"], record["threads"]) == (2, 7, 1)
    assert record["corpus"]["sha256"] == FEW.sha256
    assert record["python"] == FEW.python
    assert set(record["versions"]) == {"safetensors", "tokenizers", "torch", "transformers"}
    assert 0 < record["held_out"]["bits_per_byte"] < 20

    (ids,) = BpeEncoding(tmp_path / "made").encode(["Return the file"])
    model = CausalModel.load(tmp_path / "made", device="cpu")
    assert len(model.generate(ids, max_tokens=2).token_ids) <= 2


def test_differences_from_the_record_are_said() -> None:
    record = {"python": FEW.python, "corpus": {"sha256": FEW.sha256}}
    assert train.differences(record, FEW) == []
    assert train.differences({}, FEW) == []
    (python,) = train.differences(record | {"python": "3.0.1"}, FEW)
    assert python == f"The recorded checkpoint was trained on Python 3.0.1, and this is Python {FEW.python}."
    (text,) = train.differences(record, corpus.Corpus(("other",), FEW.python))
    assert text.startswith("The corpus is not the recorded one")


def test_the_shipped_checkpoint_is_what_is_made_by_default() -> None:
    options = {option.name: option.default for option in train.main.params}
    assert options["out"] == SHIPPED
    assert options["steps"] == json.loads((SHIPPED / "training.json").read_text())["steps"]
    assert options["seed"] == json.loads((SHIPPED / "training.json").read_text())["seed"]


@pytest.mark.parametrize("arguments", [["--steps", "0"], ["--seconds", "0"], ["--threads", "0"]])
def test_options_that_make_no_sense_are_refused(arguments: list[str]) -> None:
    assert CliRunner().invoke(train.main, arguments).exit_code == 2
