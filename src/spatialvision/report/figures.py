"""All figures of a run."""

from pathlib import Path

from spatialvision.report.attention import draw_attention
from spatialvision.report.confusion import draw_confusion
from spatialvision.report.diagram import draw_diagram
from spatialvision.report.equivariance import draw_equivariance
from spatialvision.report.groups import Group
from spatialvision.report.learning_curve import draw_learning_curve
from spatialvision.report.puzzle import draw_puzzle, draw_puzzle_pictures
from spatialvision.report.records import Record
from spatialvision.report.robustness import draw_robustness
from spatialvision.report.sampler import draw_sampler
from spatialvision.runs.directory import Run


def draw_figures(run: Run) -> list[Path]:
    """Draw whatever the run's files allow, into ``figures/``, and return the pictures' paths.

    Drawn are the model's diagram, the learning curve, and for every evaluated split the confusion matrix, for
    models with a spatial transformer the sampler's picture, beside its arrays what the model looks at and what it
    makes of shuffled images, and the curves of accuracy and of the transformer over how images were warped, of
    accuracy over how patches were moved.

    Raises:
        StorageError: the disk is full, or the folder read-only.
    """
    splits = sorted(folder.name for folder in (run.path / "evaluation").glob("*") if folder.is_dir())
    drawn = [draw_diagram(run), draw_learning_curve(run)]
    group, figures = Group(run.recipe, run.recipe, (Record(run),)), run.path / "figures"
    for split in splits:
        drawn += [draw_confusion(run, split), draw_sampler(run, split), draw_attention(run, split)]
        drawn += [draw_puzzle_pictures(run, split), draw_puzzle(run, split)]
        drawn += [
            draw_robustness([group], split, figures / f"robustness-{split}.png"),
            draw_equivariance([group], split, figures / f"equivariance-{split}.png"),
        ]
    return [path for path in drawn if path is not None]
