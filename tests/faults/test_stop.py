"""Every kind of training, with and without workers, in one and in two processes, stopped after every step."""

import itertools
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from spatialvision import Run

RECIPE = """
epochs: 2
batch_size: 6
threads: 1
data: {{name: imagenet, path: {path}, size: 32, decoder: pillow, validation: 0.25}}
augmentation: {{horizontal_flip: true, rotation_deg: 10}}
optimizer: {{name: adamw, lr: 0.01}}
evaluation: {{batch_size: 5, evaluators: [accuracy, predictions]}}
log: {{every: {{steps: 2}}}}
"""
TRANSFORMER = "model={name: vit_pre_norm, layers: 1, width: 16, heads: 2, patch: 8}"
MODELS = {
    "spatial transformer": ("model={name: stn_cnn, localisation: plain}",),
    "CoordConv": ("model={name: stn_cnn, localisation: none, classifier: coordconv}",),
    "transformer": (TRANSFORMER,),
    "puzzle": (TRANSFORMER, "objective.name=puzzle"),
}
PRECISIONS = ((), ("precision=bfloat16", "ema=0.9"))
# The hardest first, which is the one in small numbers; each model meets both precisions with and without workers.
CASES = list(itertools.product(reversed(MODELS), (2, 0), (2, 1)))
STEPS = 6
# One process tells itself, where there are several the second.
STOPPING = """
import os, signal
from torch.optim.optimizer import register_optimizer_step_post_hook

if "STOP" in os.environ and os.environ.get("RANK", "1") == "1":
    register_optimizer_step_post_hook(lambda *_: os.kill(os.getpid(), signal.SIGTERM))
"""


@pytest.mark.fault("stop")
@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_no_bit_differs(
    photographs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, contents_of: Any, times: Any
) -> None:
    (tmp_path / "recipe.yaml").write_text(RECIPE.format(path=photographs))
    (tmp_path / "stopping.py").write_text(STOPPING)
    count = times(STEPS, STEPS * len(CASES)) // STEPS
    for model, workers, processes in CASES[:count]:
        precision = PRECISIONS[(workers // 2 + processes) % 2]
        overrides = [
            *MODELS[model],
            *precision,
            f"data.workers={workers}",
            f"processes={processes}",
        ]
        case = ", ".join(overrides)
        monkeypatch.delenv("STOP", raising=False)
        assert train(tmp_path, "whole", overrides) == 0, case
        monkeypatch.setenv("STOP", "")
        codes = [75]
        while codes[-1] == 75:
            codes.append(train(tmp_path, "stopped", overrides))
        assert codes[-1] == 0, case
        assert len(codes) - 2 >= STEPS // processes, case  # two may agree on a signal only with the next step
        whole, stopped = (Run(tmp_path / "runs/recipe" / name) for name in ("whole", "stopped"))
        assert whole.results["steps"] == STEPS
        assert contents_of(stopped) == contents_of(whole), case
        shutil.rmtree(tmp_path / "runs")


def train(folder: Path, name: str, overrides: list[str]) -> int:
    """Begin or continue a run as a process of its own; its exit code."""
    command = [sys.executable, "-m", "spatialvision", "train", "recipe.yaml", *overrides]
    return subprocess.run(
        [*command, "--import", "stopping.py", "--name", name, "--quiet"], cwd=folder
    ).returncode
