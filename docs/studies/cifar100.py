"""The findings of the original study `cifar100`, each tested on runs. Run: python docs/studies/cifar100.py

Reads the runs below results/cifar100 (or ``--runs FOLDER``) and writes ``claims`` and ``recipes``, each as ``.md``,
``.csv`` and ``.json``, there (or to ``--out FOLDER``). What is measured for each finding, and why, stands in
docs/studies/cifar100.md.
"""

import argparse
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import numpy as np
from scipy.stats import kendalltau

from spatialvision.config.recipe import shipped_recipes
from spatialvision.config.resolving import resolve
from spatialvision.report.cells import p_text
from spatialvision.report.compare import write_table
from spatialvision.report.groups import Group
from spatialvision.report.judgement import direction
from spatialvision.report.pairing import pair
from spatialvision.report.records import Record, find_records
from spatialvision.report.selection import comparable
from spatialvision.report.statistics.bootstrap import RESAMPLES, SEED
from spatialvision.report.statistics.estimate import CONFIDENCE, Estimate
from spatialvision.report.statistics.holm import holm
from spatialvision.report.statistics.student import paired_difference
from spatialvision.report.table import MISSING, Column, Row, Table, number, text

STUDY = Path(__file__).parents[2] / "results" / "cifar100"
VITN = "vitn-12x256-8x8"
UNDECIDED, UNSHOWN = "not decided at this length", "no difference shown"
LOWER = {"lower": "holds", "higher": "the opposite"}
HIGHER = {"higher": "holds", "lower": "the opposite"}
NO_GAIN = {"higher": "does not hold", "lower": "holds", UNSHOWN: "no gain shown"}


def gap(record: Record) -> float:
    """Accuracy on the training images that are measured less accuracy on test images, in points."""
    return record.accuracy("train") - record.accuracy("test")


def test_accuracy(record: Record) -> float:
    """Of the final weights, in percent."""
    return record.accuracy("test")


def mean_training_loss(record: Record) -> float:
    """The area under the curve of the training loss, divided by the steps."""
    rows = [row for row in record.rows if row["split"] == "train"]
    spans = np.diff([0, *(row["step"] for row in rows)])
    return float(np.average([row["loss"] for row in rows], weights=spans))


def mean_tau(record: Record) -> float | None:
    """The mean of the learned temperatures; None before ``spatialvision evaluate RUN temperatures``."""
    found = record.run.read_json("evaluation/temperatures.json")
    return None if found is None else found["mean"]


@dataclass(frozen=True)
class Claim:
    """A finding about recipes against one other.

    Attributes:
        measure: the quantity of a run.
        step: the smallest difference that two of its values can have.
        recipes: each is compared with the baseline; p is corrected for their number.
        verdicts: what ``higher``, ``lower`` or ``no difference shown`` says of the finding.
    """

    finding: str
    quantity: str
    measure: Callable[[Record], float]
    step: float
    recipes: tuple[str, ...]
    baseline: str
    verdicts: Mapping[str, str]


MIXED = ("resnet18-ms1", "resnet18-ms2", "resnet18-ms3")
ACCURACY, POINT = "test accuracy, %", 0.01  # one of 10,000 images
CLAIMS = (
    Claim("MixStyle narrows the gap", "training less test accuracy, points", gap, 0.5, MIXED, "resnet18", LOWER),
    Claim(
        "relative attention converges faster", "training loss, mean over the steps", mean_training_loss, 1e-4,
        (f"{VITN}-ra",), VITN, LOWER,
    ),
    Claim("… and ends higher", ACCURACY, test_accuracy, POINT, (f"{VITN}-ra",), VITN, HIGHER),
    Claim("the diagonal mask helps a little", ACCURACY, test_accuracy, POINT, (f"{VITN}-dm",), VITN, HIGHER),
    Claim("the learned temperature does not help", ACCURACY, test_accuracy, POINT, (f"{VITN}-lt",), VITN, NO_GAIN),
)  # fmt: skip


@dataclass(frozen=True)
class Test:
    """What runs say of a finding: values by seed, and the difference or correlation that is judged."""

    finding: str
    quantity: str
    compared: str
    ours: tuple[float, ...]
    baseline: tuple[float, ...]
    estimate: Estimate | None
    verdicts: Mapping[str, str]

    def row(self, p: float | None) -> Row:
        """A line of the table, with the corrected p."""
        found = self.estimate
        shown = None if found is None or p is None else direction(found.difference, p)
        return {
            "finding": self.finding,
            "quantity": self.quantity,
            "compared": self.compared,
            "n": len(self.ours),
            "ours": list(self.ours),
            "baseline": list(self.baseline),
            "estimate": found and found.difference,
            "low": found and found.low,
            "high": found and found.high,
            "p": found and found.p,
            "p_corrected": p,
            "verdict": "not run with two seeds yet" if shown is None else self.verdicts.get(shown, UNDECIDED),
        }


def rows_of(tests: Sequence[Test]) -> list[Row]:
    """Lines of one finding, corrected for their number."""
    corrected = holm([each.estimate and each.estimate.p for each in tests])
    return [each.row(p) for each, p in zip(tests, corrected, strict=True)]


def test_of(claim: Claim, recipe: str, groups: Mapping[str, Group]) -> Test:
    """A recipe against the claim's baseline, paired by seed."""
    ours: tuple[float, ...] = ()
    others: tuple[float, ...] = ()
    if recipe in groups and claim.baseline in groups:
        pairing = pair(groups[recipe], groups[claim.baseline])
        if pairing.paired:
            ours, others = (tuple(map(claim.measure, side)) for side in (pairing.ours, pairing.baseline))
    estimate = paired_difference(ours, others, claim.step) if ours else None
    compared = f"{recipe} – {claim.baseline}"
    return Test(claim.finding, claim.quantity, compared, ours, others, estimate, claim.verdicts)


def test_of_drift(recipe: str, groups: Mapping[str, Group]) -> Test:
    """The learned temperatures against the 1 that they start from."""
    found = [mean_tau(record) for record in groups[recipe].records] if recipe in groups else []
    taus = tuple(tau for tau in found if tau is not None)
    ones = (1.0,) * len(taus)
    estimate = paired_difference(taus, ones, 1e-4) if len(taus) > 1 else None
    quantity = "τ, mean over the layers"
    return Test(
        "the learned temperature drifts below 1", quantity, f"{recipe} – 1", taus, ones, estimate, LOWER
    )


def test_of_order(pairs: Sequence[tuple[float, float]], whose: str, undecided: str) -> Test:
    """Kendall's rank correlation of training and test accuracies, (training, test) a recipe; bootstrap over recipes."""
    values, estimate = np.array(pairs).reshape(-1, 2), None
    if len(values) > 2:
        generator = np.random.default_rng(SEED)
        draws = generator.integers(0, len(values), (RESAMPLES, len(values)))
        taus = np.array([kendalltau(*values[draw].T).statistic for draw in draws])
        low, high = np.nanquantile(taus, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
        found = kendalltau(*values.T)
        estimate = Estimate(float(found.statistic), float(low), float(high), float(found.pvalue))
    training, test = (tuple(column.tolist()) for column in values.T)
    quantity = "Kendall's τ of training and test accuracy"
    finding = "training and test accuracy are inversely ordered"
    return Test(finding, quantity, whose, training, test, estimate, {**LOWER, UNSHOWN: undecided})


def reported() -> list[tuple[float, float]]:
    """The original's own numbers, as far as it reported both."""
    abouts = [resolve(name).experiment.about for name in shipped_recipes() if name.startswith("cifar100/")]
    found = [(about.reported_train, about.reported) for about in abouts]
    return [(train, test) for train, test in found if train is not None and test is not None]


def groups_of_one_length(groups: Sequence[Group]) -> dict[str, Group]:
    """The family's groups by recipe, those of the number of steps that most have; ``strong`` is not one of it."""
    groups = [group for group in groups if group.recipe != "cifar100/strong"]
    usual = Counter(group.fields["steps"] for group in groups).most_common(1)[0][0]
    return {group.recipe.partition("/")[2]: group for group in groups if group.fields["steps"] == usual}


def claims(groups: Mapping[str, Group]) -> Table:
    """All findings, a row a comparison."""
    rows = [
        row for claim in CLAIMS for row in rows_of([test_of(claim, each, groups) for each in claim.recipes])
    ]
    rows += rows_of([test_of_drift(f"{VITN}-lt", groups)])
    means = [
        (
            fmean(record.accuracy("train") for record in group.records),
            fmean(map(test_accuracy, group.records)),
        )
        for group in groups.values()
    ]
    rows += rows_of([test_of_order(means, f"our {len(means)} recipes", UNDECIDED)])
    published = f"the original's {len(reported())} pairs of numbers, on CIFAR-100"
    rows += rows_of([test_of_order(reported(), published, "not decided by them")])
    columns = (
        Column("finding", text("finding"), right=False),
        Column("quantity", text("quantity"), right=False),
        Column("compared", text("compared"), right=False),
        Column("n", number("n", "d")),
        Column("found", estimate_text),
        Column("p", p_text("p_corrected")),
        Column("verdict", text("verdict"), right=False),
    )
    return Table(title(groups), columns, tuple(rows), NOTES)


NOTES = (
    "Final weights of each run; the training accuracy is that of the first 200 training images, not augmented.",
    "Found: the mean difference over seeds with its 95 % interval (paired by seed, Student's t), n seeds; or the rank "
    "correlation over n recipes, of means over their seeds, with its 95 % interval (bootstrap over recipes).",
    "p: of no difference, no correlation or no drift; of several recipes for one finding, corrected (Holm). "
    "Verdict: 0.05 decides.",
)


def title(groups: Mapping[str, Group]) -> str:
    """What the runs are."""
    fields = next(iter(groups.values())).fields
    return f"the findings on {fields['data.name']}, {fields['steps']:,} steps"


def estimate_text(row: Row) -> str:
    """``-1.25 (-2.00 to -0.50)``."""
    if row["estimate"] is None:
        return MISSING
    return f"{row['estimate']:+.3f} ({row['low']:+.3f} to {row['high']:+.3f})"


def recipes(groups: Sequence[Group]) -> Table:
    """A row a recipe, means over its seeds, beside what the original reported; the best on test images first."""
    rows = sorted(
        (recipe_row(group) for group in groups), key=lambda row: (-row["steps"], -row["test_percent"])
    )
    columns = (
        Column("recipe", text("recipe"), right=False),
        Column("steps", number("steps", ",")),
        Column("seeds", number("n", "d")),
        Column("training, %", number("train_percent", ".2f")),
        Column("test, %", number("test_percent", ".2f")),
        Column("reported training, %", number("reported_train_percent", ".2f")),
        Column("reported test, %", number("reported_percent", ".2f")),
    )
    notes = (
        "Final weights, means over seeds; training: the first 200 training images, not augmented.",
        "Reported: on CIFAR-100, 5,000 steps, the best of 50 measurements, so the test column's was chosen on the test "
        "set; one run; resnet18-aug's training images were augmented.",
    )
    data = groups[0].fields["data.name"]
    return Table(f"the family on {data}", columns, tuple(rows), notes)


def recipe_row(group: Group) -> Row:
    """A group's accuracies, and what is reported for its recipe."""
    shipped, steps = resolve(group.recipe).experiment, group.records[0].results["steps"]
    about, averaged = shipped.about, group.fields.get("ema") == shipped.ema
    trained = [record.accuracy("train") for record in group.records if record.measured("train")]
    return {
        "recipe": group.recipe.partition("/")[2] + ("" if averaged else ", not averaged"),
        "steps": steps,
        "n": len(group.records),
        "train_percent": fmean(trained) if trained else None,
        "test_percent": fmean(map(test_accuracy, group.records)),
        "reported_train_percent": about.reported_train,
        "reported_percent": about.reported,
    }


def main(runs: Path, out: Path) -> None:
    """Test, write and print."""
    groups, _ = comparable(find_records([runs], Path("runs")), "test")
    for name, table in {"recipes": recipes(groups), "claims": claims(groups_of_one_length(groups))}.items():
        write_table(table, out / name)
        print(table.markdown())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=Path, default=STUDY / "runs")
    parser.add_argument("--out", type=Path, default=STUDY)
    options = parser.parse_args()
    main(options.runs, options.out)
