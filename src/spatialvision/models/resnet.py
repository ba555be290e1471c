"""ResNets on timm's blocks: the ones of the paper, or with the stem that small images need.

He et al., "Deep Residual Learning for Image Recognition", 2015, https://arxiv.org/abs/1512.03385
"""

from typing import Any, Literal

from torch import nn

from spatialvision.models.choices import choose
from spatialvision.models.normaliser import Normaliser, build_normaliser
from spatialvision.models.pretrained import create_timm_model
from spatialvision.registry import register_model

DESCRIPTION = """A ResNet with {depth} layers, zero_init_last off.

    Another norm layer, MixStyle after stages, frozen stages and CoordConv are upgrades: ``group_norm``,
    ``mixstyle``, ``freeze``, ``coordconv``. Stages 1 to 4 are ``layer1`` to ``layer4``.

    Args:
        num_classes: width of the logits.
        in_channels: channels of the images.
        stem: "imagenet" is a 7×7 convolution of stride 2 and max-pooling; "cifar" a 3×3 convolution of stride 1
            and no pooling, for images of about 32 pixels.
        normaliser: running statistics that normalise the images: none, one for all channels, or one for each.
        pretrained: start from timm's weights; with the imagenet stem only.

    Raises:
        ValueError: an option has a value that is not listed, or weights are wanted for the cifar stem.
        DataError: the weights are not on this machine, and cannot or must not be fetched.
    """


def _register(depth: int, layers: tuple[int, ...], bottleneck: bool) -> None:
    def build(
        num_classes: int,
        in_channels: int,
        stem: Literal["imagenet", "cifar"] = "imagenet",
        normaliser: Normaliser = "none",
        pretrained: bool = False,
    ) -> nn.Module:
        from timm.models.resnet import BasicBlock, Bottleneck

        from spatialvision.models.normalised_resnet import NormalisedResNet

        is_small = choose("stem", stem, {"imagenet": False, "cifar": True})
        if pretrained and is_small:
            raise ValueError("pretrained: there are weights for stem=imagenet only, got stem=cifar")
        block = Bottleneck if bottleneck else BasicBlock
        front = build_normaliser(normaliser, in_channels)
        model = NormalisedResNet(block, layers, num_classes, in_channels, front)
        if is_small:
            _use_small_stem(model, in_channels)
        if pretrained:
            _take_weights(model, f"resnet{depth}", num_classes, in_channels)
        return model

    build.__name__ = build.__qualname__ = f"resnet{depth}"
    build.__doc__ = DESCRIPTION.format(depth=depth)
    register_model(build)


_register(18, (2, 2, 2, 2), bottleneck=False)
_register(34, (3, 4, 6, 3), bottleneck=False)
_register(50, (3, 4, 6, 3), bottleneck=True)


def _use_small_stem(model: Any, in_channels: int) -> None:
    convolution = nn.Conv2d(in_channels, model.conv1.out_channels, 3, padding=1, bias=False)
    nn.init.kaiming_normal_(convolution.weight, mode="fan_out", nonlinearity="relu")
    model.conv1, model.maxpool = convolution, nn.Identity()
    model.feature_info = [
        {**entry, "reduction": max(1, entry["reduction"] // 4)} for entry in model.feature_info
    ]


def _take_weights(model: Any, name: str, num_classes: int, in_channels: int) -> None:
    source = create_timm_model(name, True, {"num_classes": num_classes, "in_chans": in_channels})
    own = {f"normaliser.{key}": value for key, value in model.normaliser.state_dict().items()}
    model.load_state_dict(source.state_dict() | own)
