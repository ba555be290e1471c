"""What holds for every family of warps."""

import copy
import io
import math

import pytest
import torch
from torch import Tensor, nn

from spatialvision.nn import (
    AffineTransform,
    AttentionTransform,
    HomographyTransform,
    SimilarityTransform,
    SpatialTransformer,
    ThinPlateSplineTransform,
    TranslationTransform,
    affine_points,
)

TRANSFORMS = {
    "translation": (TranslationTransform(), 2),
    "attention": (AttentionTransform(), 3),
    "similarity": (SimilarityTransform(), 4),
    "affine": (AffineTransform(), 6),
    "homography": (HomographyTransform(), 8),
    "thin_plate_spline": (ThinPlateSplineTransform(), 32),
}
UNFOLDABLE = {
    "homography": HomographyTransform(),
    "spline of 2 x 2": ThinPlateSplineTransform(2),
    "spline of 4 x 4": ThinPlateSplineTransform(4),
    "spline of 6 x 6": ThinPlateSplineTransform(6),
}
IDENTITY_POINTS = affine_points(torch.eye(2, 3)[None], (28, 28))


@pytest.fixture(params=TRANSFORMS)
def transform(request):
    return TRANSFORMS[request.param][0]


def random_parameters(transform, count: int, spread: float = 1.0, dtype=torch.float32) -> Tensor:
    """Parameters about the identity; a spline's affine part stays the identity, as it may fold by itself."""
    generator = torch.Generator().manual_seed(0)
    parameters = spread * torch.randn(count, transform.num_parameters, generator=generator, dtype=dtype)
    if isinstance(transform, ThinPlateSplineTransform):
        parameters[:, :6] = 0
    return parameters + transform.identity().to(dtype)


def small_transformer(transform, disturbed: bool = True) -> SpatialTransformer:
    torch.manual_seed(0)
    localisation = nn.Sequential(nn.Flatten(), nn.Linear(64, 5), nn.Tanh())
    module = SpatialTransformer(localisation, 5, transform)
    if disturbed:
        nn.init.normal_(module.head.weight, std=0.1)
    return module


def determinants(transform, parameters: Tensor, side: int = 64) -> Tensor:
    """Of the map's derivative at the centres of a side × side grid, by automatic differentiation in float64."""
    size_hw = (side, side)
    shift = torch.zeros(2, dtype=parameters.dtype)

    def moved(shift: Tensor) -> Tensor:
        # The points of the same map under a moved grid: for this the map is written as a function of points.
        return map_points(transform, parameters, affine_points(torch.eye(2, 3)[None], size_hw)[0] + shift)

    derivative = torch.func.jacfwd(moved)(shift)  # forwards: two directions, not a pass for each output
    return derivative[..., 0, 0] * derivative[..., 1, 1] - derivative[..., 0, 1] * derivative[..., 1, 0]


def map_points(transform, parameters: Tensor, points_xy: Tensor) -> Tensor:
    """The transform written out once more, point by point: (B, H, W, 2) of points (H, W, 2)."""
    if isinstance(transform, HomographyTransform):
        matrix = transform.theta(parameters)
        homogeneous = torch.cat([points_xy, torch.ones_like(points_xy[..., :1])], dim=-1)
        result = torch.einsum("bij,hwj->bhwi", matrix, homogeneous.to(matrix))
        return result[..., :2] / result[..., 2:]
    affine, bend = transform._parts(parameters)
    line = torch.linspace(-1, 1, transform.control_points, dtype=torch.float64)
    y, x = torch.meshgrid(line, line, indexing="ij")
    control = torch.stack([x, y], dim=-1).view(-1, 2)
    displacement = (transform.basis.double() @ bend.double().mT).to(bend)
    spline = written_out_spline(control, displacement.double(), points_xy.double())
    bent = points_xy + spline.to(points_xy)
    return torch.einsum("bij,bhwj->bhwi", affine[:, :, :2], bent) + affine[:, None, None, :, 2]


def written_out_spline(control: Tensor, values: Tensor, points: Tensor) -> Tensor:
    """Bookstein's linear system, solved anew: values (B, K, 2) at control (K, 2) to (B, H, W, 2)."""
    count = len(control)
    distance = torch.cdist(control, control)
    bending = torch.where(distance > 0, distance**2 * (distance**2).clamp_min(1e-300).log(), 0.0)
    border = torch.cat([torch.ones(count, 1, dtype=torch.float64), control], dim=1)
    system = torch.cat(
        [
            torch.cat([bending, border], dim=1),
            torch.cat([border.T, torch.zeros(3, 3, dtype=torch.float64)], dim=1),
        ]
    )
    right = torch.cat([values, torch.zeros(len(values), 3, 2, dtype=torch.float64)], dim=1)
    weights = torch.linalg.solve(system, right)
    squares = (points[..., None, :] - control).square().sum(-1)
    basis = torch.cat(
        [squares * squares.clamp_min(1e-300).log(), torch.ones_like(points[..., :1]), points], -1
    )
    return torch.einsum("hwk,bkc->bhwc", basis, weights)


@pytest.mark.parametrize("name", TRANSFORMS)
def test_it_states_its_degrees_of_freedom_and_each_is_one(name):
    """As many independent directions in which the points move from the identity as it says."""
    transform, expected = TRANSFORMS[name]
    assert transform.degrees_of_freedom == expected == transform.num_parameters

    def points(parameters: Tensor) -> Tensor:
        return transform.points(parameters[None], (9, 9)).flatten()

    slopes = torch.autograd.functional.jacobian(points, transform.identity().double())
    assert torch.linalg.matrix_rank(slopes, rtol=1e-6) == expected


def test_identity_parameters_move_nothing(transform):
    assert transform.identity().shape == (transform.num_parameters,)
    assert torch.equal(transform.points(transform.identity()[None], (28, 28)), IDENTITY_POINTS)


def test_a_transformer_starts_as_the_identity(transform):
    images = torch.rand(3, 1, 8, 8)
    module = small_transformer(copy.deepcopy(transform), disturbed=False)
    torch.testing.assert_close(module(images), images, atol=1e-6, rtol=1e-6)


def test_gradients_are_those_of_differences(transform):
    """Away from the identity, where bilinear sampling sits on its kinks."""
    torch.manual_seed(1)
    smooth = torch.rand(2, 1, 3, 3, dtype=torch.float64)
    images = torch.nn.functional.interpolate(smooth, size=(12, 12), mode="bicubic")
    parameters = random_parameters(transform, 2, 0.15, torch.float64) + 0.013
    module = small_transformer(copy.deepcopy(transform))

    def warped(parameters: Tensor) -> Tensor:
        return module.warp(images, module.transform.points(parameters, (12, 12)))

    assert torch.autograd.gradcheck(warped, (parameters.requires_grad_(),), eps=1e-7, atol=1e-5)


@pytest.mark.parametrize("name", UNFOLDABLE)
@pytest.mark.parametrize("spread", [0.3, 3.0, 1e3, 1e6])
def test_random_parameters_of_any_size_do_not_fold(name, spread):
    transform = UNFOLDABLE[name]
    assert determinants(transform, random_parameters(transform, 20, spread, torch.float64)).min() > 0


@pytest.mark.parametrize("name", UNFOLDABLE)
def test_parameters_at_a_million_of_either_sign_do_not_fold(name):
    transform = UNFOLDABLE[name]
    signs = torch.sign(random_parameters(transform, 20, dtype=torch.float64))
    extreme = 1e6 * signs
    if isinstance(transform, ThinPlateSplineTransform):
        extreme[:, :6] = transform.identity()[:6]
    assert determinants(transform, extreme).min() > 0
    assert torch.isfinite(transform.points(extreme.float(), (64, 64))).all()


@pytest.mark.parametrize("name", UNFOLDABLE)
def test_an_optimiser_that_tries_cannot_fold_it(name):
    """Random restarts, each driving the smallest determinant down."""
    transform = UNFOLDABLE[name]
    parameters = random_parameters(transform, 6, 0.05, torch.float64).requires_grad_()
    optimizer = torch.optim.Adam([parameters], lr=0.2)
    smallest = []
    for _ in range(25):
        if isinstance(transform, ThinPlateSplineTransform):
            with torch.no_grad():
                parameters[:, :6] = transform.identity()[:6]
        worst = smallest_determinants(transform, parameters)
        smallest.append(worst.min().item())
        optimizer.zero_grad()
        worst.log().sum().backward()
        optimizer.step()
    assert smallest[-1] < smallest[0] / 2  # it did get somewhere
    assert min(smallest) > 0
    assert determinants(transform, parameters.detach()).min() > 0


def smallest_determinants(transform, parameters: Tensor) -> Tensor:
    """By central differences on a coarse grid, with gradients for the parameters."""
    step = 1e-4
    grid = affine_points(torch.eye(2, 3, dtype=torch.float64)[None], (17, 17))[0]
    right, down = torch.tensor([[step, 0.0], [0.0, step]], dtype=torch.float64)
    x = (
        map_points(transform, parameters, grid + right) - map_points(transform, parameters, grid - right)
    ) / (2 * step)
    y = (map_points(transform, parameters, grid + down) - map_points(transform, parameters, grid - down)) / (
        2 * step
    )
    return (x[..., 0] * y[..., 1] - x[..., 1] * y[..., 0]).flatten(1).amin(dim=1)


@pytest.mark.parametrize("name", UNFOLDABLE)
def test_nothing_folds_under_bfloat16_autocast(name):
    """The points themselves, differenced on the 64 × 64 grid: neighbours keep their order everywhere."""
    transform = UNFOLDABLE[name]
    parameters = random_parameters(transform, 50, 2.0)
    plain = transform.points(parameters, (64, 64))
    with torch.autocast("cpu", torch.bfloat16):
        points = transform.points(parameters, (64, 64))
    assert points.dtype == torch.float32
    torch.testing.assert_close(points, plain)
    across = points[:, :-1, 1:] - points[:, :-1, :-1]
    down = points[:, 1:, :-1] - points[:, :-1, :-1]
    assert (across[..., 0] * down[..., 1] - across[..., 1] * down[..., 0]).min() > 0


def test_it_exports_with_a_dynamic_batch(transform):
    module = small_transformer(copy.deepcopy(transform)).eval()
    dynamic = {"images": {0: torch.export.Dim("batch")}}
    program = torch.export.export(module, (torch.rand(2, 1, 8, 8),), dynamic_shapes=dynamic)
    images = torch.rand(5, 1, 8, 8)
    torch.testing.assert_close(program.module()(images), module(images))


@pytest.mark.slow
def test_it_runs_in_onnxruntime(transform):
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    module, file = small_transformer(copy.deepcopy(transform)).eval(), io.BytesIO()
    program = torch.onnx.export(
        module,
        (torch.rand(2, 1, 8, 8),),
        dynamo=True,
        dynamic_shapes={"images": {0: torch.export.Dim("batch")}},
        verbose=False,
    )
    program.save(file)
    session = onnxruntime.InferenceSession(file.getvalue(), providers=["CPUExecutionProvider"])
    images = torch.rand(5, 1, 8, 8)
    (found,) = session.run(None, {session.get_inputs()[0].name: images.numpy()})
    torch.testing.assert_close(torch.from_numpy(found), module(images).detach(), atol=1e-4, rtol=1e-4)


def test_it_compiles_into_one_graph(transform):
    torch._dynamo.reset()  # each transform is another version of one `forward`, and their number is limited
    module, images = small_transformer(copy.deepcopy(transform)), torch.rand(2, 1, 8, 8)
    compiled = torch.compile(module, backend="aot_eager", fullgraph=True)
    torch.testing.assert_close(compiled(images), module(images))
    with torch.autocast("cpu", torch.bfloat16):
        assert compiled(images).dtype == torch.float32


def test_copies_and_states_survive(transform):
    module, images = small_transformer(copy.deepcopy(transform)), torch.rand(2, 1, 8, 8)
    twin = small_transformer(copy.deepcopy(transform), disturbed=False)
    twin.load_state_dict(module.state_dict())
    assert torch.equal(twin(images), module(images))
    assert torch.equal(copy.deepcopy(module)(images), module(images))


def test_wrong_parameters_are_named(transform):
    expected = rf"parameters: expected shape \(B, {transform.num_parameters}\), got \(2, 1\)"
    with pytest.raises(ValueError, match=expected):
        transform.points(torch.zeros(2, 1), (4, 4))


def test_inference_first_leaves_training_possible():
    """What is kept of the spline between calls was made in inference mode, and is used with gradients."""
    transform = ThinPlateSplineTransform(3)
    parameters = random_parameters(transform, 2, 0.1)
    with torch.inference_mode():
        first = transform.points(parameters, (7, 11))
    points = transform.points(parameters.requires_grad_(), (7, 11))
    points.sum().backward()
    assert torch.equal(points, first)
    assert math.isfinite(parameters.grad.sum().item())


def test_bfloat16_parameters_are_computed_with_in_float32(transform):
    parameters = random_parameters(transform, 3, 0.2).bfloat16()
    assert transform.theta(parameters).dtype == torch.float32
    assert torch.equal(transform.points(parameters, (6, 6)), transform.points(parameters.float(), (6, 6)))


def test_a_spline_keeps_its_constants_when_the_model_changes_its_type():
    transform, parameters = (
        ThinPlateSplineTransform(4),
        random_parameters(ThinPlateSplineTransform(4), 2, 0.2),
    )
    expected = transform.points(parameters, (9, 9))
    torch._dynamo.reset()
    rounded = copy.deepcopy(transform).bfloat16()
    compiled = torch.compile(rounded.points, backend="eager", fullgraph=True)
    torch.testing.assert_close(rounded.points(parameters, (9, 9)), expected)
    torch.testing.assert_close(compiled(parameters, (9, 9)), expected, atol=1e-5, rtol=1e-5)
    assert rounded.to("meta").basis.device.type == "meta"


def test_fake_tensors_leave_nothing_behind():
    transform = ThinPlateSplineTransform(3)
    with torch._subclasses.FakeTensorMode(allow_non_fake_inputs=True) as mode:
        transform.points(mode.from_tensor(torch.rand(1, 18)), (5, 4))
    with torch.device("meta"):
        points = transform.points(torch.rand(1, 18, device="cpu"), (5, 4))
    assert type(points) is Tensor
    assert points.device.type == "cpu"
