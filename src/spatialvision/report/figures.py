"""All figures of a run."""

from pathlib import Path

from spatialvision.report.confusion import draw_confusion
from spatialvision.report.diagram import draw_diagram
from spatialvision.report.learning_curve import draw_learning_curve
from spatialvision.report.sampler import draw_sampler
from spatialvision.runs.directory import Run


def draw_figures(run: Run) -> list[Path]:
    """Draw whatever the run's files allow, into ``figures/``, and return the pictures' paths.

    Drawn are the model's diagram, the learning curve, and for every evaluated split the confusion matrix and,
    for models with a spatial transformer, the sampler's picture.

    Raises:
        StorageError: the disk is full, or the folder read-only.
    """
    splits = sorted(folder.name for folder in (run.path / "evaluation").glob("*") if folder.is_dir())
    drawn = [draw_diagram(run), draw_learning_curve(run)]
    for split in splits:
        drawn += [draw_confusion(run, split), draw_sampler(run, split)]
    return [path for path in drawn if path is not None]
