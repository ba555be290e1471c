"""Upgrade `freeze`: the first stages stay as they are, as is usual with pretrained weights."""

from functools import partial

from torch import nn

from spatialvision.models.upgrades.stages import find_stages
from spatialvision.registry import register_upgrade


@register_upgrade
def freeze(model: nn.Module, stages: int) -> nn.Module:
    """Keep the first stages, and everything before them, from learning.

    Their parameters take no gradient, and they stay in evaluation mode when the model is set to training, so
    that running statistics do not move either. "Before" means defined before, in the order of ``modules()``;
    what the model itself owns there, such as a table of positions, counts as before.

    Args:
        model: a model with stages, see ``stage_names``; for timm's, what ``feature_info`` lists without the
            stem: 1 is a ResNet's ``layer1``. It is changed.
        stages: how many; 2 freezes stages 1 and 2.

    Returns:
        The model.

    Raises:
        ValueError: the model has no such stages.
    """
    ((name, last),) = find_stages(model, (stages,)).items()
    parts = name.split(".")
    around = {model.get_submodule(".".join(parts[:length])) for length in range(len(parts))}
    inside = set(last.modules())
    end = max(place for place, module in enumerate(model.modules()) if module in inside)
    for module in list(model.modules())[: end + 1]:
        for parameter in module.parameters(recurse=False):
            parameter.requires_grad_(False)
        if module not in around:
            module.train = partial(_evaluate_only, module)  # type: ignore[method-assign]
            module.eval()
    return model


def _evaluate_only(module: nn.Module, mode: bool = True) -> nn.Module:
    """In place of ``module.train``; unlike a bound method it survives copying and pickling."""
    return type(module).train(module, False)
