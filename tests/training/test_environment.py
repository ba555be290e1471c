from pathlib import Path

import pytest
import torch

from spatialvision.training.environment import changes, describe_environment


@pytest.mark.fault("secrets")
def test_it_names_what_can_change_a_result_and_no_environment_variable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MY_TOKEN", "s3cr3t-value")
    found = describe_environment(torch.device("cpu"), 1, tmp_path)
    assert found["threads"] == torch.get_num_threads()
    assert torch.__version__.startswith(found["packages"]["torch"])
    assert found["device"] == "cpu"
    assert "s3cr3t-value" not in repr(found)


def test_changes_are_named_and_the_command_is_none(tmp_path: Path) -> None:
    old = describe_environment(torch.device("cpu"), 1, tmp_path)
    new = {**old, "command": ["other"], "threads": 99, "packages": {**old["packages"], "torch": "9.9"}}
    assert changes(old, old) == []
    found = changes(old, new)
    assert len(found) == 2
    assert f"threads: {old['threads']} → 99" in found


def test_another_decoder_is_a_change(tmp_path: Path) -> None:
    one, other = (
        describe_environment(torch.device("cpu"), 1, tmp_path, decoder)
        for decoder in ("pillow 13.0", "pillow 14.0")
    )
    assert changes(one, other) == ["decoder: pillow 13.0 → pillow 14.0"]
