"""A model card in Markdown, made of a run's own facts and nothing else.

Mitchell et al., "Model Cards for Model Reporting", https://arxiv.org/abs/1810.03993
"""

import json
from collections.abc import Mapping
from typing import Any

from scipy.stats import binomtest

from spatialvision.runs.directory import Run

MOST_CLASSES = 100


def model_card(
    facts: Mapping[str, Any], run: Run, name: str, usage: str, images: int, difference: float
) -> str:
    """The card of an exported model.

    Args:
        facts: see ``facts_of``.
        run: where more is known of the results.
        name: of the model's file.
        usage: Python that uses it, with ``{name}``.
        images: of the test split that the file was checked on.
        difference: largest absolute difference of a logit there.
    """
    parts = [
        f"# {facts['recipe']}",
        _what_it_is(facts),
        f"## Use\n\n```python\n{usage.format(name=name)}```\n\n{_inputs(facts)}",
        f"## Training\n\n{_training(facts, run)}",
        f"## Results\n\n{_results(facts, run)}",
        f"## Intended use and limits\n\n{_limits(facts)}",
        f"## This file\n\n`{name}` was compared with the run's own model on {images:,} test images: the logits differ "
        f"by at most {difference:.1e}.",
    ]
    return "\n\n".join(parts) + "\n"


def _what_it_is(facts: Mapping[str, Any]) -> str:
    names = facts["inputs"]["class_names"]
    shown = ", ".join(f"`{name}`" for name in names[:MOST_CLASSES])
    rest = f", … ({len(names):,} in all; the file names them)" if len(names) > MOST_CLASSES else ""
    height, width = facts["inputs"]["size_hw"]
    colours = {1: "grey", 3: "RGB"}.get(facts["inputs"]["in_channels"], "")
    return (
        f"An image classifier: {colours} images of {height} × {width} pixels, {len(names):,} classes, "
        f"{facts['results']['parameters']:,} parameters.\n\nClasses, in the order of the logits: {shown}{rest}."
    )


def _inputs(facts: Mapping[str, Any]) -> str:
    inputs, block = facts["inputs"], facts["experiment"]["data"]
    lines = ["Images are (B, C, H, W) in [0, 1], row 0 at the top, and are normalised inside the model:"]
    if block["normalise"]:
        mean, std = ([round(value, 4) for value in inputs[each]] for each in ("mean", "std"))
        lines.append(f"mean {mean}, std {std} by channel.")
    else:
        lines[0] = "Images are (B, C, H, W) in [0, 1], row 0 at the top."
    if inputs["resize"] is not None:
        lines.append(
            f"It was measured on the centre of images whose shorter side was {inputs['resize']} pixels."
        )
    elif inputs["content_hw"] != inputs["size_hw"]:
        height, width = inputs["content_hw"]
        lines.append(f"The image proper is {height} × {width} pixels, with black around it.")
    return " ".join(lines)


def _training(facts: Mapping[str, Any], run: Run) -> str:
    experiment, results, versions = facts["experiment"], facts["results"], facts["versions"]
    environment = run.read_json("environment.json") or {}
    blocks = {name: _options(experiment[name]) for name in ("model", "optimizer", "objective")}
    epochs = f"{round(results['epochs'], 2):g} epochs"
    rows = {
        "model": blocks["model"],
        "upgrades": _options(experiment["upgrades"]),
        "dataset": experiment["data"]["name"],
        "distortion": _options(experiment["distortion"]),
        "optimizer": blocks["optimizer"],
        "objective": blocks["objective"],
        "length": f"{results['steps']:,} steps of {experiment['batch_size']} images, {epochs}",
        "time": f"{results['train_seconds']:,.0f} s on {environment.get('gpu') or environment.get('processor')}",
        "seed": experiment["seed"],
        "made with": f"spatialvision {versions['spatialvision']}, commit {versions['commit']}, "
        f"PyTorch {(versions['packages'] or {}).get('torch')}",
    }
    lines = [f"| {name} | {value} |" for name, value in rows.items() if value not in (None, "")]
    question = experiment["about"]["question"]
    return "\n".join(
        [*([f"Trained to answer: {question}\n"] if question else []), "| | |", "|---|---|", *lines]
    )


def _options(block: Mapping[str, Any] | None) -> str:
    return "" if not block else f"`{json.dumps(block, ensure_ascii=False)}`".replace("|", "\\|")


def _results(facts: Mapping[str, Any], run: Run) -> str:
    rows = [
        "| split | images | accuracy, % | 95 % interval | calibration error |",
        "|---|---:|---:|---:|---:|",
    ]
    for split, measured in facts["results"]["splits"].items():
        found = binomtest(measured["correct"], measured["images"]).proportion_ci(0.95, "wilson")
        more = run.read_json(f"evaluation/{split}/accuracy.json") or {}
        error = more.get("calibration_error")
        rows.append(
            f"| {split} | {measured['images']:,} | {100 * measured['accuracy']:.2f} | "
            f"{100 * found.low:.2f}–{100 * found.high:.2f} | {'–' if error is None else f'{error:.4f}'} |"
        )
    return "\n".join(
        [
            *rows,
            "",
            "The final weights. The interval is Wilson's, over images; another seed is another model.",
        ]
    )


def _limits(facts: Mapping[str, Any]) -> str:
    name, count = facts["inputs"]["name"], len(facts["inputs"]["class_names"])
    lines = [
        f"- It is for images like those of `{name}`, on which alone it was trained and measured. How often it is right "
        "elsewhere is not known.",
        f"- Every image gets one of the {count:,} classes, also where it shows none of them.",
        "- Probabilities are the softmax of the logits, as far from the truth as the calibration error says.",
    ]
    if facts["experiment"]["distortion"] is not None:
        lines.append("- It was measured on images distorted as in the table above, not on plain ones.")
    return "\n".join(lines)
