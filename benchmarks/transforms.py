"""What does a differentiable warp cost? Affine, perspective and thin-plate-spline warps, ours against kornia's.

Forward and backward of warping a batch of smooth random images, with gradients for the transform and none for the
images: what a localisation network on raw images needs. Both sides start from the same maps from output to input
points in normalised coordinates: matrices (B, 2, 3) or (B, 3, 3), or where 4 × 4 control points go (B, 16, 2).

- ``ours``: `affine_points`, `perspective_points`, or the spline as one matrix product with weights that were made
  beforehand; then `sample`;
- ``ours, parametrised``: the same from the numbers of `HomographyTransform` or `ThinPlateSplineTransform`, which keep
  the map from folding; for the affine transform the numbers are the matrix;
- ``kornia homography_warp``: an affine matrix gets its third row;
- ``kornia warp_affine``, ``kornia warp_perspective``: they map input to output pixels and invert, and get such
  matrices ready made;
- ``kornia get_tps_transform``, which solves for a spline, then `warp_image_tps`, as its documentation has them;
- ``kornia warp_image_tps``: the same with the spline's weights from a system that was inverted beforehand.

Bilinear, zeros beyond the image, ``align_corners=False`` throughout. First it is checked that warped images agree,
and their gradients by one common parametrisation: in float64 to 1e-9 (to 1e-5 for splines, whose parametrisation has
constants in float32), and in float32, which is measured, to 5e-3: rounding may take a point past a pixel's centre,
where the gradient jumps. Only `get_tps_transform` is another spline: it has its kernels where the control points go,
not where they come from. It agrees at the control points and to first order in their displacements, so it is checked
at displacements of a thousandth.

The forms take turns, a few passes each, for many rounds, so that whatever else the machine does meets all of them.

Needs kornia, which the extra `test` installs.

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
from spatialvision.distributed.memory import keep_freed_memory
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
from spatialvision.nn.thin_plate_spline import control_points, spline_inverse, spline_weights
from spatialvision.training.environment import describe_environment

#: Batch and channels by height and width.
SHAPES = {28: (64, 1), 64: (64, 3), 224: (16, 3)}
OURS, PARAMETRISED = "ours", "ours, parametrised"
OTHER_SPLINE = "kornia get_tps_transform"
TOLERANCES = {torch.float64: 1e-9, torch.float32: 5e-3}
SPREAD, SMALL_SPREAD = 0.1, 1e-3
"""Of the parameters about the identity."""
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
        "kornia homography_warp": Form(
            lambda parameters: square_matrix(theta(parameters)),
            lambda images, matrix: kornia_transform.homography_warp(images, matrix, size_hw),
        ),
        "kornia warp_affine": Form(
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
        "kornia homography_warp": Form(
            transform.theta,
            lambda images, matrix: kornia_transform.homography_warp(images, matrix, size_hw),
        ),
        "kornia warp_perspective": Form(
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
    weights = spline_weights(control, identity.view(-1, 2)).mT.contiguous()
    # Kornia's kernel is r² ln r, ours r² ln r²: half of it.
    solution = spline_inverse(control) * torch.tensor([2.0] * 16 + [1.0] * 3, dtype=torch.float64)[:, None]
    ready = {
        dtype: [constant.to(dtype) for constant in (control, identity, weights, solution)]
        for dtype in TOLERANCES
    }

    def ours(images: Tensor, displaced: Tensor) -> Tensor:
        control, identity, weights, _ = ready[displaced.dtype]
        moved = ((displaced - control).mT.flatten(0, 1) @ weights).view(-1, 2, size, size)
        return sample(images, identity + moved.permute(0, 2, 3, 1))

    def solved(images: Tensor, displaced: Tensor) -> Tensor:
        control, _, _, solution = ready[displaced.dtype]
        kernel, affine = (solution @ displaced).split([16, 3], dim=1)
        return kornia_transform.warp_image_tps(images, control.expand_as(displaced), kernel, affine)

    def solving(images: Tensor, displaced: Tensor) -> Tensor:
        control = ready[displaced.dtype][0].expand_as(displaced)
        return kornia_transform.warp_image_tps(
            images, displaced, *kornia_transform.get_tps_transform(control, displaced)
        )

    return {
        OURS: Form(transform.theta, ours),
        PARAMETRISED: parametrised(transform, size),
        OTHER_SPLINE: Form(transform.theta, solving),
        "kornia warp_image_tps": Form(transform.theta, solved),
    }


TRANSFORMS: dict[str, tuple[Transform, Callable[[int], dict[str, Form]]]] = {
    "affine": (AffineTransform(), affine_forms),
    "perspective": (HomographyTransform(), perspective_forms),
    "thin-plate spline": (ThinPlateSplineTransform(), spline_forms),
}


def random_case(transform: Transform, size: int, spread: float) -> tuple[Tensor, Tensor]:
    """Smooth images (B, C, size, size) and parameters (B, P) about the identity, float64."""
    batch, channels = shape(size)
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(batch, channels, size // 4, size // 4, generator=generator, dtype=torch.float64)
    images = interpolate(coarse, size=(size, size), mode="bilinear")
    noise = torch.randn(batch, transform.num_parameters, generator=generator, dtype=torch.float64)
    return images, transform.identity() + spread * noise


def shape(size: int) -> tuple[int, int]:
    """Batch and channels for images of this height and width."""
    return SHAPES.get(size, (16, 3))


def check(transform: Transform, forms: dict[str, Form], size: int) -> None:
    """Every form gives our images and gradients, the other spline where displacements are small."""
    for dtype, tolerance in TOLERANCES.items():
        if isinstance(transform, ThinPlateSplineTransform):
            tolerance = max(tolerance, 1e-5)
        wanted = warped_and_gradient(transform, forms[OURS], size, SPREAD, dtype)
        for name, form in forms.items():
            if name != OTHER_SPLINE:
                found = warped_and_gradient(transform, form, size, SPREAD, dtype)
                torch.testing.assert_close(found, wanted, atol=tolerance, rtol=tolerance)
    if OTHER_SPLINE in forms:
        ours, theirs = (
            warped_and_gradient(transform, forms[name], size, SMALL_SPREAD, torch.float64)
            for name in (OURS, OTHER_SPLINE)
        )
        torch.testing.assert_close(theirs[0], ours[0], atol=1e-3, rtol=0)


def warped_and_gradient(
    transform: Transform, form: Form, size: int, spread: float, dtype: torch.dtype
) -> tuple[Tensor, Tensor]:
    """The warped images, and the gradient by the parameters as a share of its largest entry."""
    images, parameters = (tensor.to(dtype) for tensor in random_case(transform, size, spread))
    leaf = parameters.requires_grad_()
    warped = form.warp(images, form.inputs(leaf))
    (gradient,) = torch.autograd.grad(warped, leaf, images.flip(2))  # weights that are not alike everywhere
    return warped.detach(), gradient / gradient.abs().max()


def forward_backward(form: Form, images: Tensor, inputs: Tensor, upstream: Tensor) -> None:
    """One pass; the gradient stops at what the form starts from."""
    leaf = inputs.detach().requires_grad_()
    form.warp(images, leaf).backward(upstream)


def measure(transform: Transform, forms: dict[str, Form], size: int, rounds: int, passes: int) -> Seconds:
    """Check that the forms agree, then let them take turns."""
    check(transform, forms, size)
    images, parameters = (tensor.float() for tensor in random_case(transform, size, SPREAD))
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


def rows(name: str, size: int, found: Seconds) -> list[str]:
    """Lines of the table: median times, and the medians over the rounds of ours over theirs."""
    batch, channels = shape(size)
    lines = []
    for form, seconds in found.items():
        ratios = ["–", "–"]
        if form not in (OURS, PARAMETRISED):
            ratios = [ratio(found[mine], seconds) for mine in (OURS, PARAMETRISED) if mine in found]
        milliseconds = 1000 * statistics.median(seconds)
        cells = [name, f"{batch} × {channels} × {size}²", form, f"{milliseconds:.2f}", *ratios]
        lines.append(f"| {' | '.join(cells[:6] + ['–'] * (6 - len(cells)))} |")
    return lines


def ratio(ours: list[float], theirs: list[float]) -> str:
    """The median over the rounds."""
    return f"{statistics.median(mine / other for mine, other in zip(ours, theirs, strict=True)):.2f}"


def report(found: dict[tuple[str, int], Seconds], rounds: int, passes: int) -> str:
    """A Markdown table."""
    environment = describe_environment(torch.device("cpu"), 1, default_data_root())
    lines = [
        "| transform | images | form | forward + backward, ms | ours / it | ours, parametrised / it |",
        "|---|---|---|---:|---:|---:|",
    ]
    for (name, size), seconds in found.items():
        lines += rows(name, size, seconds)
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
