"""How far a run is that another process trains, as its folder says."""

import json
import os
from pathlib import Path
from typing import Any

from spatialvision.config.experiment import Experiment
from spatialvision.runs.directory import METRICS

TAIL = 8192


def describe_progress(path: Path, experiment: Experiment) -> str:
    """``step 938 of 18,760 · 5,120 images/s`` at the last row of metrics; ``starting`` before the first one.

    The rate is that of the training between the last two rows.
    """
    rows = last_rows(path)
    if not rows:
        return "starting"
    step, epoch = rows[-1]["step"], rows[-1]["epoch"]
    total = experiment.total_steps(round(step / epoch))
    timed = [row for row in rows if "seconds" in row][-2:]
    return f"step {step:,} of {total:,}" + images_a_second(timed, experiment.batch_size)


def last_rows(path: Path) -> list[dict[str, Any]]:
    """The rows in the last bytes of a run's metrics, which is as quick for a long run as for a short one."""
    if not (path / METRICS).exists():
        return []
    with (path / METRICS).open("rb") as file:
        begin = max(0, file.seek(0, os.SEEK_END) - TAIL)
        file.seek(begin)
        lines = file.read().splitlines(keepends=True)
    return [json.loads(line) for line in lines[begin > 0 :] if line.endswith(b"\n")]


def images_a_second(rows: list[dict[str, Any]], batch_size: int) -> str:
    """The rate since the row before the last, or since the start; nothing where no time has passed."""
    if not rows:
        return ""
    before = rows[-2] if len(rows) > 1 else {"step": 0, "seconds": 0.0}
    steps, seconds = (rows[-1][name] - before[name] for name in ("step", "seconds"))
    return f" · {steps * batch_size / seconds:,.0f} images/s" if seconds > 0 else ""
