"""What does a differentiable warp cost? Affine, perspective and thin-plate-spline warps, ours against kornia's.

Forward and backward of warping a batch of smooth random images, with gradients for the transform and none for the
images: what a localisation network on raw images needs. Both sides start from the same maps from output to input
points in normalised coordinates: matrices (B, 2, 3) or (B, 3, 3), or where 4 × 4 control points go (B, 16, 2).

- ``ours``: `affine_points`, `perspective_points`, or the spline as one matrix product with weights that were made
  beforehand; then `sample`;
- ``ours, parametrised``: the same from the numbers of `HomographyTransform` or `ThinPlateSplineTransform`, which keep
  the map from folding; for the affine transform the numbers are the matrix;
- ``kornia, normalised``: `homography_warp`, an affine matrix with its third row; `get_tps_transform`, which solves
  for the spline, and `warp_image_tps`;
- ``kornia, pixels``: `warp_affine` or `warp_perspective`, which map input to output pixels and invert; they get such
  matrices ready made.

Bilinear, zeros beyond the image, ``align_corners=False`` throughout. That warped images agree, and the gradients
carried back to one common parametrisation too, is checked first: in float64 to 1e-9 of the values' size, and in
float32, which is measured, to 1e-3. The forms take turns, a few passes each, for many rounds, so that whatever
else the machine does meets all of them.

Run: python benchmarks/transforms.py [--rounds 15] [--passes 5] [--sizes 28 64 224] [--threads 2]
Writes benchmarks/results/transforms.json and .md.
"""

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import kornia
import torch
from kornia.geometry import transform as kornia_transform
from torch import Tensor
from torch.nn.functional import interpolate

from spatialvision.data.root import default_data_root
from spatialvision.nn import (
    AffineTransform,
    HomographyTransform,
    ThinPlateSplineTransform,
    Transform,
    affine_points,
    invert,
    perspective_points,
    sample,
)
from spatialvision.nn.matrices import square_matrix
from spatialvision.nn.thin_plate_spline import control_points, spline_weights
from spatialvision.training.environment import describe_environment
from spatialvision.training.memory import keep_freed_memory

#: Batch and channels by height and width.
SHAPES = {28: (64, 1), 64: (64, 3), 224: (16, 3)}
OURS, PARAMETRISED = "ours", "ours, parametrised"
NORMALISED, PIXELS = "kornia, normalised", "kornia, pixels"
TOLERANCES = {torch.float64: 1e-9, torch.float32: 1e-3}
RESULTS = Path(__file__).parent / "results"

Seconds = dict[str, list[float]]
"""Of one pass, by form and round."""


@dataclass(frozen=True)
class Form:
    """One way to warp.

    Args:
        inputs: the transform's parameters to what this form starts from; not measured.
        warp: images and these inputs to warped images.
    """

    inputs: Callable[[Tensor], Tensor]
    warp: Callable[[Tensor, Tensor], Tensor]


def parametrised(transform: Transform, size: int) -> Form:
    """From the parameters themselves."""
    return Form(
        lambda parameters: parameters,
        lambda images, parameters: sample(images, transform.points(parameters, (size, size))),
    )


def affine_forms(size: int) -> dict[str, Form]:
    """All that warp by an affine matrix."""
    theta, size_hw = AffineTransform().theta, (size, size)
    return {
        OURS: Form(theta, lambda images, matrix: sample(images, affine_points(matrix, size_hw))),
        NORMALISED: Form(
            lambda parameters: square_matrix(theta(parameters)),
            lambda images, matrix: kornia_transform.homography_warp(images, matrix, size_hw),
        ),
        PIXELS: Form(
            lambda parameters: in_pixels(theta(parameters), size)[:, :2],
            lambda images, matrix: kornia_transform.warp_affine(images, matrix, size_hw, align_corners=False),
        ),
    }


def perspective_forms(size: int) -> dict[str, Form]:
    """All that warp by a perspective matrix."""
    transform, size_hw = HomographyTransform(), (size, size)
    return {
        OURS: Form(
            transform.theta, lambda images, matrix: sample(images, perspective_points(matrix, size_hw))
        ),
        PARAMETRISED: parametrised(transform, size),
        NORMALISED: Form(
            transform.theta,
            lambda images, matrix: kornia_transform.homography_warp(images, matrix, size_hw),
        ),
        PIXELS: Form(
            lambda parameters: in_pixels(transform.theta(parameters), size),
            lambda images, matrix: kornia_transform.warp_perspective(
                images, matrix, size_hw, align_corners=False
            ),
        ),
    }


def in_pixels(theta: Tensor, size: int) -> Tensor:
    """From normalised output-to-input matrices to input-to-output ones (B, 3, 3) in pixels, 0 the first centre."""
    half = size / 2
    pixels = theta.new_tensor([[half, 0, half - 0.5], [0, half, half - 0.5], [0, 0, 1]])
    return pixels @ invert(square_matrix(theta)) @ torch.linalg.inv(pixels)


def spline_forms(size: int) -> dict[str, Form]:
    """All that warp by a spline through 4 × 4 control points."""
    transform, control = ThinPlateSplineTransform(), control_points(4)
    identity = affine_points(torch.eye(2, 3, dtype=torch.float64)[None], (size, size))
    exact = spline_weights(control, identity.view(-1, 2)).mT.contiguous()
    ready = {dtype: (exact.to(dtype), identity.to(dtype)) for dtype in TOLERANCES}
    centres = {dtype: control.to(dtype) for dtype in TOLERANCES}

    def ours(images: Tensor, displaced: Tensor) -> Tensor:
        weights, centre = ready[displaced.dtype]
        displacement = (displaced - centres[displaced.dtype]).mT.flatten(0, 1) @ weights
        return sample(images, centre + displacement.view(-1, 2, size, size).permute(0, 2, 3, 1))

    def theirs(images: Tensor, displaced: Tensor) -> Tensor:
        centre = centres[displaced.dtype].expand_as(displaced)
        weights = kornia_transform.get_tps_transform(centre, displaced)
        return kornia_transform.warp_image_tps(images, centre, *weights)

    return {
        OURS: Form(transform.theta, ours),
        PARAMETRISED: parametrised(transform, size),
        NORMALISED: Form(transform.theta, theirs),
    }


TRANSFORMS: dict[str, tuple[Transform, Callable[[int], dict[str, Form]]]] = {
    "affine": (AffineTransform(), affine_forms),
    "perspective": (HomographyTransform(), perspective_forms),
    "thin-plate spline": (ThinPlateSplineTransform(), spline_forms),
}


def random_case(transform: Transform, size: int) -> tuple[Tensor, Tensor]:
    """Smooth images (B, C, size, size) and parameters (B, P) about the identity, float64."""
    batch, channels = SHAPES.get(size, (16, 3))
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(batch, channels, size // 4, size // 4, generator=generator, dtype=torch.float64)
    images = interpolate(coarse, size=(size, size), mode="bilinear")
    noise = torch.randn(batch, transform.num_parameters, generator=generator, dtype=torch.float64)
    return images, transform.identity() + 0.1 * noise


def check(forms: dict[str, Form], images: Tensor, parameters: Tensor) -> None:
    """Every form gives the first one's images and gradients."""
    upstream = images.flip(2)  # anything that is not alike everywhere
    for dtype, tolerance in TOLERANCES.items():
        found = []
        for form in forms.values():
            leaf = parameters.to(dtype).requires_grad_()
            warped = form.warp(images.to(dtype), form.inputs(leaf))
            (gradient,) = torch.autograd.grad(warped, leaf, upstream.to(dtype))
            found.append((warped.detach(), gradient / gradient.abs().max()))
        for other in found[1:]:
            torch.testing.assert_close(other, found[0], atol=tolerance, rtol=tolerance)


def forward_backward(form: Form, images: Tensor, inputs: Tensor, upstream: Tensor) -> None:
    """One pass; the gradient stops at what the form starts from."""
    leaf = inputs.detach().requires_grad_()
    form.warp(images, leaf).backward(upstream)


def measure(transform: Transform, forms: dict[str, Form], size: int, rounds: int, passes: int) -> Seconds:
    """Check that the forms agree, then let them take turns."""
    images, parameters = random_case(transform, size)
    check(forms, images, parameters)
    images, parameters = images.float(), parameters.float()
    inputs = {name: form.inputs(parameters) for name, form in forms.items()}
    upstream = torch.ones_like(images)
    found: Seconds = {name: [] for name in forms}
    for number in range(-1, rounds):  # the first to warm up
        for name, form in forms.items():
            start = time.perf_counter()
            for _ in range(passes):
                forward_backward(form, images, inputs[name], upstream)
            if number >= 0:
                found[name].append((time.perf_counter() - start) / passes)
    return found


def row(name: str, size: int, found: Seconds) -> str:
    """A line of the table: median times, and the medians over the rounds of ours over their fastest."""
    batch, channels = SHAPES.get(size, (16, 3))
    columns = (OURS, PARAMETRISED, NORMALISED, PIXELS)
    middle = {form: statistics.median(seconds) for form, seconds in found.items()}
    cells = [name, f"{batch} × {channels} × {size}²"]
    cells += [f"{1000 * middle[form]:.2f}" if form in middle else "–" for form in columns]
    fastest = found[min(set(found) - {OURS, PARAMETRISED}, key=middle.__getitem__)]
    for form in (OURS, PARAMETRISED):
        pairs = zip(found.get(form, []), fastest, strict=form in found)
        ratios = [mine / theirs for mine, theirs in pairs]
        cells.append(f"{statistics.median(ratios):.2f}" if ratios else "–")
    return f"| {' | '.join(cells)} |"


def report(found: dict[tuple[str, int], Seconds], rounds: int, passes: int) -> str:
    """A Markdown table."""
    environment = describe_environment(torch.device("cpu"), 1, default_data_root())
    heads = ["transform", "images", f"{OURS}, ms", f"{PARAMETRISED}, ms"]
    heads += [f"{NORMALISED}, ms", f"{PIXELS}, ms", "ours / kornia's faster", "parametrised / kornia's faster"]
    lines = [f"| {' | '.join(heads)} |", "|---|---|---:|---:|---:|---:|---:|---:|"]
    lines += [row(name, size, seconds) for (name, size), seconds in found.items()]
    machine = (
        f"{rounds} rounds of {passes} passes, {environment['threads']} threads, {environment['processor']}, "
        f"PyTorch {environment['packages']['torch']}, kornia {kornia.__version__}, "
        f"Python {platform.python_version()}; medians over the rounds, ratios of times: below 1 ours is faster."
    )
    return "\n".join([*lines, "", machine]) + "\n"


def main() -> None:
    """Measure, print, and write the results."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--passes", type=int, default=5, help="a turn")
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SHAPES), help="heights and widths")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder for the results")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    keep_freed_memory()
    found: dict[tuple[str, int], Seconds] = {}
    for name, (transform, forms) in TRANSFORMS.items():
        for size in options.sizes:
            found[name, size] = measure(transform, forms(size), size, options.rounds, options.passes)
    text = report(found, options.rounds, options.passes)
    print(text)
    options.results.mkdir(parents=True, exist_ok=True)
    (options.results / "transforms.md").write_text(text)
    values = {f"{name} | {size}": seconds for (name, size), seconds in found.items()}
    (options.results / "transforms.json").write_text(json.dumps({"seconds": values}, indent=2) + "\n")


if __name__ == "__main__":
    main()
