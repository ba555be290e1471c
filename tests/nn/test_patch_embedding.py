import copy

import pytest
import torch

from spatialvision.nn import PatchEmbedding, grid_sinusoid


def test_a_class_token_then_the_patches_row_by_row():
    module, images = PatchEmbedding(3, (8, 12), 4, 16), torch.randn(2, 3, 8, 12)
    tokens = module(images)
    assert tokens.shape == (2, module.tokens, 16) == (2, 7, 16)
    assert torch.equal(tokens[:, 0], module.class_token.expand(2, 16))
    positions = grid_sinusoid((2, 3), 16)
    for row in range(2):
        for column in range(3):
            patch = images[:, :, 4 * row : 4 * row + 4, 4 * column : 4 * column + 4]
            projected = torch.einsum("bchw,dchw->bd", patch, module.projection.weight)
            place = 3 * row + column
            expected = projected + module.projection.bias + positions[place]
            torch.testing.assert_close(tokens[:, 1 + place], expected, atol=1e-5, rtol=1e-5)


def test_only_what_is_learned_is_stored():
    assert set(PatchEmbedding(1, (4, 4), 2, 8).state_dict()) == {
        "class_token",
        "projection.weight",
        "projection.bias",
    }


def test_the_class_token_starts_as_standard_normal_numbers():
    torch.manual_seed(0)
    token = PatchEmbedding(1, (4, 4), 4, 4096).class_token
    assert abs(token.mean().item()) < 0.1
    assert abs(token.std().item() - 1) < 0.1


def test_any_memory_format_autocast_and_copies():
    module, images = PatchEmbedding(3, (8, 8), 4, 16), torch.randn(2, 3, 8, 8)
    expected = module(images)
    copied = copy.deepcopy(module).to(memory_format=torch.channels_last)
    found = copied(images.to(memory_format=torch.channels_last))
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(module(images).float(), expected, atol=0.05, rtol=0.05)


def test_exports_with_a_dynamic_batch_and_traces():
    module, images = PatchEmbedding(3, (8, 8), 4, 16), torch.randn(5, 3, 8, 8)
    dynamic = ({0: torch.export.Dim("batch")},)
    program = torch.export.export(module, (images[:2],), dynamic_shapes=dynamic, strict=False)
    torch.testing.assert_close(program.module()(images), module(images))
    compiled = torch.compile(module, backend="aot_eager", fullgraph=True)
    torch.testing.assert_close(compiled(images), module(images))


def test_wrong_sizes_are_named():
    with pytest.raises(ValueError, match=r"size_hw: .* multiples of the patch's 8 pixels, got 32 × 28"):
        PatchEmbedding(3, (32, 28), 8, 16)
    with pytest.raises(ValueError, match=r"expected height and width \(8, 8\), got \(8, 12\)"):
        PatchEmbedding(3, (8, 8), 4, 16)(torch.randn(1, 3, 8, 12))
