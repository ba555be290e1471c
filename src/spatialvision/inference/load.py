"""From a finished run, or an exported ``.safetensors`` file, to a model that is ready for images."""

import json
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file

from spatialvision.config.experiment import Experiment
from spatialvision.data.root import default_data_root
from spatialvision.errors import DataError, RecipeError
from spatialvision.evaluate.evaluate import load_run_model, usable_device
from spatialvision.evaluate.inputs import Inputs
from spatialvision.evaluate.load import (
    experiment_of,
    load_data,
    statistics,
    untrained_model,
    without_pretrained,
)
from spatialvision.inference.classifier import Classifier
from spatialvision.inference.facts import KEY
from spatialvision.runs.directory import INPUTS, Run
from spatialvision.workbench import import_files, registries


def load_model(
    source: Run | Path | str,
    *,
    data_root: Path | str | None = None,
    offline: bool = False,
    device: str = "cpu",
) -> Classifier:
    """A trained model with its preprocessing, in evaluation mode; it computes in float32.

    Args:
        source: a finished run or its folder, or a ``.safetensors`` file that ``spatialvision export`` wrote. A run
            brings its own imported files along; for such a file, import them first.
        data_root: the folder of all datasets, which only a run without ``inputs.json`` needs: its statistics and
            class names are then read off the dataset. By default the usual one.
        offline: never connect to a network for that.
        device: "cpu", "cuda" or "auto".

    Raises:
        RecipeError: there is no run, it is not finished, its model is not registered, or another version wrote its
            experiment.
        DataError: the weights are damaged, data are missing, or another version wrote the file.
    """
    if not isinstance(source, Run) and Path(source).suffix == ".safetensors":
        registries()
        return _of_file(Path(source), usable_device(device))
    run = source if isinstance(source, Run) else Run(source)
    import_files(run.imports)
    experiment = experiment_of(run)
    found_root = Path(data_root) if data_root else default_data_root()
    inputs = inputs_of(run, experiment, found_root, offline)
    network = load_run_model(run, experiment, inputs, usable_device(device))
    return Classifier(network, inputs, *statistics(experiment, inputs)).to(usable_device(device))


def inputs_of(run: Run, experiment: Experiment, data_root: Path, offline: bool) -> Inputs:
    """What a run's images are; runs from before it was written down need their dataset for that."""
    written = run.read_json(INPUTS)
    return load_data(experiment, data_root, offline).inputs if written is None else Inputs.from_json(written)


def _of_file(path: Path, device: str) -> Classifier:
    if not path.is_file():
        raise RecipeError(f"{path}: no such file; expected a run's folder or an exported .safetensors file")
    try:
        with safe_open(path, "pt") as file:
            text = (file.metadata() or {}).get(KEY)
        weights = load_file(path)
    except SafetensorError as error:
        raise DataError(f"{path} is not a readable .safetensors file: {error}") from error
    if text is None:
        raise RecipeError(f"{path} holds weights alone; expected a file that 'spatialvision export' wrote")
    try:
        facts = json.loads(text)
        experiment = Experiment.model_validate(facts["experiment"])
        inputs = Inputs.from_json(facts["inputs"])
        network = untrained_model(without_pretrained(experiment), inputs, device)
        network.load_state_dict(weights)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise DataError(
            f"{path} does not fit this version of spatialvision ({error}); export the run anew"
        ) from error
    return Classifier(network, inputs, *statistics(experiment, inputs)).to(device)
