"""What a run starts with beside its recipe: weights of another run, and the user's own files."""

import logging
from pathlib import Path

from safetensors.torch import load as load_tensors
from torch import nn

from spatialvision.errors import DataError, RecipeError
from spatialvision.runs.storage import write_bytes
from spatialvision.workbench import imported_files

log = logging.getLogger("spatialvision")

WEIGHTS = "model.safetensors"


def load_initial_weights(model: nn.Module, source: Path) -> None:
    """Take weights, and nothing else, from a finished run or a ``.safetensors`` file.

    Raises:
        RecipeError: there is no such file, or its tensors are not this model's.
        DataError: the file is damaged.
    """
    path = source / WEIGHTS if source.is_dir() else source
    if not path.is_file():
        raise RecipeError(
            f"--init-from {source}: no weights at {path}; expected a finished run or a .safetensors file"
        )
    try:
        weights = load_tensors(path.read_bytes())
    except Exception as error:
        raise DataError(f"{path} is not a readable .safetensors file: {error}") from error
    expected = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    got = {name: tuple(value.shape) for name, value in weights.items()}
    wrong = [
        f"{name}: expected {expected.get(name, 'nothing')}, got {got.get(name, 'nothing')}"
        for name in sorted({*expected, *got})
        if expected.get(name) != got.get(name)
    ]
    if wrong:
        listed = "\n  ".join(wrong[:8])
        raise RecipeError(f"--init-from {path}: the weights are another model's:\n  {listed}")
    model.load_state_dict(weights)


def keep_imports(folder: Path) -> None:
    """Copy the user's imported files into the run, so that it can be evaluated on its own."""
    for number, path in enumerate(imported_files()):
        kept, content = folder / "imports" / f"{number}-{path.name}", path.read_bytes()
        if kept.exists() and kept.read_bytes() != content:
            log.warning("%s has changed since this run was begun, so its results may differ", path)
        write_bytes(kept, content)
