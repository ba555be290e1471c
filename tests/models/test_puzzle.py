"""The four answers, against the loop over images that they replace, and what a permutation means."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from spatialvision.models import HasTokens, build_model
from spatialvision.models.puzzle import four_answers, patch_grid, uniform_cross_entropy
from spatialvision.nn import cut_patches, join_patches, random_permutations, shuffle_tokens

SMALL = {"layers": 2, "width": 16, "heads": 2, "patch": 4, "dropout": 0}
MODELS: dict[str, dict[str, Any]] = {
    "vit_post_norm": SMALL,
    "vit_pre_norm": {**SMALL, "diagonal_mask": True, "temperature": "log"},
    "vit_deep_supervision": {**SMALL, "blocks": 2, "layers": 1},
    "small_cnn_encoder": {"layers": 2, "width": 16, "heads": 2, "dropout": 0},
}
PATCHWISE = ["vit_post_norm", "vit_pre_norm", "vit_deep_supervision"]


def built(name: str, **options: Any) -> Any:
    torch.manual_seed(0)
    return build_model(
        name, {**MODELS[name], **options}, num_classes=5, in_channels=1, size_hw=(8, 12)
    ).eval()


def example(grid_hw: tuple[int, int] = (2, 3)) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    images = torch.randn(4, 1, 8, 12, generator=generator)
    return images, random_permutations(4, grid_hw[0] * grid_hw[1], generator=generator)


def image_by_image(model: HasTokens, images: Tensor, permutations: Tensor) -> list[Tensor]:
    """The four answers as a loop over images, patches and places, with one pass for each; patches are tokens."""
    found = []
    for image, permutation in zip(images, permutations.tolist(), strict=True):
        patches, table = cut_patches(image[None], model.grid_hw)[0], model.patch_positions()
        moved, positions = torch.empty_like(patches), torch.empty_like(table)
        for place, source in enumerate(permutation):
            moved[place], positions[place] = patches[source], table[source]
        shuffled = join_patches(moved[None], model.grid_hw)
        pairs = ((image[None], table), (shuffled, positions), (image[None], positions), (shuffled, table))
        found.append([model.classify(model.tokens(pixels), places)[0] for pixels, places in pairs])
    return [torch.stack(column) for column in zip(*found, strict=True)]


@pytest.mark.parametrize("name", MODELS)
@torch.no_grad()
def test_it_is_the_loop_over_images(name: str) -> None:
    model, (images, permutations) = built(name), example()
    assert isinstance(model, HasTokens)
    answers = four_answers(model, images, permutations, (2, 3))
    for ours, expected in zip(answers, image_by_image(model, images, permutations), strict=True):
        torch.testing.assert_close(ours, expected, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(answers.nn, model(images), atol=1e-5, rtol=1e-4)
    assert not torch.allclose(answers.ns, answers.nn, atol=1e-3)
    assert not torch.allclose(answers.sn, answers.nn, atol=1e-3)


@pytest.mark.parametrize("name", PATCHWISE)
@torch.no_grad()
def test_image_and_positions_shuffled_alike_give_the_same_answer_where_features_stay_in_a_patch(
    name: str,
) -> None:
    model, (images, permutations) = built(name), example()
    answers = four_answers(model, images, permutations, (2, 3))
    torch.testing.assert_close(answers.ss, answers.nn, atol=1e-6, rtol=1e-5)


@torch.no_grad()
def test_the_same_holds_with_relative_attention() -> None:
    """The loop cannot do this: there the distances follow the order, whatever the positions."""
    model, (images, permutations) = built("vit_pre_norm", relative=True), example()
    answers = four_answers(model, images, permutations, (2, 3))
    torch.testing.assert_close(answers.ss, answers.nn, atol=1e-6, rtol=1e-5)
    assert not torch.allclose(image_by_image(model, images, permutations)[1], answers.nn, atol=1e-4)


@torch.no_grad()
def test_features_that_see_beyond_their_patch_notice_the_shuffling() -> None:
    model, (images, permutations) = built("small_cnn_encoder"), example()
    answers = four_answers(model, images, permutations, (2, 3))
    assert not torch.allclose(answers.ss, answers.nn, atol=1e-4)


@torch.no_grad()
def test_patches_of_several_tokens() -> None:
    """Tokens keep their places within the patch; in image and table alike that changes nothing."""
    model, (images, permutations) = built("vit_pre_norm", patch=2), example()
    answers = four_answers(model, images, permutations, (2, 3))
    torch.testing.assert_close(answers.ss, answers.nn, atol=1e-5, rtol=1e-4)
    tokens = model.tokens(images)
    orders = torch.arange(24).view(1, 1, 4, 6).expand(4, 1, 4, 6)
    orders = join_patches(
        shuffle_tokens(cut_patches(orders, (2, 3)).flatten(2), permutations).view(4, 6, 1, 2, 2), (2, 3)
    )
    positions = shuffle_tokens(model.patch_positions(), orders.flatten(1))
    torch.testing.assert_close(answers.ns, model.classify(tokens, positions), atol=1e-5, rtol=1e-4)


def test_the_backbone_sees_both_images_in_one_batch_and_the_encoder_all_four() -> None:
    """So batch statistics are those of images and shuffled images together."""
    model, (images, permutations) = built("small_cnn_encoder").train(), example()
    seen: dict[str, list[int]] = {"trunk": [], "encoder": []}
    for name, sizes in seen.items():
        model.get_submodule(name).register_forward_pre_hook(
            lambda _, given, sizes=sizes: sizes.append(len(given[0]))
        )
    four_answers(model, images, permutations, (2, 3))
    assert seen == {"trunk": [8], "encoder": [16]}


def test_gradients_are_those_of_the_loop() -> None:
    model, (images, permutations) = built("vit_post_norm"), example()
    sums = []
    for answers in (
        four_answers(model, images, permutations, (2, 3)),
        image_by_image(model, images, permutations),
    ):
        model.zero_grad()
        weighted = zip((0.3, -0.5, 0.7, 1.0), answers, strict=True)
        sum((weight * logits.square().sum() for weight, logits in weighted), torch.zeros(())).backward()
        sums.append({name: value.grad.clone() for name, value in model.named_parameters()})
    torch.testing.assert_close(sums[0], sums[1], atol=1e-4, rtol=1e-3)


def test_an_empty_batch_has_four_empty_answers() -> None:
    answers = four_answers(
        built("vit_post_norm"), torch.zeros(0, 1, 8, 12), torch.zeros(0, 6, dtype=torch.int64), (2, 3)
    )
    assert [logits.shape for logits in answers] == [(0, 5)] * 4


def test_the_grid_is_the_tokens_own_unless_another_fits() -> None:
    model = built("vit_pre_norm", patch=2)
    assert patch_grid(model, None) == (4, 6)
    assert patch_grid(model, (2, 3)) == (2, 3)
    with pytest.raises(ValueError, match=r"grid_hw: expected rows .* the model's 4 × 6 tokens, got 3 × 3"):
        patch_grid(model, (3, 3))
    with pytest.raises(
        ValueError, match="expected at least 2 patches, got 1 × 1; the model makes 4 × 6 tokens"
    ):
        patch_grid(model, (1, 1))


def test_a_grid_that_does_not_divide_the_image_is_refused() -> None:
    model = build_model("small_cnn_encoder", {"heads": 2}, num_classes=5, in_channels=1, size_hw=(30, 30))
    assert model.grid_hw == (8, 8)
    with pytest.raises(ValueError, match=r"divide the model's 30 × 30 pixels, got 8 × 8"):
        patch_grid(model, None)


def test_cross_entropy_against_the_uniform_distribution() -> None:
    logits = torch.randn(6, 5)
    uniform = torch.full((6, 5), 0.2)
    expected = nn.functional.cross_entropy(logits, uniform, reduction="none")
    torch.testing.assert_close(uniform_cross_entropy(logits), expected)
    torch.testing.assert_close(uniform_cross_entropy(torch.zeros(2, 5)), torch.full((2,), 5.0).log())
