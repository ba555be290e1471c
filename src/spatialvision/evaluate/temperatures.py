"""Evaluator `temperatures`: what temperatures of its attention a model has learned, layer by layer.

Lee et al., "Vision Transformer for Small-Size Datasets", 2021, https://arxiv.org/abs/2112.13492 (section 3.2)
"""

from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from torch import nn

from spatialvision.evaluate.subject import Subject
from spatialvision.nn import LogTemperature, PlainTemperature
from spatialvision.registry import register_evaluator
from spatialvision.runs.storage import write_json

FORMS: dict[type[nn.Module], str] = {LogTemperature: "log", PlainTemperature: "plain"}


@register_evaluator
def temperatures(subject: Subject) -> Path | None:
    """Writes ``temperatures.json`` above the splits' folders, as it depends on the weights alone.

    ``temperatures``, a list in the order of the layers: ``layer``, from 1; ``module``, its dotted name; ``form``,
    what is learned: "log" (log 1/τ) or "plain" (τ); ``learned``, that number; ``tau``, the temperature τ either
    way, by which the energies are divided. ``mean`` and ``standard_deviation`` (of a sample, n − 1; null for
    a single layer) are those of τ. Models that learn no temperature have no such file.
    """
    rows = learned_temperatures(subject.model)
    if not rows:
        return None
    values = [row["tau"] for row in rows]
    deviation = stdev(values) if len(values) > 1 else None
    path = subject.folder.parent / "temperatures.json"
    write_json(path, {"temperatures": rows, "mean": fmean(values), "standard_deviation": deviation})
    return path


def learned_temperatures(model: nn.Module) -> list[dict[str, Any]]:
    """A row for each learned temperature of a model, in the order of its modules."""
    found = [(name, module) for name, module in model.named_modules() if type(module) in FORMS]
    return [
        {
            "layer": layer,
            "module": name,
            "form": FORMS[type(module)],
            "learned": next(module.parameters()).item(),
            "tau": module.tau.item(),
        }
        for layer, (name, module) in enumerate(found, start=1)
    ]
