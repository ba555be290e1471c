"""Which runs of two groups are compared: seed with the same seed where there are such."""

from dataclasses import dataclass

from spatialvision.report.groups import Group
from spatialvision.report.records import Record


@dataclass(frozen=True)
class Pairing:
    """The runs of a group and of the baseline that answer whether the two differ.

    Attributes:
        paired: whether the runs are the same seeds, at least two, in the same order.
        note: seeds that had to be left out, or why there are no pairs; empty where there is nothing to say.
    """

    ours: tuple[Record, ...]
    baseline: tuple[Record, ...]
    paired: bool
    note: str = ""

    @property
    def several_seeds(self) -> bool:
        """Whether both sides have what a scatter over seeds can be seen in."""
        return min(len(self.ours), len(self.baseline)) > 1

    @property
    def method(self) -> str | None:
        """The test over seeds, None where a side has a single one."""
        if not self.several_seeds:
            return None
        if self.paired:
            return f"paired t, {len(self.ours)} seeds"
        return f"Welch's t, {len(self.ours)} and {len(self.baseline)} seeds"


def pair(group: Group, baseline: Group) -> Pairing:
    """The seeds that both groups have if these are two or more; else all runs of both, unpaired."""
    ours = {record.seed: record for record in group.records}
    others = {record.seed: record for record in baseline.records}
    common = sorted(ours.keys() & others.keys())
    if len(common) > 1:
        left_out = sorted(ours.keys() ^ others.keys())
        note = f"only one side has seed {listed(left_out)}, so seeds {listed(common)} are compared"
        our_records, their_records = (tuple(side[seed] for seed in common) for side in (ours, others))
        return Pairing(our_records, their_records, paired=True, note=note if left_out else "")
    unpaired = Pairing(group.records, baseline.records, paired=False)
    if not unpaired.several_seeds:
        return unpaired
    shared = f"only seed {common[0]} is" if common else "no seed is"
    note = f"{shared} on both sides, so the seeds are compared as independent ones (Welch's t)"
    return Pairing(group.records, baseline.records, paired=False, note=note)


def listed(seeds: list[int]) -> str:
    """``0, 1, 2``."""
    return ", ".join(map(str, seeds))
