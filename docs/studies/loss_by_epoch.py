"""Why does the training loss fall suddenly after each epoch? Run: python docs/studies/loss_by_epoch.py

Trains ResNet-18 of the family `cifar100` on 2,560 images of Fashion-MNIST, with and without reshuffling, with and
without augmentation, three seeds each, keeps the loss of every image of every step, and writes ``loss_by_epoch.md``,
``.json`` and ``.png`` to results/cifar100. Finished runs are not trained again.
"""

import argparse
from pathlib import Path
from statistics import fmean

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor, nn

from spatialvision import Run, load_recipe, register_dataset, register_objective, train
from spatialvision.data import ImageDataset, load_dataset
from spatialvision.data.loader import Batch
from spatialvision.report.saving import save_figure
from spatialvision.report.statistics.estimate import Estimate
from spatialvision.report.statistics.student import paired_difference
from spatialvision.report.table import MISSING, Column, Row, Table, text
from spatialvision.runs.storage import write_text
from spatialvision.training.objectives import CrossEntropy, Objective

IMAGES, HELD_OUT, EPOCHS, SEEDS = 2560, 500, 10, (0, 1, 2)
EPOCH = IMAGES // 128  # steps
WINDOW = 5  # steps on either side of a moment, and between two measurements of the held-out images
RESOLUTION = 1e-4  # losses are told to four places
SEEN = "seen.npz"
SETTINGS = (
    "data.name=some_fashion_mnist",
    "objective.name=recorded_cross_entropy",
    f"steps={EPOCH * EPOCHS}",
    "schedule.name=constant",
    "log.every.steps=1",
    "evaluation.splits=[test]",
    f"evaluation.every.steps={WINDOW}",
    "checkpoint.every.share=1",
    "precision=bfloat16",
    "threads=1",
)
# One epoch that goes through its order again and again is many in the same order.
SAME_ORDER = f"data.epoch_images={IMAGES * EPOCHS}"
ARMS = {
    "reshuffled": ("cifar100/resnet18",),
    "same order": ("cifar100/resnet18", SAME_ORDER),
    "reshuffled, augmented": ("cifar100/resnet18-aug",),
    "same order, augmented": ("cifar100/resnet18-aug", SAME_ORDER),
}

recorded: list[tuple[Tensor, Tensor]] = []
"""Positions and losses of the images of each step of the run at hand."""


@register_dataset
def some_fashion_mnist(data_root: Path, offline: bool) -> ImageDataset:
    """The first images of Fashion-MNIST's two splits."""
    whole = load_dataset("fashion_mnist", {}, data_root, offline)
    train, test = whole.train.select(torch.arange(IMAGES)), whole.test.select(torch.arange(HELD_OUT))
    return ImageDataset("some_fashion_mnist", train, test, whole.class_names)


@register_objective
def recorded_cross_entropy() -> Objective:
    """Cross-entropy that also keeps each training image's loss, as it is before the step that learns from it."""
    plain = CrossEntropy(label_smoothing=0.0)

    def objective(model: nn.Module, batch: Batch) -> dict[str, Tensor]:
        values = plain(model, batch)
        recorded.append((batch.indices, values["loss"].detach()))
        return values

    return objective


def trained(arm: str, seed: int, runs_dir: Path) -> Run:
    """The finished run, with ``seen.npz``: ``index`` and ``loss`` (steps, batch)."""
    recipe = load_recipe(*ARMS[arm], *SETTINGS, f"seed={seed}")
    path = runs_dir / recipe.recipe / recipe.run_name
    if not (path / SEEN).is_file():
        recorded.clear()
        train(recipe, runs_dir=runs_dir, overwrite=path.exists(), rows=False)
        index, loss = (torch.stack(each).numpy() for each in zip(*recorded, strict=True))
        np.savez(path / SEEN, index=index, loss=loss)
    return Run(path)


def ages(index: np.ndarray) -> np.ndarray:
    """Steps since each image was last seen (steps, batch); 0 at its first time.

    Args:
        index: (steps, batch), the images of each step.
    """
    last = np.full(index.max() + 1, -1)
    found = np.zeros_like(index)
    for step, images in enumerate(index):
        found[step] = np.where(last[images] < 0, 0, step - last[images])
        last[images] = step
    return found


def fall(loss: np.ndarray, moment: int) -> float:
    """Mean loss (steps,) of the steps before a moment less that of those after it."""
    return float(loss[moment - WINDOW : moment].mean() - loss[moment : moment + WINDOW].mean())


def falls(loss: np.ndarray, first: int = 2) -> tuple[float, float]:
    """The mean fall of a loss (steps,) at boundaries from the ``first`` on, and half-way through epochs beside them."""
    boundaries, half = range(first * EPOCH, EPOCH * EPOCHS, EPOCH), EPOCH // 2
    beside = [(fall(loss, each - half) + fall(loss, each + half)) / 2 for each in boundaries]
    return fmean(fall(loss, each) for each in boundaries), fmean(beside)


def losses_of(run: Run) -> np.ndarray:
    """The mean loss of each step's images (steps,)."""
    with np.load(run.path / SEEN) as arrays:
        return arrays["loss"].mean(axis=1)


def held_out(run: Run) -> np.ndarray:
    """The loss on held-out images (steps,), each measurement standing for the steps that follow it."""
    measured = {row["step"]: row["loss"] for row in run.metrics("test")}
    return np.array([measured[max(WINDOW, step - step % WINDOW)] for step in range(EPOCH * EPOCHS)])


def within_batches(run: Run) -> tuple[np.ndarray, np.ndarray]:
    """Age in epochs and loss of each image seen before, both less their means in its batch; flat."""
    with np.load(run.path / SEEN) as arrays:
        age, loss = ages(arrays["index"])[EPOCH:] / EPOCH, arrays["loss"][EPOCH:]
    return (age - age.mean(1, keepdims=True)).ravel(), (loss - loss.mean(1, keepdims=True)).ravel()


def rise(run: Run) -> float:
    """By how much the loss rises with each epoch since an image was last seen; NaN where that is always the same."""
    age, loss = within_batches(run)
    return float(age @ loss / (age @ age)) if age.any() else float("nan")


def sudden(losses: list[np.ndarray], first: int = 2) -> list[float]:
    """The fall at the boundaries less that half-way, of each seed's loss (steps,)."""
    return [at - beside for at, beside in (falls(loss, first) for loss in losses)]


def from_zero(values: list[float]) -> dict[str, float] | None:
    """The mean of values, one a seed, with its interval and p; None if there are none."""
    zeros = [0.0] * len(values)
    return None if np.isnan(values).any() else paired_difference(values, zeros, RESOLUTION)._asdict()


def arm_row(arm: str, runs: list[Run], reshuffled: list[float]) -> Row:
    """An arm's numbers, by seed and as means with intervals; what ``reshuffled`` fell suddenly for comparison."""
    losses = list(map(losses_of, runs))
    at, beside = zip(*map(falls, losses), strict=True)
    unseen, own = list(map(held_out, runs)), sudden(losses)
    return {
        "arm": arm,
        "seeds": list(SEEDS),
        "fall_at_boundary": list(at),
        "fall_half_way": list(beside),
        "sudden": from_zero(own),
        "against_reshuffled": None if own == reshuffled else from_zero(list(np.subtract(own, reshuffled))),
        "held_out": from_zero(sudden(unseen, first=3)),
        "held_out_as_planned": from_zero(sudden(unseen)),
        "rise_an_epoch": from_zero([rise(run) for run in runs]),
        "last_loss": [float(loss[-EPOCH:].mean()) for loss in losses],
    }


def estimate(key: str) -> Column:
    """A column of means with half of their 95 % intervals and p."""
    headings = {
        "sudden": "sudden fall",
        "against_reshuffled": "… less that of reshuffled",
        "held_out": "… of the held-out loss",
        "rise_an_epoch": "rise an epoch unseen",
    }

    def cell(row: Row) -> str:
        if row[key] is None:
            return MISSING
        found = Estimate(**row[key])
        return f"{found.difference:+.3f} ± {(found.high - found.low) / 2:.3f}, p {found.p:.3f}"

    return Column(headings[key], cell)


def mean_of(key: str, heading: str) -> Column:
    """A column of means over seeds."""
    return Column(heading, lambda row: f"{fmean(row[key]):.3f}")


def as_table(rows: list[Row]) -> Table:
    """A row an arm."""
    columns = (
        Column("arm", text("arm"), right=False),
        mean_of("fall_at_boundary", "fall at the boundary"),
        mean_of("fall_half_way", "half-way"),
        *map(estimate, ("sudden", "against_reshuffled", "held_out", "rise_an_epoch")),
        mean_of("last_loss", "loss in the last epoch"),
    )
    notes = (
        f"Cross-entropy in nats; means over {len(SEEDS)} seeds, ± half of the 95 % interval (Student's t).",
        "Sudden fall: at the boundary less half-way through the epochs beside it, from the second boundary on; of the "
        "held-out loss from the third, as before it is not settled (BatchNorm's running statistics lag).",
        "Rise: with each epoch since an image was last seen, inside batches, so at equal weights; in the same order it "
        "is always one epoch.",
    )
    return Table("the fall of the loss after an epoch", columns, tuple(rows), notes)


def draw(runs: dict[str, list[Run]], path: Path) -> None:
    """Training loss by step, and the loss by the time since an image was last seen."""
    figure = Figure(figsize=(11, 4.6), layout="constrained")
    by_step, by_age = figure.subplots(1, 2, width_ratios=(3, 2))
    for number, (arm, own) in enumerate(runs.items()):
        loss = np.mean(list(map(losses_of, own)), axis=0)
        by_step.plot(np.arange(EPOCH * EPOCHS) / EPOCH, loss, color=f"C{number}", label=arm)
        by_step.plot(
            np.arange(EPOCH * EPOCHS) / EPOCH,
            np.mean([held_out(run) for run in own], axis=0),
            color=f"C{number}", linestyle=":", linewidth=1,
        )  # fmt: skip
        if "same" not in arm:
            draw_ages(by_age, own, f"C{number}", arm)
    by_step.set(xlabel="epoch", ylabel="loss (dotted: on held-out images)", yscale="log", ylim=(None, 3))
    by_step.set_xticks(range(EPOCHS + 1))
    by_step.grid(axis="x", alpha=0.5)
    by_age.set(
        xlabel="epochs since an image was last seen *", ylabel="its loss *", title="* less its batch's mean"
    )
    by_age.grid(alpha=0.3)
    figure.legend(*by_step.get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize="small")
    save_figure(figure, path)


def draw_ages(axes: Axes, runs: list[Run], colour: str, label: str) -> None:
    """Mean loss by age, both less their means in the batch, in bins of a quarter of an epoch."""
    age, loss = (np.concatenate(each) for each in zip(*map(within_batches, runs), strict=True))
    bins = np.round(4 * age).astype(int)
    places = [place for place in np.unique(bins) if (bins == place).sum() >= 200]
    heights = [loss[bins == place].mean() for place in places]
    axes.plot(np.array(places) / 4, heights, marker="o", color=colour, label=label)


def main(runs_dir: Path, out: Path) -> None:
    """Train what is missing, then write table, numbers and figure."""
    runs = {arm: [trained(arm, seed, runs_dir) for seed in SEEDS] for arm in ARMS}
    reshuffled = sudden(list(map(losses_of, runs["reshuffled"])))
    table = as_table([arm_row(arm, own, reshuffled) for arm, own in runs.items()])
    write_text(out / "loss_by_epoch.md", table.markdown())
    write_text(out / "loss_by_epoch.json", table.json())
    draw(runs, out / "loss_by_epoch.png")
    print(table.markdown())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs-dir", type=Path, default=Path("runs/loss-by-epoch"))
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[2] / "results" / "cifar100")
    options = parser.parse_args()
    main(options.runs_dir, options.out)
