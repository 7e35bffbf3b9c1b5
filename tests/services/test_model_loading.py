from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest
import torch
from avrorpc_services.llm.checkpoint import CheckpointError
from avrorpc_services.llm.model.loading import INDEX, WEIGHTS, load_model, quiet
from avrorpc_services.llm.model.placement import PlacementError
from safetensors.torch import load_file, save_file
from transformers.utils import logging

CPU = torch.device("cpu")


def edit(path: Path, **changes: Any) -> None:
    settings = json.loads(path.read_text()) | changes
    path.write_text(json.dumps(settings))


def refusal(folder: Path) -> str:
    """The text of the error, which is one line."""
    with pytest.raises(CheckpointError) as caught:
        load_model(folder, CPU)
    text = str(caught.value)
    assert str(folder) in text
    assert "\n" not in text
    return text


def test_weights_are_widened_on_a_cpu_and_keep_their_values(small_checkpoint: Path) -> None:
    model = load_model(small_checkpoint, CPU)
    saved = load_file(small_checkpoint / WEIGHTS)
    weights = model.state_dict()
    assert {weight.dtype for weight in saved.values()} == {torch.bfloat16}
    assert {weight.dtype for weight in weights.values()} == {torch.float32}
    assert all(torch.equal(weights[name], weight.float()) for name, weight in saved.items())
    assert not model.training


def test_weights_keep_their_type_where_it_is_asked_for(small_checkpoint: Path) -> None:
    model = load_model(small_checkpoint, CPU, "bfloat16")
    assert {weight.dtype for weight in model.parameters()} == {torch.bfloat16}


def test_loading_needs_no_network(small_checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    load_model(small_checkpoint, CPU)


def test_loading_writes_nothing_to_the_terminal(
    small_checkpoint: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    load_model(small_checkpoint, CPU)
    assert capfd.readouterr() == ("", "")


def test_quiet_puts_back_what_it_changed() -> None:
    logger: Any = logging
    before = logger.get_verbosity(), logger.is_progress_bar_enabled()
    with quiet():
        assert not logger.is_progress_bar_enabled()
    assert (logger.get_verbosity(), logger.is_progress_bar_enabled()) == before


def test_shards_are_read_through_their_index(broken_checkpoint: Path) -> None:
    expected = load_model(broken_checkpoint, CPU).state_dict()
    weights = load_file(broken_checkpoint / WEIGHTS)
    (broken_checkpoint / WEIGHTS).unlink()
    names = sorted(weights)
    shards = {"a.safetensors": names[::2], "b.safetensors": names[1::2]}
    for file, part in shards.items():
        save_file({name: weights[name] for name in part}, broken_checkpoint / file, {"format": "pt"})
    places = {name: file for file, part in shards.items() for name in part}
    (broken_checkpoint / INDEX).write_text(json.dumps({"metadata": {}, "weight_map": places}))
    found = load_model(broken_checkpoint, CPU).state_dict()
    assert all(torch.equal(found[name], weight) for name, weight in expected.items())

    (broken_checkpoint / "b.safetensors").unlink()
    assert "b.safetensors is missing; copy the whole checkpoint" in refusal(broken_checkpoint)
    (broken_checkpoint / INDEX).write_text("{}")
    assert f"{INDEX} has no weight_map; copy it again" in refusal(broken_checkpoint)


@pytest.mark.parametrize("name", ["config.json", WEIGHTS])
def test_a_missing_file_is_named(broken_checkpoint: Path, name: str) -> None:
    (broken_checkpoint / name).unlink()
    assert f"{name} is missing; copy the whole checkpoint" in refusal(broken_checkpoint)


def test_pickled_weights_are_refused(broken_checkpoint: Path) -> None:
    (broken_checkpoint / WEIGHTS).rename(broken_checkpoint / "pytorch_model.bin")
    assert "pickled weights only; save them as model.safetensors" in refusal(broken_checkpoint)


@pytest.mark.parametrize("name", ["config.json", "generation_config.json"])
def test_damaged_json_is_named(broken_checkpoint: Path, name: str) -> None:
    path = broken_checkpoint / name
    path.write_text(path.read_text()[:-10])
    assert f"{name} cannot be read as JSON" in refusal(broken_checkpoint)


@pytest.mark.parametrize("kept", [0, 4, 40, 1000, -1])
def test_weights_cut_short_are_named(broken_checkpoint: Path, kept: int) -> None:
    path = broken_checkpoint / WEIGHTS
    path.write_bytes(path.read_bytes()[:kept])
    assert f"{WEIGHTS} is damaged or cut short" in refusal(broken_checkpoint)


def test_a_damaged_header_of_the_weights_is_named(broken_checkpoint: Path) -> None:
    path = broken_checkpoint / WEIGHTS
    data = bytearray(path.read_bytes())
    data[8:16] = b"\xff" * 8
    path.write_bytes(data)
    assert f"{WEIGHTS} is damaged or cut short" in refusal(broken_checkpoint)


def test_missing_weights_are_not_invented(broken_checkpoint: Path) -> None:
    edit(broken_checkpoint / "config.json", num_hidden_layers=3)
    text = refusal(broken_checkpoint)
    assert "do not fit its config.json (9 missing, such as model.layers.2." in text
    assert "use both files from the same checkpoint" in text


def test_surplus_weights_are_not_dropped(broken_checkpoint: Path) -> None:
    edit(broken_checkpoint / "config.json", num_hidden_layers=1)
    assert "do not fit its config.json (9 left over, such as model.layers.1." in refusal(broken_checkpoint)


def test_weights_of_another_shape_are_named(broken_checkpoint: Path) -> None:
    edit(broken_checkpoint / "config.json", intermediate_size=48)
    text = refusal(broken_checkpoint)
    assert "do not fit its config.json (6 of another shape, such as model.layers.0.mlp." in text


@pytest.mark.parametrize(
    "changes",
    [
        {"model_type": "nonsense"},
        {"model_type": None},
        {"hidden_size": "wide"},
        {"num_attention_heads": 0},
        {"model_type": "t5"},
    ],
)
def test_a_configuration_of_no_model_is_named(broken_checkpoint: Path, changes: dict[str, Any]) -> None:
    edit(broken_checkpoint / "config.json", **changes)
    assert "config.json describes no model that transformers can build" in refusal(broken_checkpoint)


def test_code_in_a_checkpoint_is_not_run(broken_checkpoint: Path) -> None:
    (broken_checkpoint / "evil.py").write_text("raise SystemExit('it ran')")
    code = {"AutoConfig": "evil.Config", "AutoModelForCausalLM": "evil.Model"}
    edit(broken_checkpoint / "config.json", model_type="evil", auto_map=code)
    assert "describes no model that transformers can build" in refusal(broken_checkpoint)


def test_an_attention_kernel_is_not_downloaded(broken_checkpoint: Path) -> None:
    edit(broken_checkpoint / "config.json", attn_implementation="owner/kernel")
    assert "names an attention kernel to download (owner/kernel)" in refusal(broken_checkpoint)


def test_an_unknown_dtype_is_refused(small_checkpoint: Path) -> None:
    with pytest.raises(PlacementError, match="'int4' names no dtype"):
        load_model(small_checkpoint, CPU, "int4")
