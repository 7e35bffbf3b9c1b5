from __future__ import annotations

from pathlib import Path

import pytest
from avrorpc_services.llm.checkpoint import (
    CheckpointError,
    open_folder,
    read_json,
    read_optional_json,
    require_file,
)


def test_a_folder_is_given_back_as_an_absolute_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tiny").mkdir()
    monkeypatch.chdir(tmp_path)
    assert open_folder("tiny") == tmp_path / "tiny"


def test_a_missing_folder_is_named_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="nowhere does not exist; give a local folder"):
        open_folder(tmp_path / "nowhere")


def test_the_name_of_a_hub_model_is_not_looked_up() -> None:
    with pytest.raises(CheckpointError, match="nothing is downloaded"):
        open_folder("owner/model")


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CheckpointError, match="file is a file; give a local folder"):
        open_folder(tmp_path / "file")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"config\.json is missing; copy the whole checkpoint"):
        require_file(tmp_path, "config.json")


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe", b'{"a": 1,}'])
def test_damaged_json_is_named(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "config.json").write_bytes(data)
    with pytest.raises(CheckpointError, match=r"config\.json cannot be read as JSON"):
        read_json(tmp_path / "config.json")


def test_json_has_to_be_an_object(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("[1]")
    with pytest.raises(CheckpointError, match="does not hold a JSON object"):
        read_json(tmp_path / "config.json")


def test_optional_json_may_be_absent_but_not_damaged(tmp_path: Path) -> None:
    assert read_optional_json(tmp_path, "settings.json") == {}
    (tmp_path / "settings.json").write_text('{"a": 1}')
    assert read_optional_json(tmp_path, "settings.json") == {"a": 1}
    (tmp_path / "settings.json").write_text("nonsense")
    with pytest.raises(CheckpointError):
        read_optional_json(tmp_path, "settings.json")
