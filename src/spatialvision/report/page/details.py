"""Each run of the page: its accuracy, the resolved experiment, the environment, and how to run it again."""

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import yaml

from spatialvision.report.differences import short_commit
from spatialvision.report.groups import Group
from spatialvision.report.records import Record
from spatialvision.runs.collecting import public_environment
from spatialvision.runs.directory import EXPERIMENT

#: The command that trains a run again; None where no command of this version does.
Rerun = Callable[[Record], str | None]


@dataclass(frozen=True)
class Details:
    """A run as the page shows it; texts are empty where nothing was written."""

    group: str
    seed: int
    accuracy: str
    path: str
    rerun: str
    recorded: str
    environment: str
    experiment: str


def run_details(groups: Sequence[Group], split: str, rerun: Rerun) -> list[Details]:
    """All runs, group by group."""
    return [details(group, record, split, rerun) for group in groups for record in group.records]


def details(group: Group, record: Record, split: str, rerun: Rerun) -> Details:
    """One run."""
    environment = public_environment(record.environment) if record.environment else {}
    command = environment.pop("command", [])
    commit = environment.get("commit")
    again = rerun(record)
    lines = [f"git checkout {short_commit(commit).partition('+')[0]}"] if again and commit else []
    return Details(
        group.label,
        record.seed,
        f"{record.accuracy(split):.2f} %",
        str(record.path),
        "\n".join([*lines, again]) if again else "",
        shlex.join(["spatialvision", *command[1:]]),
        yaml.safe_dump(environment, sort_keys=False, allow_unicode=True) if environment else "",
        (record.path / EXPERIMENT).read_text("utf-8"),
    )
