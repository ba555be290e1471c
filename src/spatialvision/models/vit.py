"""Transformers over patches of the image: the post-norm original, and a pre-norm one with variants of attention.

Dosovitskiy et al., "An Image is Worth 16×16 Words", 2020, https://arxiv.org/abs/2010.11929 (section 3.1), here with
fixed positions, added to the patches only, and a hidden layer in the head.
"""

from typing import Literal

from torch import Tensor, nn

from spatialvision.models.choices import choose
from spatialvision.models.normaliser import Normaliser, build_normaliser
from spatialvision.models.patch_tokens import PatchTokens
from spatialvision.nn import (
    Attention,
    Encoder,
    FeedForward,
    LogTemperature,
    PatchEmbedding,
    PlainTemperature,
    PostNormLayer,
    PreNormLayer,
    RelativePositions,
    diagonal_mask,
)
from spatialvision.registry import register_model

TEMPERATURES = {"none": nn.Identity, "log": LogTemperature, "plain": PlainTemperature}


class VisionTransformer(PatchTokens):
    """Images to tokens, tokens through an encoder, the class token's result to logits.

    Args:
        normaliser: images (B, C, H, W) to images of the same shape.
        embedding: images to tokens (B, T, width), the class token first.
        encoder: tokens (B, T, width) to (B, T, width).
        head: class tokens (B, width) to logits (B, num_classes).
    """

    def __init__(self, normaliser: nn.Module, embedding: nn.Module, encoder: nn.Module, head: nn.Module):
        super().__init__(normaliser, embedding)
        self.encoder = encoder
        self.head = head

    def forward(self, images: Tensor) -> Tensor:
        """Logits (B, num_classes) of images (B, C, H, W)."""
        return self.head(self.encoder(self.embedded(images))[:, 0])

    def classify(self, tokens: Tensor, positions: Tensor) -> Tensor:
        """Logits (B, num_classes) of tokens (B, n, width) at positions (n, width) or (B, n, width).

        Relative attention takes the distance between two tokens from their order, not from these positions.
        """
        return self.head(self.encoder(self.embedding.place(tokens, positions))[:, 0])  # type: ignore[operator]

    def attention(self, images: Tensor) -> tuple[Tensor, ...]:
        """Each layer's attention weights (B, heads, T, T) for images (B, C, H, W)."""
        return self.encoder.weights(self.embedded(images))  # type: ignore[operator]


def classification_head(width: int, num_classes: int) -> nn.Module:
    """Linear to 4 times the width, GELU, linear to the logits."""
    return nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, num_classes))


def post_norm_encoder(layers: int, width: int, heads: int, dropout: float) -> Encoder:
    """Post-norm ReLU layers as PyTorch's own, each with initial weights of its own.

    Args:
        layers: how many.
        width: of the tokens.
        heads: of the attention.
        dropout: probability of all four dropouts: on the attention weights, on the attention's and the feed-
            forward's results, and inside the feed-forward.
    """
    return Encoder(
        PostNormLayer(width, _attention(width, heads, dropout), FeedForward(width, dropout=dropout), dropout)
        for _ in range(layers)
    )


def _attention(width: int, heads: int, dropout: float) -> Attention:
    # As nn.MultiheadAttention starts: Xavier over the three projections in one matrix, all biases 0.
    attention = Attention(width, heads, dropout=dropout)
    nn.init.xavier_uniform_(attention.query_key_value.weight)
    nn.init.zeros_(attention.query_key_value.bias)
    nn.init.zeros_(attention.output.bias)
    return attention


@register_model
def vit_post_norm(
    num_classes: int,
    in_channels: int,
    size_hw: tuple[int, int],
    layers: int = 12,
    width: int = 256,
    heads: int = 4,
    patch: int = 8,
    dropout: float = 0.1,
    normaliser: Normaliser = "none",
) -> nn.Module:
    """A transformer over patches whose layers normalise after each residual sum (ReLU, as PyTorch's own).

    Args:
        num_classes: width of the logits.
        in_channels: channels of the images.
        size_hw: height and width of the images in pixels, multiples of ``patch``.
        layers: number of encoder layers.
        width: of the tokens, even and a multiple of ``heads``.
        heads: attentions side by side in each layer.
        patch: height and width of a patch in pixels.
        dropout: probability of the layers' dropouts, that on the attention weights included.
        normaliser: running statistics that normalise the images: none, one for all channels, or one for each.

    Raises:
        ValueError: the patches do not fill the images, or the width does not suit the heads.
    """
    return VisionTransformer(
        build_normaliser(normaliser, in_channels),
        PatchEmbedding(in_channels, size_hw, patch, width),
        post_norm_encoder(layers, width, heads, dropout),
        classification_head(width, num_classes),
    )


@register_model
def vit_pre_norm(
    num_classes: int,
    in_channels: int,
    size_hw: tuple[int, int],
    layers: int = 12,
    width: int = 256,
    heads: int = 4,
    patch: int = 8,
    dropout: float = 0.1,
    relative: bool = False,
    diagonal_mask: bool = False,
    temperature: Literal["none", "log", "plain"] = "none",
    normaliser: Normaliser = "none",
) -> nn.Module:
    """A transformer over patches whose layers normalise before each part (GELU, no bias of queries, keys, values).

    The attention's three variants are independent of each other. The fixed positions stay with all of them.

    Args:
        num_classes: width of the logits.
        in_channels: channels of the images.
        size_hw: height and width of the images in pixels, multiples of ``patch``.
        layers: number of encoder layers.
        width: of the tokens, even and a multiple of ``heads``.
        heads: attentions side by side in each layer.
        patch: height and width of a patch in pixels.
        dropout: probability of the layers' dropouts; there is none on the attention weights.
        relative: add Transformer-XL's terms for the distance between tokens, the class token being number 0.
        diagonal_mask: no token attends to itself.
        temperature: learn one temperature a layer, stored as log 1/τ ("log") or as τ ("plain"); or do not.
        normaliser: running statistics that normalise the images: none, one for all channels, or one for each.

    Raises:
        ValueError: the patches do not fill the images, the width does not suit the heads, or an option has a
            value that is not listed.
    """
    make_temperature = choose("temperature", temperature, TEMPERATURES)
    return VisionTransformer(
        build_normaliser(normaliser, in_channels),
        PatchEmbedding(in_channels, size_hw, patch, width),
        Encoder(
            PreNormLayer(
                width,
                _attention_variant(width, heads, relative, diagonal_mask, make_temperature()),
                FeedForward(width, nn.GELU, dropout),
                dropout,
            )
            for _ in range(layers)
        ),
        classification_head(width, num_classes),
    )


def _attention_variant(
    width: int, heads: int, relative: bool, masked: bool, temperature: nn.Module
) -> Attention:
    return Attention(
        width,
        heads,
        relative=RelativePositions(width, heads) if relative else None,
        mask=diagonal_mask if masked else None,
        temperature=temperature,
        bias=False,
    )
