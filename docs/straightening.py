"""How much bend a spatial transformer undoes: ``python docs/straightening.py RUN``, a run on the set `elastic`.

Prints, for what the images show and for what the classifier behind the transformer sees, how far the content is from an
affine map of the undistorted image: root mean square over the middle half of all test images, in pixels.
"""

import sys
from pathlib import Path

import torch
from torch import Tensor

from spatialvision.config.experiment import Experiment
from spatialvision.data.distortion import fixed_keys
from spatialvision.data.distortions.elastic import Elastic
from spatialvision.data.root import default_data_root
from spatialvision.evaluate.evaluate import load_run_model
from spatialvision.evaluate.load import load_data
from spatialvision.evaluate.sampler import look
from spatialvision.evaluate.subject import make_subject
from spatialvision.models.protocols import HasTheta
from spatialvision.nn.grid import affine_points, sample
from spatialvision.runs.directory import Run
from spatialvision.workbench import registries


def bend_pixels(points_xy: Tensor) -> float:
    """What the best affine map of each image leaves of points (B, H, W, 2): root mean square in pixels."""
    height, width = points_xy.shape[1:3]
    middle = slice(height // 4, 3 * height // 4), slice(width // 4, 3 * width // 4)
    points = points_xy[:, *middle].flatten(1, 2) * torch.tensor([width / 2, height / 2])
    grid = affine_points(torch.eye(2, 3)[None], (height, width))[0, *middle].flatten(0, 1)
    affine = torch.cat([grid, torch.ones(len(grid), 1)], dim=1).expand(len(points), -1, -1)
    left = points - affine @ torch.linalg.lstsq(affine, points).solution
    return left.square().sum(dim=2).mean().sqrt().item()


@torch.inference_mode()
def main(path: Path) -> None:
    """Print the bend before and behind the transformer of a finished run."""
    registries()
    run = Run(path)
    experiment = Experiment.model_validate(run.experiment)
    data = load_data(experiment, default_data_root(), offline=True)
    model = load_run_model(run, experiment, data.dataset, "cpu")
    subject = make_subject(run, experiment, data, "test", model)
    assert isinstance(data.distortion, Elastic), "expected a run on distortion.name=elastic"
    assert isinstance(model, HasTheta), "expected a model with a spatial transformer"
    shown = data.distortion.points_xy(fixed_keys(data.distortion, subject.split), data.dataset.size_hw)
    points, _ = look(model, subject.loader.batch(torch.arange(len(subject.split)), epoch=0).images)
    seen = sample(shown.permute(0, 3, 1, 2), points, padding="border").permute(0, 2, 3, 1)
    print(f"bend of what the images show: {bend_pixels(shown):.2f} pixels")
    print(f"bend of what the classifier sees: {bend_pixels(seen):.2f} pixels")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
