import torch
from torch import nn

from spatialvision.models.patch_tokens import PatchTokens
from spatialvision.nn import PatchEmbedding


class Halved(nn.Module):
    """Stands for a normaliser."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images / 2


def test_tokens_at_their_positions_are_the_embedded_images() -> None:
    embedding, images = PatchEmbedding(3, (8, 12), 4, 16), torch.randn(2, 3, 8, 12)
    model = PatchTokens(Halved(), embedding)
    tokens, positions = model.tokens(images), model.patch_positions()
    assert (tokens.shape, positions.shape) == ((2, 6, 16), (6, 16))
    assert torch.equal(embedding.place(tokens, positions), model.embedded(images))
    assert torch.equal(model.embedded(images), embedding(images / 2))


def test_patches_follow_the_class_token_row_by_row() -> None:
    model, images = PatchTokens(nn.Identity(), PatchEmbedding(1, (8, 12), 4, 16)), torch.zeros(1, 1, 8, 12)
    assert (model.size_hw, model.grid_hw, model.class_token_place) == ((8, 12), (2, 3), 0)
    changed = images.clone()
    changed[:, :, 4:, :4] = 1  # second row, first column
    differs = (model.embedded(changed) != model.embedded(images)).any(dim=2)[0]
    assert differs.tolist() == [place == 1 + 3 for place in range(7)]
