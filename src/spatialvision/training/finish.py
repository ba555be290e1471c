"""What a run leaves when its training is over: weights, evaluations, results, layers, figures."""

import hashlib
from dataclasses import asdict, replace
from functools import partial
from typing import Any

from safetensors.torch import save as save_tensors

from spatialvision.evaluate.evaluate import evaluate_subject
from spatialvision.evaluate.load import ExperimentData
from spatialvision.evaluate.progress import Bars
from spatialvision.evaluate.subject import make_subject
from spatialvision.models.graph import module_graph
from spatialvision.models.summary import format_summary, layer_summary
from spatialvision.report.figures import draw_figures
from spatialvision.runs.directory import INPUTS, RESULTS, Run, row_name
from spatialvision.runs.storage import write_bytes, write_json, write_text
from spatialvision.training.initialise import WEIGHTS
from spatialvision.training.loop import Job


def finish(run: Run, job: Job, data: ExperimentData, bars: Bars) -> None:
    """Write everything that follows from the final weights; repeated from the start if interrupted."""
    model, experiment = job.state.evaluated_model, job.experiment
    digest = _write_weights(run, job)
    write_json(run.path / INPUTS, asdict(data.inputs))
    shape = (data.dataset.in_channels, *data.dataset.size_hw)
    write_text(run.path / "layers.txt", format_summary(layer_summary(model, shape)))
    write_json(run.path / "diagram.json", module_graph(model, shape).to_json())
    track = replace(bars, check=partial(_stop_if_told, job))
    for name in job.experiment.evaluation.splits:
        if name in data.splits:
            subject = make_subject(run, experiment, data, name, model, track)
            for evaluator in experiment.evaluation.evaluators:
                _stop_if_told(job)
                evaluate_subject(subject, {evaluator: {}})
    write_json(run.path / RESULTS, {**_results(run, job), "weights_sha256": digest})
    _stop_if_told(job)
    draw_figures(run)


def _write_weights(run: Run, job: Job) -> str:
    state = job.state.evaluated_model.state_dict()
    content = save_tensors({name: value.detach().cpu().contiguous().clone() for name, value in state.items()})
    write_bytes(run.path / WEIGHTS, content)
    return hashlib.sha256(content).hexdigest()


def _results(run: Run, job: Job) -> dict[str, Any]:
    """Last values by split, and the best with its step, which for the test split is a choice made on it."""
    splits: dict[str, Any] = {}
    for name in job.experiment.evaluation.splits:
        measured = run.read_json(f"evaluation/{name}/accuracy.json")
        if measured is None:
            continue
        best = max(run.metrics(row_name(name)), key=lambda row: (row["accuracy"], -row["step"]))
        splits[name] = {key: measured[key] for key in ("accuracy", "loss", "correct", "images")}
        splits[name] |= {"best_accuracy": best["accuracy"], "best_step": best["step"]}
    return {
        "splits": splits,
        "steps": job.state.step,
        "epochs": job.plan.epochs_done(job.state.step),
        "parameters": sum(value.numel() for value in job.state.model.parameters()),
        "train_seconds": round(job.state.seconds, 3),
    }


def _stop_if_told(job: Job) -> None:
    if job.stop.received:
        raise job.stop.error(job.stop.received, "training is over and saved")
