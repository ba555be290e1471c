"""What a classifier's last linear layer works on: the pooled features of each image."""

from torch import Tensor, nn


class PooledFeatures:
    """Finds the linear layer that a model's logits come from, and delivers what goes into it.

    Args:
        model: any classifier that ends in a ``torch.nn.Linear``: images (B, C, H, W) to logits (B, classes). It is run
            in the mode that it is in.
        images: (B, C, H, W), a few to find the layer with.

    Attributes:
        layer: the dotted name of that layer.
        width: of the features.

    Raises:
        ValueError: the model's logits are not what a linear layer makes of one vector for each image.
    """

    def __init__(self, model: nn.Module, images: Tensor):
        self._model = model
        calls: list[tuple[str, Tensor, Tensor]] = []
        layers = {name: each for name, each in model.named_modules() if isinstance(each, nn.Linear)}
        handles = [
            layer.register_forward_hook(
                lambda _, given, made, name=name: calls.append((name, given[0], made))
            )
            for name, layer in layers.items()
        ]
        try:
            logits = model(images)
        finally:
            for handle in handles:
                handle.remove()
        fitting = [(name, given) for name, given, made in calls if made is logits and given.ndim == 2]
        if not fitting:
            ran = ", ".join(name for name, _, _ in calls) or "none"
            raise ValueError(
                f"{type(model).__name__}: expected logits that come straight from a linear layer, which has one vector "
                f"of features for each image; linear layers that ran: {ran}"
            )
        self.layer, features = fitting[-1]
        self.width = features.shape[1]
        self._last = layers[self.layer]

    def __call__(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Features (B, width) and logits (B, classes) of images (B, C, H, W)."""
        kept: list[Tensor] = []
        handle = self._last.register_forward_pre_hook(lambda _, given: kept.append(given[0]))
        try:
            logits = self._model(images)
        finally:
            handle.remove()
        return kept[-1], logits
