"""The puzzle as an objective: its losses, its draws, and shares of a batch."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from spatialvision import Run
from spatialvision.data.loader import Batch
from spatialvision.data.randomness import sample_keys
from spatialvision.distributed.process import Process
from spatialvision.errors import RecipeError
from spatialvision.models import build_model
from spatialvision.models.puzzle import four_answers
from spatialvision.training.prepare import prepare_step
from spatialvision.training.puzzle import Puzzle, puzzle
from spatialvision.training.step import TrainingStep
from spatialvision.workbench import load_recipe

VIT = {"layers": 1, "width": 16, "heads": 2, "patch": 4, "dropout": 0}
CNN = {"layers": 1, "width": 16, "heads": 2, "dropout": 0}
NAMES = ("nn", "ss", "ns", "sn")


def built(name: str = "vit_pre_norm", size_hw: tuple[int, int] = (12, 12)) -> Any:
    torch.manual_seed(0)
    options = VIT if name.startswith("vit") else CNN
    return build_model(name, options, num_classes=5, in_channels=1, size_hw=size_hw)


def make_batch(count: int = 9, size_hw: tuple[int, int] = (12, 12), epoch: int = 0) -> Batch:
    images = torch.randn(count, 1, *size_hw, generator=torch.Generator().manual_seed(0))
    indices = torch.arange(count)
    return Batch(images, indices % 5, indices, sample_keys(0, epoch, indices))


def part(batch: Batch, share: slice) -> Batch:
    return Batch(*(value[share] for value in batch))


@pytest.mark.parametrize("training", [True, False])
def test_the_loss_is_the_sum_of_four_and_the_metrics_are_theirs(training: bool) -> None:
    model, objective, batch = built().train(training), puzzle(0.3, 0.2), make_batch()
    assert isinstance(objective, Puzzle)
    answers = four_answers(model, batch.images, objective.permutations(batch.keys, (3, 3)), (3, 3))
    values = objective(model, batch)
    assert list(values) == [
        "loss",
        "accuracy",
        *(f"{what}_{name}" for name in NAMES for what in ("loss", "accuracy")),
    ]
    uniform = torch.full((9, 5), 0.2)
    for name, target in zip(NAMES, (batch.labels, batch.labels, uniform, uniform), strict=True):
        logits = getattr(answers, name)
        torch.testing.assert_close(values[f"loss_{name}"], F.cross_entropy(logits, target, reduction="none"))
        assert values[f"accuracy_{name}"].tolist() == (logits.argmax(1) == batch.labels).float().tolist()
    a, b = values["loss_nn"] + values["loss_ss"], values["loss_ns"] + values["loss_sn"]
    torch.testing.assert_close(values["loss"], 0.3 * a + 0.2 * b)
    assert torch.equal(values["accuracy"], values["accuracy_nn"])


def test_every_image_in_every_epoch_has_a_permutation_of_its_own() -> None:
    objective = puzzle()
    assert isinstance(objective, Puzzle)
    drawn = torch.cat([objective.permutations(make_batch(9, epoch=epoch).keys, (3, 3)) for epoch in range(3)])
    assert torch.equal(drawn.sort(dim=1).values, torch.arange(9).expand(27, 9))
    assert len({tuple(row) for row in drawn.tolist()}) == 27
    again = objective.permutations(make_batch(9, epoch=1).keys[3:5], (3, 3))
    assert torch.equal(again, drawn[12:14])


def test_images_are_turned_as_often_as_asked_and_by_each_angle_alike() -> None:
    indices = torch.arange(3000)
    images = torch.tensor([[0.0, 1.0], [3.0, 2.0]]).expand(3000, 1, 2, 2)
    batch = Batch(images, indices, indices, sample_keys(0, 0, indices))
    objective = puzzle(rotation=0.6)
    assert isinstance(objective, Puzzle)
    turned = objective.turned(batch)
    counts = [
        (turned == images[:1].rot90(turns, (2, 3))).flatten(1).all(1).sum().item() for turns in range(4)
    ]
    assert sum(counts) == 3000
    assert counts[0] == pytest.approx(1200, abs=5 * (3000 * 0.4 * 0.6) ** 0.5)
    assert counts[1:] == [pytest.approx(600, abs=5 * (3000 * 0.2 * 0.8) ** 0.5)] * 3


def test_only_training_turns_and_all_four_answers_see_the_turned_image() -> None:
    model, batch = built(), make_batch()
    always, never = puzzle(rotation=1.0), puzzle()
    torch.testing.assert_close(always(model.eval(), batch), never(model, batch))
    assert isinstance(always, Puzzle)
    turned = batch._replace(images=always.turned(batch))
    assert not torch.equal(turned.images, batch.images)
    model.train()
    torch.testing.assert_close(always(model, batch), never(model, turned))


@pytest.mark.parametrize(("name", "training"), [("vit_pre_norm", True), ("small_cnn_encoder", False)])
@pytest.mark.parametrize("cut", [4, 1])
def test_shares_of_a_batch_have_the_values_of_the_whole(name: str, training: bool, cut: int) -> None:
    """Without batch statistics; each image keeps its permutation and its turn wherever it is computed."""
    model, objective, batch = built(name).train(training), puzzle(rotation=0.5), make_batch()
    whole = objective(model, batch)
    parts = [objective(model, part(batch, share)) for share in (slice(cut), slice(cut, None))]
    for key, value in whole.items():
        torch.testing.assert_close(torch.cat([values[key] for values in parts]), value, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(
    ("name", "options", "size", "grid_hw"),
    [
        ("small_cnn_encoder", CNN, 28, None),
        ("vit_post_norm", {**VIT, "patch": 8}, 32, None),
        ("small_cnn_encoder", CNN, 56, (7, 7)),
        ("patch_encoder", {"backbone": "resnet10t", "layers": 1}, 224, None),
    ],
)
def test_any_backbone_and_image_that_divide_into_the_patches(
    name: str, options: dict[str, Any], size: int, grid_hw: tuple[int, int] | None
) -> None:
    model = build_model(name, options, num_classes=5, in_channels=3, size_hw=(size, size))
    images, indices = torch.randn(2, 3, size, size), torch.arange(2)
    objective = puzzle(rotation=0.5, grid_hw=grid_hw)
    assert isinstance(objective, Puzzle)
    objective.check(model)
    values = objective(model.train(), Batch(images, indices, indices, sample_keys(0, 0, indices)))
    assert all(value.shape == (2,) and value.isfinite().all() for value in values.values())


def test_every_parameter_takes_part_in_the_step() -> None:
    """Otherwise DistributedDataParallel would wait for gradients that never come."""
    for name in ("vit_pre_norm", "small_cnn_encoder"):
        model = built(name).train()
        TrainingStep(model, puzzle(b=0.0), torch.device("cpu"))(make_batch())["loss"].sum().backward()
        assert [key for key, value in model.named_parameters() if value.grad is None] == []


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_it_is_one_graph(precision: str) -> None:
    step = TrainingStep(
        built("small_cnn_encoder").train(), puzzle(rotation=0.5), torch.device("cpu"), precision
    )
    compiled, batch = torch.compile(step, backend="eager", fullgraph=True), make_batch()
    torch.testing.assert_close(compiled(batch), step(batch), atol=1e-5, rtol=1e-4)


def test_memory_format_does_not_matter() -> None:
    model, batch = built("small_cnn_encoder").eval(), make_batch()
    expected = puzzle()(model, batch)
    last = batch._replace(images=batch.images.contiguous(memory_format=torch.channels_last))
    found = puzzle()(model.to(memory_format=torch.channels_last), last)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"a": -0.1}, "a: expected 0 or more, got -0.1"),
        ({"b": -1.0}, "b: expected 0 or more, got -1"),
        ({"rotation": 1.5}, "rotation: expected a probability from 0 to 1, got 1.5"),
    ],
)
def test_wrong_options_are_refused(changes: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        puzzle(**changes)  # type: ignore[arg-type]


def experiment(small_recipe: str, *overrides: str) -> Any:
    return load_recipe(small_recipe, "objective.name=puzzle", *overrides).experiment


def test_a_model_without_tokens_is_refused_at_the_start(small_recipe: str) -> None:
    needed = (
        r"needs a model with classify\(\), grid_hw, patch_positions\(\), size_hw, tokens\(\), see HasTokens"
    )
    with pytest.raises(RecipeError, match=needed):
        prepare_step(experiment(small_recipe), nn.Linear(3, 2), Process(0, 1, torch.device("cpu")))


@pytest.mark.parametrize(
    ("overrides", "size_hw", "message"),
    [
        (("objective.grid_hw=[2, 2]",), (12, 12), "the model's 3 × 3 tokens, got 2 × 2"),
        ((), (4, 4), "expected at least 2 patches, got 1 × 1"),
        (("objective.rotation=0.5",), (8, 12), "rotation: expected 0 for images that are not square"),
    ],
)
def test_patches_that_do_not_fit_are_refused_at_the_start(
    small_recipe: str, overrides: tuple[str, ...], size_hw: tuple[int, int], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        prepare_step(
            experiment(small_recipe, *overrides), built(size_hw=size_hw), Process(0, 1, torch.device("cpu"))
        )


def test_the_command_says_what_does_not_fit(command: Any, small_recipe: str) -> None:
    model = "model={name: vit_pre_norm, patch: 8, layers: 1, width: 16, heads: 2}"
    code, _, errors = command("train", small_recipe, model, "objective={name: puzzle, grid_hw: [4, 4]}")
    assert code == 2
    assert (
        "grid_hw: expected rows and columns of patches that divide the model's 2 × 2 tokens, got 4 × 4"
        in errors
    )


def test_a_run_logs_all_four(command: Any, small_recipe: str, tmp_path: Any) -> None:
    model = "model={name: vit_pre_norm, patch: 4, layers: 1, width: 16, heads: 2}"
    arguments = (
        "data.size=16",
        "epochs=1",
        "objective={name: puzzle, rotation: 0.5}",
        "--name",
        "four",
        "--quiet",
    )
    code, _, errors = command("train", small_recipe, model, *arguments)
    assert (code, errors) == (0, "")
    (row,) = Run(tmp_path / "runs/small/four").metrics("train")
    assert {f"{what}_{name}" for name in NAMES for what in ("loss", "accuracy")} <= row.keys()
    assert row["accuracy"] == row["accuracy_nn"]
    expected = 0.4 * (row["loss_nn"] + row["loss_ss"]) + 0.1 * (row["loss_ns"] + row["loss_sn"])
    assert row["loss"] == pytest.approx(expected, rel=1e-5)


@pytest.mark.slow
def test_two_processes_have_the_losses_of_one(start: Any, small_recipe: str, tmp_path: Any) -> None:
    model = "model={name: vit_pre_norm, patch: 4, layers: 1, width: 16, heads: 2, dropout: 0}"
    options = (
        model, "data.size=16", "epochs=null", "steps=6", "objective={name: puzzle, rotation: 0.5}",
        "log.every.steps=2", "threads=1", "precision=float32", "--quiet",
    )  # fmt: skip
    rows = {}
    for processes in (1, 2):
        name = f"on-{processes}"
        process = start("train", small_recipe, *options, f"processes={processes}", "--name", name)
        output, errors = process.communicate(timeout=200)
        assert process.returncode == 0, (output, errors)
        rows[processes] = Run(tmp_path / "runs/small" / name).metrics("train")
    assert len(rows[1]) == 3
    for alone, shared in zip(rows[1], rows[2], strict=True):
        for key in [f"{what}_{name}" for name in NAMES for what in ("loss", "accuracy")]:
            assert shared[key] == pytest.approx(alone[key], rel=1e-5), key
