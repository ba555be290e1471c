"""What a group of runs costs, as far as its runs wrote it down."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from spatialvision.report.groups import Group
from spatialvision.report.records import Record


@dataclass(frozen=True)
class Cost:
    """A kind of cost; less is better.

    Attributes:
        key: its name in a table's rows.
        heading: with the unit, as people read it.
        form: how a value is shown.
        of: a run's value, None where it is not known.
        measured_on: what must be equal for two values to be comparable; () where nothing matters.
    """

    key: str
    heading: str
    form: str
    of: Callable[[Record], float | None]
    measured_on: Callable[[Record], tuple[Any, ...]] = lambda record: ()


def latency_ms(record: Record) -> float | None:
    """Median time of a single image, in milliseconds."""
    single = [row for row in record.cost.get("forward", []) if row["batch_size"] == 1]
    return 1000 * single[0]["median_seconds"] if single else None


def training_machine(record: Record) -> tuple[Any, ...]:
    """The hardware and its use, on which training seconds depend."""
    names = ("processor", "gpu", "threads", "processes")
    return tuple(record.environment.get(name) for name in names)


def evaluating_machine(record: Record) -> tuple[Any, ...]:
    """The same for the evaluator's timings."""
    found = record.cost
    return tuple(found.get(name) for name in ("device_name", "threads", "precision", "memory_format"))


COSTS = (
    Cost("parameters", "parameters", ",.0f", lambda record: record.results["parameters"]),
    Cost("multiply_adds", "multiply-adds", ",.0f", lambda record: record.cost.get("multiply_adds")),
    Cost("latency_ms", "latency, ms", ".3f", latency_ms, evaluating_machine),
    Cost(
        "train_seconds",
        "training, s",
        ".1f",
        lambda record: record.results["train_seconds"],
        training_machine,
    ),
)


def group_cost(group: Group, cost: Cost) -> float | None:
    """The mean over the group's runs that know it, None if none does."""
    known = [value for record in group.records if (value := cost.of(record)) is not None]
    return fmean(known) if known else None


def on_one_machine(groups: list[Group], cost: Cost) -> bool:
    """Whether all runs were measured under the same conditions, as far as these matter."""
    return len({cost.measured_on(record) for group in groups for record in group.records}) == 1
