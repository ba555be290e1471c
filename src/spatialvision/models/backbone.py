"""A trained backbone taken out of its model, for use in other networks."""

from collections.abc import Mapping

from torch import Tensor

PREFIX = "trunk.backbone."


def backbone_state(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights of the backbone below a patch encoder, by the names that it has below the encoder.

    Those of a ResNet are timm's and torchvision's names; some other backbones, such as ConvNeXt, have others in timm's
    whole networks. ``fc`` is not among them: a network keeps its own, as in
    ``network.load_state_dict(network.state_dict() | backbone_state(model.state_dict()))``, or takes the encoder's head.

    Args:
        state: of a model that ``patch_encoder`` built, or what a run's ``model.safetensors`` holds.

    Returns:
        Name to weight or buffer: the tensors themselves, no copies.

    Raises:
        ValueError: there is no backbone below an encoder in it.
    """
    found = {name.removeprefix(PREFIX): value for name, value in state.items() if name.startswith(PREFIX)}
    if not found:
        raise ValueError(f"state: expected names that begin with {PREFIX!r}, got such as {list(state)[:3]}")
    return found
