import itertools
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from spatialvision.errors import StorageError
from spatialvision.training.journal import Journal, sentence

ROW = {"step": 5, "epoch": 0.5, "split": "train", "loss": 0.25, "accuracy": 0.9}


def test_a_line_says_what_there_is() -> None:
    test = {**ROW, "split": "test", "correct": 1234, "images": 2000}
    assert sentence([ROW, test]) == (
        "step 5 · epoch 0.5 · train loss 0.2500 accuracy 90.00 % · "
        "test loss 0.2500 accuracy 90.00 % (1,234/2,000)"
    )


def test_an_objective_without_accuracy_has_a_line_too() -> None:
    assert sentence([{"step": 1, "epoch": 1, "split": "train", "loss": 2.0}]).endswith("train loss 2.0000")


def test_sizes_lead_back_to_the_exact_record(tmp_path: Path) -> None:
    first = Journal(tmp_path)
    first.write([ROW])
    first.picture("inputs", torch.rand(1, 4, 4), 5)
    sizes = first.sizes()
    (events,) = (tmp_path / "tensorboard").iterdir()
    kept = {path: path.read_bytes() for path in (tmp_path / "metrics.jsonl", events)}
    assert sizes == {str(path.relative_to(tmp_path)): len(content) for path, content in kept.items()}
    first.write([{**ROW, "step": 6}])
    first.close()
    second = Journal(tmp_path)
    second.write([{**ROW, "step": 7}])
    second.close()
    Journal(tmp_path).cut_back(sizes)
    assert {path: path.read_bytes() for path in kept} == kept
    assert list((tmp_path / "tensorboard").iterdir()) == [events]


def test_without_a_checkpoint_the_record_begins_anew(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.write([ROW])
    journal.close()
    Journal(tmp_path).cut_back({})
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_no_events_where_none_are_wanted(tmp_path: Path) -> None:
    journal = Journal(tmp_path, tensorboard=False)
    journal.write([ROW])
    journal.picture("inputs", torch.rand(1, 4, 4), 5)
    assert [path.name for path in tmp_path.iterdir()] == ["metrics.jsonl"]


@pytest.mark.fault("writer")
def test_trouble_with_tensorboard_is_a_warning_and_rows_go_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "tensorboard").write_text("not a folder")
    journal = Journal(tmp_path)
    for _ in range(3):
        journal.write([ROW])
        assert journal.sizes() == {"metrics.jsonl": (tmp_path / "metrics.jsonl").stat().st_size}
    journal.close()
    assert len((tmp_path / "metrics.jsonl").read_text().splitlines()) == 3
    assert caplog.text.count("TensorBoard events are off from here on: ") == 1


@pytest.mark.fault("disk")
def test_a_full_disk_takes_rows_whole_or_not_at_all(small_disk: Callable[[str], Path]) -> None:
    folder = small_disk("size=8k")
    journal = Journal(folder, tensorboard=False)
    with pytest.raises(StorageError, match=r"metrics\.jsonl \(\d+ bytes needed\): No space left on device"):
        list(map(journal.write, itertools.repeat([ROW], 10_000)))
    content = (folder / "metrics.jsonl").read_text()
    assert len(content) > 7000
    assert set(content.splitlines(keepends=True)) == {json.dumps(ROW) + "\n"}
