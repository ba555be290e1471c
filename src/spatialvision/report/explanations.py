"""The notes below a comparison: how it was judged, under which conditions, and what was left out."""

from collections.abc import Sequence
from typing import Any

from spatialvision.report.angles import angle_note
from spatialvision.report.differences import harmless_differences, short_commit
from spatialvision.report.groups import Group
from spatialvision.report.judgement import SIGNIFICANT
from spatialvision.report.table import Row


def notes(
    groups: Sequence[Group], baseline: Group, rows: Sequence[Row], split: str, left_out: Sequence[str]
) -> tuple[str, ...]:
    """What a reader must know to read the table right."""
    lines = [f"Final weights of each run, {split} images.", *explanations(rows, baseline.label)]
    lines += [f"{row['group']}: {row['seeds_note']}" for row in rows if row["seeds_note"]]
    for row in rows:
        if row["theta_angle_correlations"]:
            lines.append(angle_note(row["group"], row["theta_angle_correlations"]))
    reported = [(row["reported_percent"], group) for row, group in zip(rows, groups, strict=True)]
    said = [group.about("reported_note") for value, group in reported if value is not None]
    lines += [f"Reported: {note}." for note in dict.fromkeys(said) if note]
    lines += [f"Trained with {made}." for made in dict.fromkeys(circumstances(groups))]
    lines += [f"Differs, without harm: {line}" for line in harmless_differences(groups)]
    return (*lines, *(f"Left out: {line}" for line in left_out))


def explanations(rows: Sequence[Row], baseline: str) -> list[str]:
    """How the intervals and p-values that the table shows came about, and what they answer."""
    seeds, images = (any(row[f"{name}_p"] is not None for row in rows) for name in ("seeds", "images"))
    several, single = (any((row["n"] > 1) is wanted for row in rows) for wanted in (True, False))
    methods = dict.fromkeys(row["seeds_test"] for row in rows if row["seeds_test"])
    by_image = "a randomisation test on the means over seeds" if several else "McNemar's exact test"
    lines = [
        (several, "Mean: ± is its 95 % interval over seeds (Student's t)."),
        (
            single,
            "1 seed: ± is the 95 % interval over images (bootstrap); how far another seed would be off is unknown.",
        ),
        (
            len(rows) > 1,
            f"Difference: to {baseline}, with its 95 % interval, not corrected for several rows.",
        ),
        (seeds, f"p, seeds: would another seed change it? By {'; '.join(methods)}."),
        (
            images,
            "p, images: would other test images change it? The trained networks as they are, paired image by image, by "
            f"{by_image}.",
        ),
        (
            seeds or images,
            f"Both p: corrected for the table's comparisons (Holm). Verdict: {SIGNIFICANT:g} decides, over seeds where "
            "both sides have two or more.",
        ),
    ]
    return [line for wanted, line in lines if wanted]


def circumstances(groups: Sequence[Group]) -> list[str]:
    """Commit, PyTorch and hardware of every run that wrote them down."""
    found: list[dict[str, Any]] = [record.environment for group in groups for record in group.records]
    return [
        f"commit {short_commit(each['commit'])}, PyTorch {each['packages']['torch']}, "
        f"{each['gpu'] or each['processor']}, {each['threads']} threads"
        for each in found
        if each
    ]
