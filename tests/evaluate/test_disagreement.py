"""Images of a finished run by their positions, as its model met them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spatialvision import Run
from spatialvision.errors import RecipeError
from spatialvision.evaluate.disagreement import images_at


@pytest.mark.parametrize("split", ["test", "validation"])
def test_they_are_those_that_the_model_met(finished: Run, subject: Any, split: str, tmp_path: Path) -> None:
    positions = np.array([5, 0, 17])
    found = images_at(finished, split, positions, tmp_path)
    assert found.dtype == np.uint8
    assert (found == subject(split).split.images[positions].numpy()).all()


def test_what_another_version_wrote_is_refused(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", "made/by-test", {"unheard_of": 1})
    with pytest.raises(RecipeError, match="its experiment cannot be read by this version"):
        images_at(run, "test", np.array([0]), tmp_path)


def test_another_split_is_refused(finished: Run, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="has no split 'tset'; it has train, validation, test"):
        images_at(finished, "tset", np.array([0]), tmp_path)
