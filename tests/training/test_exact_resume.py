"""Stopped and continued at any moment, a run ends with the very same bytes as one that was not."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spatialvision import Run, load_recipe, train
from spatialvision.errors import Stopped

INTERVALS = ("evaluation.every.steps=5", "log.every.steps=4", "checkpoint.every.steps=3")
EXPERIMENTS = {
    "momentum": (),
    "average": (
        "optimizer={name: adamw, lr: 0.01}",
        "ema=0.9",
        "clip_norm=1",
        "schedule={name: cosine, warmup: {steps: 5}}",
    ),
    "factors": ("optimizer.lr_factors={linear: 0.1, head.bias: 3}", "optimizer.decayed=weights"),
    "parts": ("accumulate=3", "drop_last=true"),
    "bfloat16": ("precision=bfloat16",),
    "coordconv": ("model.classifier=coordconv",),
    "vit": ("model={name: vit_pre_norm, layers: 1, width: 16, heads: 2, patch: 4}",),
    "puzzle": (
        "model={name: vit_pre_norm, layers: 1, width: 16, heads: 2, patch: 4}",
        "objective.name=puzzle",
        "ema=0.9",
    ),
    "augmented": ("augmentation.rotation_deg=30", "model.localisation=plain", "data.size=28", "epochs=1"),
    "distorted": (
        "distortion={name: similarity, canvas: 24, rotation_deg: 20, shift: 0.1}",
        "optimizer={name: adam, lr: 0.01}",
        "epochs=1",
    ),
}


@pytest.fixture(scope="module")
def whole(
    small_recipe: str, tmp_path_factory: pytest.TempPathFactory, stop_when_asked: Any
) -> Callable[[str], tuple[Run, int]]:
    """An experiment's uninterrupted run, and how often it asked whether to stop."""
    made: dict[str, tuple[Run, int]] = {}

    def get(name: str) -> tuple[Run, int]:
        if name not in made:
            recipe, stop = load_recipe(small_recipe, *INTERVALS, *EXPERIMENTS[name]), stop_when_asked(10**9)
            run = train(recipe, runs_dir=tmp_path_factory.mktemp(name), quiet=True, stop=stop)
            made[name] = run, stop.asked
        return made[name]

    return get


def newest_state(runs_dir: Path) -> dict[str, Any]:
    newest = sorted(runs_dir.rglob("checkpoints/step-*/state.json"))[-1]
    return json.loads(newest.read_text())


# Asked once a step, before each of the four batches of a measurement, three times in the end, and before each of
# the four batches that are evaluated there.
MOMENTS = {
    "before the first step": (lambda asked: 1, 0, False),
    "in the middle of an epoch": (lambda asked: 3, 2, False),
    "during a measurement": (lambda asked: 8, 5, False),
    "after a measurement": (lambda asked: 10, 5, True),
    "during the last measurement": (lambda asked: asked - 8, 22, False),
    "after the last step": (lambda asked: asked - 7, 22, True),
    "during the evaluation": (lambda asked: asked - 4, 22, True),
    "while the results are written": (lambda asked: asked - 1, 22, True),
}


@pytest.mark.fault("stop")
@pytest.mark.parametrize("moment", MOMENTS)
def test_one_stop_leaves_no_trace(
    moment: str, whole: Any, small_recipe: str, tmp_path: Path, stop_when_asked: Any, contents_of: Any
) -> None:
    reference, asked = whole("momentum")
    number, step, reported = MOMENTS[moment]
    recipe = load_recipe(small_recipe, *INTERVALS)
    with pytest.raises(Stopped, match=r"stopped by SIGTERM; .* run the same command again"):
        train(recipe, runs_dir=tmp_path, quiet=True, stop=stop_when_asked(number(asked)))
    state = newest_state(tmp_path)
    assert (state["step"], state["reported"]) == (step, reported)
    run = train(recipe, runs_dir=tmp_path, quiet=True)
    assert run.status["state"] == "done"
    assert contents_of(run) == contents_of(reference)


@pytest.mark.fault("stop")
@pytest.mark.parametrize("name", list(EXPERIMENTS)[1:])
def test_many_stops_leave_no_trace(
    name: str,
    whole: Any,
    small_recipe: str,
    tmp_path: Path,
    stop_when_asked: Any,
    contents_of: Any,
    times: Any,
) -> None:
    """At a few random moments, or, in full numbers, at every step."""
    reference, _ = whole(name)
    recipe, moments = load_recipe(small_recipe, *INTERVALS, *EXPERIMENTS[name]), random.Random(name)
    steps, stopped_at, before, longer = reference.results["steps"], set(), (0, False), 0
    least = times(2, steps)
    while len(stopped_at) < max(5, least):
        number = 2 + longer if least == steps else moments.randint(2, 9)
        try:
            run = train(recipe, runs_dir=tmp_path, quiet=True, stop=stop_when_asked(number))
            break
        except Stopped:
            state = newest_state(tmp_path)
            stopped_at.add(state["step"])
            now = state["step"], state["reported"]
            longer, before = longer + 1 if now == before else 0, now  # a measurement asks more than once
    else:
        run = train(recipe, runs_dir=tmp_path, quiet=True)
    assert len(stopped_at - {0}) >= least
    assert contents_of(run) == contents_of(reference)


def test_checkpoints_that_stay_do_so_over_a_stop(
    whole: Any, small_recipe: str, tmp_path: Path, stop_when_asked: Any, contents_of: Any
) -> None:
    recipe = load_recipe(small_recipe, *INTERVALS, "checkpoint.keep_every.steps=7", "checkpoint.keep=1")
    with pytest.raises(Stopped):
        train(
            recipe, runs_dir=tmp_path, quiet=True, stop=stop_when_asked(MOMENTS["after a measurement"][0](0))
        )
    run = train(recipe, runs_dir=tmp_path, quiet=True)
    assert contents_of(run) == contents_of(whole("momentum")[0])
    kept = {int(path.name.removeprefix("step-")) for path in (run.path / "checkpoints").iterdir()}
    assert kept == {7, 14, 21, 22}


@pytest.mark.fault("kill")
def test_the_record_is_cut_back_to_the_checkpoint(
    whole: Any, small_recipe: str, tmp_path: Path, stop_when_asked: Any, contents_of: Any
) -> None:
    reference, _ = whole("momentum")
    recipe = load_recipe(small_recipe, *INTERVALS)
    with pytest.raises(Stopped):
        train(recipe, runs_dir=tmp_path, quiet=True, stop=stop_when_asked(12))
    (path,) = tmp_path.rglob("metrics.jsonl")
    with path.open("a") as file:
        file.write(
            '{"step": 7, "epoch": 0.6, "split": "test", "loss": 1.0, "accuracy": 0.5}\n{"step": 8, "ep'
        )
    (events,) = tmp_path.rglob("events.*")
    with events.open("ab") as file:
        file.write(b"half an event")
    events.with_name("events.out.tfevents.9999999999.of.a.killed.process").write_bytes(b"torn")
    assert contents_of(train(recipe, runs_dir=tmp_path, quiet=True)) == contents_of(reference)


@pytest.mark.fault("damage")
@pytest.mark.parametrize(
    "name", ["manifest.json", "model.safetensors", "optimizer.safetensors", "state.json"]
)
def test_a_broken_newest_checkpoint_costs_time_and_nothing_else(
    name: str, whole: Any, small_recipe: str, tmp_path: Path, stop_when_asked: Any, contents_of: Any
) -> None:
    reference, _ = whole("momentum")
    recipe = load_recipe(small_recipe, *INTERVALS)
    with pytest.raises(Stopped):
        train(recipe, runs_dir=tmp_path, quiet=True, stop=stop_when_asked(13))
    broken = sorted(tmp_path.rglob("checkpoints/step-*"))[-1] / name
    broken.write_bytes(broken.read_bytes()[:-1])
    run = train(recipe, runs_dir=tmp_path, quiet=True)
    assert f"WARNING {broken} is damaged" in (run.path / "train.log").read_text()
    assert contents_of(run) == contents_of(reference)


@pytest.mark.fault("kill")
def test_temporaries_of_a_killed_process_are_swept(
    small_recipe: str, tmp_path: Path, stop_when_asked: Any
) -> None:
    recipe = load_recipe(small_recipe)
    with pytest.raises(Stopped):
        train(recipe, runs_dir=tmp_path, quiet=True, stop=stop_when_asked(2))
    (checkpoints,) = tmp_path.rglob("checkpoints")
    half = checkpoints / ".step-00000009.4711.tmp"
    half.mkdir()
    (half / "model.safetensors").write_bytes(b"half")
    (checkpoints.parent / ".results.json.4711.tmp").write_text("{")
    train(recipe, runs_dir=tmp_path, quiet=True)
    assert not list(tmp_path.rglob("*.tmp"))
