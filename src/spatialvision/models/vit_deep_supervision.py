"""A transformer over patches that answers after each of its blocks.

Lee et al., "Deeply-Supervised Nets", 2014, https://arxiv.org/abs/1409.5185: a loss at every head lets early layers
learn to classify by themselves.
"""

from collections.abc import Sequence

from torch import Tensor, nn

from spatialvision.models.normaliser import Normaliser, build_normaliser
from spatialvision.models.patch_tokens import PatchTokens
from spatialvision.models.vit import classification_head, post_norm_encoder
from spatialvision.nn import PatchEmbedding
from spatialvision.registry import register_model


class DeeplySupervisedTransformer(PatchTokens):
    """Blocks of encoder layers one after the other, a head on the class token after each.

    ``forward`` leaves the earlier heads out, so they get gradients from losses on ``heads`` only.

    Args:
        normaliser: images (B, C, H, W) to images of the same shape.
        embedding: images to tokens (B, T, width), the class token first.
        blocks: each takes tokens (B, T, width) to (B, T, width).
        classifiers: one per block, class tokens (B, width) to logits (B, num_classes).

    Raises:
        ValueError: there are not as many heads as blocks.
    """

    def __init__(
        self,
        normaliser: nn.Module,
        embedding: nn.Module,
        blocks: Sequence[nn.Module],
        classifiers: Sequence[nn.Module],
    ):
        super().__init__(normaliser, embedding)
        if not blocks or len(classifiers) != len(blocks):
            raise ValueError(
                f"classifiers: expected {max(len(blocks), 1)}, one per block, got {len(classifiers)}"
            )
        self.blocks = nn.ModuleList(blocks)
        self.classifiers = nn.ModuleList(classifiers)

    def heads(self, images: Tensor) -> tuple[Tensor, ...]:
        """Logits (B, num_classes) of each head for images (B, C, H, W); the last is the model's answer."""
        tokens, logits = self.embedded(images), []
        for block, classifier in zip(self.blocks, self.classifiers, strict=True):
            tokens = block(tokens)
            logits.append(classifier(tokens[:, 0]))
        return tuple(logits)

    def forward(self, images: Tensor) -> Tensor:
        """Logits (B, num_classes) of the last head for images (B, C, H, W)."""
        tokens = self.embedded(images)
        for block in self.blocks:
            tokens = block(tokens)
        return self.classifiers[-1](tokens[:, 0])

    def classify(self, tokens: Tensor, positions: Tensor) -> Tensor:
        """The last head's logits of tokens (B, n, width) at positions (n, width) or (B, n, width)."""
        tokens = self.embedding.place(tokens, positions)  # type: ignore[operator]
        for block in self.blocks:
            tokens = block(tokens)
        return self.classifiers[-1](tokens[:, 0])

    def attention(self, images: Tensor) -> tuple[Tensor, ...]:
        """The attention weights (B, heads, T, T) of each layer of each block for images (B, C, H, W)."""
        tokens, found = self.embedded(images), []
        for block in self.blocks:
            found += block.weights(tokens)  # type: ignore[operator]
            tokens = block(tokens)
        return tuple(found)


@register_model
def vit_deep_supervision(
    num_classes: int,
    in_channels: int,
    size_hw: tuple[int, int],
    blocks: int = 3,
    layers: int = 4,
    width: int = 256,
    heads: int = 4,
    patch: int = 8,
    dropout: float = 0.1,
    normaliser: Normaliser = "none",
) -> nn.Module:
    """The post-norm transformer over patches in blocks, with a head after each for deep supervision.

    Args:
        num_classes: width of the logits.
        in_channels: channels of the images.
        size_hw: height and width of the images in pixels, multiples of ``patch``.
        blocks: number of blocks, and of heads.
        layers: encoder layers in each block.
        width: of the tokens, even and a multiple of ``heads``.
        heads: attentions side by side in each layer.
        patch: height and width of a patch in pixels.
        dropout: probability of the layers' dropouts, that on the attention weights included.
        normaliser: running statistics that normalise the images: none, one for all channels, or one for each.

    Returns:
        ``DeeplySupervisedTransformer``: ``forward`` gives the last head's logits, ``heads`` all heads'.

    Raises:
        ValueError: the patches do not fill the images, or the width does not suit the heads.
    """
    return DeeplySupervisedTransformer(
        build_normaliser(normaliser, in_channels),
        PatchEmbedding(in_channels, size_hw, patch, width),
        [post_norm_encoder(layers, width, heads, dropout) for _ in range(blocks)],
        [classification_head(width, num_classes) for _ in range(blocks)],
    )
