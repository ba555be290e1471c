"""The stages of any model: where its maps come out, one after the other."""

from collections.abc import Sequence

from torch import nn

from spatialvision.models.protocols import HasStageNames

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)


def stage_names(model: nn.Module) -> tuple[str, ...]:
    """Dotted names of the modules that end a model's stages.

    They are the model's own ``stage_names``; or what timm's ``feature_info`` lists, without the stem; or the
    children of its ``stages``, a Sequential.

    Raises:
        ValueError: the model has none of them.
    """
    if isinstance(model, HasStageNames):
        return tuple(model.stage_names)
    entries = getattr(model, "feature_info", None) or ()
    names = list(dict.fromkeys(entry["module"] for entry in entries if entry.get("module")))
    if len(names) > 1 and _is_stem(model, names[0], names[1]):
        names = names[1:]
    container = getattr(model, "stages", None)
    if not names and isinstance(container, nn.Sequential):
        names = [f"stages.{name}" for name, _ in container.named_children()]
    if not names:
        raise ValueError(
            f"{type(model).__name__} has no stages: expected an attribute stage_names, timm's feature_info, or a "
            "Sequential called stages; an upgrade that wraps the model comes after those that look into it"
        )
    return tuple(names)


def find_stages(model: nn.Module, numbers: Sequence[int]) -> dict[str, nn.Module]:
    """The stages with these numbers, counted from 1, by their dotted names.

    Raises:
        ValueError: a number is out of range (with the stages that there are), or none is given.
    """
    names = stage_names(model)
    if not numbers or not all(1 <= number <= len(names) for number in numbers):
        known = [f"{number} {name}" for number, name in enumerate(names, start=1)]
        listed = ", ".join(known if len(known) <= 8 else [*known[:3], "…", known[-1]])
        raise ValueError(f"stages: expected numbers from 1 to {len(names)} ({listed}); got {list(numbers)}")
    return {name: _submodule(model, name) for name in (names[number - 1] for number in numbers)}


def _submodule(model: nn.Module, name: str) -> nn.Module:
    try:
        return model.get_submodule(name)
    except AttributeError as error:
        raise ValueError(
            f"stages: {type(model).__name__} names a stage {name!r} that is no module of it"
        ) from error


def _is_stem(model: nn.Module, first: str, second: str) -> bool:
    """Whether timm's first entry is the stem, which it lists for some models: by name, or only its activation."""
    return "stem" in first or (not _convolves(model, first) and _convolves(model, second))


def _convolves(model: nn.Module, name: str) -> bool:
    return any(isinstance(module, CONVOLUTIONS) for module in _submodule(model, name).modules())
