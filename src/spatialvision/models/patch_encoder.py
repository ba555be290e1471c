"""A transformer encoder over the places of a convolutional network's last map.

Carion et al., "End-to-End Object Detection with Transformers", 2020, https://arxiv.org/abs/2005.12872 (section 3.2),
add positions to queries and keys of every layer in the same way; Dosovitskiy et al.,
https://arxiv.org/abs/2010.11929 (section 3.1), call such a model hybrid.
"""

import torch
from torch import Tensor, nn

from spatialvision.models.map_tokens import MapTokens
from spatialvision.models.pretrained import create_timm_model
from spatialvision.nn import Attention, Encoder, FeedForward, PositionTable, PreNormLayer
from spatialvision.nn.image_size import check_size
from spatialvision.nn.token_shapes import check_tokens
from spatialvision.registry import register_model


class PatchEncoder(nn.Module):
    """Patch tokens and a class token, the last of them, through an encoder; the class token's result to logits.

    Positions enter the queries and keys of every layer, and nothing else: what a token holds and where it lies
    stay apart, so tokens can be classified at other positions than their own.

    Convention: tokens and positions in row order. Shuffling tokens and positions alike does not change the logits.

    Args:
        size_hw: height and width of the images in pixels.
        grid_hw: rows and columns of patch tokens, n in all.
        trunk: images to tokens (B, n, width).
        positions: of n + 1 tokens, shared by all layers.
        encoder: tokens (B, n + 1, width) and positions to (B, n + 1, width).
        head: class tokens (B, width) to logits (B, num_classes).
    """

    def __init__(
        self,
        size_hw: tuple[int, int],
        grid_hw: tuple[int, int],
        trunk: nn.Module,
        positions: PositionTable,
        encoder: nn.Module,
        head: nn.Module,
    ):
        super().__init__()
        width = positions.weight.shape[1]
        self.size_hw = tuple(size_hw)
        self.grid_hw = grid_hw
        self.trunk = trunk
        self.positions = positions
        self.class_token = nn.Parameter(torch.randn(width) * width**-0.5)
        self.encoder = encoder
        self.head = head

    def tokens(self, images: Tensor) -> Tensor:
        """One token for each place, row by row: (B, n, width) of images (B, C, H, W).

        Raises:
            ValueError: the images have another size than the model was built for.
        """
        check_size(images, self.size_hw)
        return self.trunk(images)

    def patch_positions(self) -> Tensor:
        """The learned positions of the patches in order (n, width), the class token's left out."""
        return self.positions()[:-1]

    def classify(self, tokens: Tensor, positions: Tensor) -> Tensor:
        """Logits (B, num_classes) of tokens (B, n, width) that lie at the given positions.

        Args:
            tokens: one for each patch.
            positions: (n, width) for all images, or (B, n, width) for each its own, such as
                ``patch_positions()`` in any order. The class token always has its own position.

        Raises:
            ValueError: tokens or positions of another number or width.
        """
        check_tokens(tokens, positions, self.positions.weight[:-1].shape)
        return self.head(self.encoder(*self._with_class_token(tokens, positions))[:, -1])

    def _with_class_token(self, tokens: Tensor, positions: Tensor) -> tuple[Tensor, Tensor]:
        class_token = self.class_token.expand(tokens.shape[0], 1, -1)
        class_position = self.positions()[-1:].expand(*positions.shape[:-2], 1, -1)
        tokens = torch.cat([tokens, class_token.to(tokens.dtype)], dim=1)
        return tokens, torch.cat([positions, class_position], dim=-2)

    def forward(self, images: Tensor) -> Tensor:
        """Logits (B, num_classes) of images (B, C, H, W)."""
        return self.classify(self.tokens(images), self.patch_positions())

    @property
    def class_token_place(self) -> int:
        """The class token comes last."""
        return -1

    def attention(self, images: Tensor) -> tuple[Tensor, ...]:
        """Each layer's attention weights (B, heads, T, T) for images (B, C, H, W)."""
        return self.encoder.weights(*self._with_class_token(self.tokens(images), self.patch_positions()))  # type: ignore[operator]


@register_model
def patch_encoder(
    num_classes: int,
    in_channels: int,
    size_hw: tuple[int, int],
    backbone: str = "resnet18",
    pretrained: bool = False,
    layers: int = 3,
    heads: int = 8,
    dropout: float = 0.1,
) -> nn.Module:
    """A timm backbone, a pre-norm ReLU encoder over its last map, and a linear head on the class token.

    A ResNet starts as torchvision's do, with zero_init_last off, and its trained weights fit theirs, see
    ``models/backbone.py``.

    Args:
        num_classes: width of the logits.
        in_channels: channels of the images.
        size_hw: height and width of the images in pixels; with the backbone it fixes the number of tokens.
        backbone: name of a timm model that can return its maps (``features_only``).
        pretrained: start from timm's weights of the backbone.
        layers: number of encoder layers.
        heads: attentions side by side in each layer; they divide the width of the map.
        dropout: probability of the layers' dropouts, that on the attention weights included.

    Returns:
        ``PatchEncoder``.

    Raises:
        ValueError: timm cannot build the backbone, or the width of the map is no multiple of the heads.
        DataError: the weights are not on this machine, and cannot or must not be fetched.
    """
    features = {
        "features_only": True,
        "out_indices": (-1,),
        "in_chans": in_channels,
        **_plain_start(backbone),
    }
    trunk = MapTokens(create_timm_model(backbone, pretrained, features))
    return encoder_on(
        trunk, trunk.width, trunk.grid_hw(in_channels, size_hw), size_hw, num_classes, layers, heads, dropout
    )


def _plain_start(backbone: str) -> dict[str, bool]:
    """For timm's ResNets the option to start as the paper's do: no residual branch begins at zero."""
    from timm.models import is_model_in_modules

    is_resnet = is_model_in_modules(backbone.partition(".")[0], {"resnet"})
    return {"zero_init_last": False} if is_resnet else {}


def encoder_on(
    trunk: nn.Module,
    width: int,
    grid_hw: tuple[int, int],
    size_hw: tuple[int, int],
    num_classes: int,
    layers: int,
    heads: int,
    dropout: float,
) -> PatchEncoder:
    """The encoder with its learned positions and a linear head on any trunk, all with the initial weights.

    Args:
        trunk: images to tokens (B, n, width).
        width: of the tokens, a multiple of ``heads``.
        grid_hw: rows and columns of tokens, n in all.
        size_hw: height and width of the images in pixels.
        num_classes: width of the logits.
        layers: number of encoder layers.
        heads: attentions side by side in each layer.
        dropout: probability of the layers' dropouts, that on the attention weights included.
    """
    positions = PositionTable(grid_hw[0] * grid_hw[1] + 1, width)
    encoder = Encoder(_layer(width, heads, dropout) for _ in range(layers))
    return PatchEncoder(size_hw, grid_hw, trunk, positions, encoder, nn.Linear(width, num_classes))


def _layer(width: int, heads: int, dropout: float) -> PreNormLayer:
    attention = Attention(width, heads, dropout=dropout)
    feed_forward = FeedForward(width, nn.ReLU, dropout)
    with torch.no_grad():
        for projection in (*attention.query_key_value.weight.chunk(3), attention.output.weight):
            nn.init.xavier_normal_(projection)
        for linear in (feed_forward.expand, feed_forward.contract):
            nn.init.kaiming_normal_(linear.weight, nonlinearity="relu")
            nn.init.zeros_(linear.bias)
        nn.init.zeros_(attention.query_key_value.bias)
        nn.init.zeros_(attention.output.bias)
    return PreNormLayer(width, attention, feed_forward, dropout)
