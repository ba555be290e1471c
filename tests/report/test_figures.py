"""All figures of a run."""

import subprocess
import sys
from collections.abc import Callable

import numpy as np

from spatialvision.report.figures import draw_figures
from spatialvision.runs.directory import Run


def test_an_empty_run_gives_no_figures(run: Run) -> None:
    assert draw_figures(run) == []
    assert not (run.path / "figures").exists()


def test_all_that_the_files_allow_is_drawn(
    run: Run, write_metrics: Callable, write_accuracy: Callable, write_sampler: Callable, png_size: Callable
) -> None:
    write_metrics(2)
    write_accuracy("test", 10)
    write_accuracy("validation", 10)
    write_sampler("test", 1, np.zeros((3, 5, 5, 2)))
    paths = draw_figures(run)
    names = ["learning_curve.png", "confusion-test.png", "sampler-test.png", "confusion-validation.png"]
    assert [path.name for path in paths] == names
    assert sorted(path.name for path in (run.path / "figures").iterdir()) == sorted(names)
    assert all(min(png_size(path)) > 200 for path in paths)


def test_drawing_needs_no_torch_and_opens_no_window(
    run: Run, write_metrics: Callable, write_accuracy: Callable
) -> None:
    write_metrics(2)
    write_accuracy("test", 10)
    code = """
import sys
from spatialvision.report.figures import draw_figures
from spatialvision.runs.directory import Run
assert len(draw_figures(Run(sys.argv[1]))) == 2
assert "torch" not in sys.modules
from matplotlib import _pylab_helpers
assert not _pylab_helpers.Gcf.figs
"""
    subprocess.run([sys.executable, "-c", code, str(run.path)], check=True, timeout=120)
