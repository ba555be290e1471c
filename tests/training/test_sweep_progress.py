"""How far a run is, read from its folder."""

import json
from pathlib import Path

from spatialvision.runs.directory import METRICS
from spatialvision.training.sweep_progress import TAIL, describe_progress
from spatialvision.workbench import load_recipe

EXPERIMENT = load_recipe("quickstart/plain-cnn", "epochs=30", "batch_size=64").experiment


def write(folder: Path, count: int) -> None:
    """Rows of two splits after each epoch of 20 steps, which takes 2 s and, the last one, half a second."""
    rows = []
    for epoch in range(1, count + 1):
        moment = {"step": 20 * epoch, "epoch": float(epoch)}
        seconds = 2.0 * epoch - 1.5 * (epoch == count)
        rows += [
            {**moment, "split": "train", "seconds": seconds},
            {**moment, "split": "test", "accuracy": 0.5},
        ]
    (folder / METRICS).write_text("".join(json.dumps(row) + "\n" for row in rows) + '{"step": 99')


def test_a_run_without_rows_is_starting(tmp_path: Path) -> None:
    assert describe_progress(tmp_path / "none", EXPERIMENT) == "starting"
    write(tmp_path, 0)
    assert describe_progress(tmp_path, EXPERIMENT) == "starting"


def test_the_last_rows_give_step_total_and_rate(tmp_path: Path) -> None:
    write(tmp_path, 1)
    assert describe_progress(tmp_path, EXPERIMENT) == "step 20 of 600 · 2,560 images/s"
    write(tmp_path, 3)
    assert describe_progress(tmp_path, EXPERIMENT) == "step 60 of 600 · 2,560 images/s"


def test_of_a_long_run_only_the_end_is_read(tmp_path: Path) -> None:
    write(tmp_path, 2000)
    path = tmp_path / METRICS
    assert path.stat().st_size > 10 * TAIL
    content = path.read_bytes()
    path.write_bytes(b"#" * (len(content) - TAIL) + content[-TAIL:])
    assert describe_progress(tmp_path, EXPERIMENT) == "step 40,000 of 600 · 2,560 images/s"
