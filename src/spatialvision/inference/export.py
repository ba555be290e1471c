"""A run's model in one file for use elsewhere, checked on real images before it gets its name, and its card."""

from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn

from spatialvision.data.loader import Loader
from spatialvision.data.preparation.space import check_space
from spatialvision.errors import ExportError, RecipeError
from spatialvision.evaluate.evaluate import load_run_model
from spatialvision.evaluate.load import experiment_of, load_data
from spatialvision.evaluate.loaders import measuring_loader
from spatialvision.evaluate.progress import Track, untracked
from spatialvision.inference.card import model_card
from spatialvision.inference.facts import facts_of, facts_text
from spatialvision.inference.formats import FORMATS, Answering
from spatialvision.inference.load import load_model
from spatialvision.registry import suggestion
from spatialvision.runs.directory import Run
from spatialvision.runs.storage import refuse_existing, replacing, write_text

LIMIT = 1e-4
"""The largest absolute difference of a logit that is put up with."""
AT_A_TIME = 32


class Exported(NamedTuple):
    """What came out.

    Args:
        path: of the model.
        card: of its description, in Markdown.
        images: of the test split that it was checked on.
        difference: largest absolute difference of a logit.
    """

    path: Path
    card: Path
    images: int
    difference: float


def export(
    run: Run,
    form: str,
    to: Path | None = None,
    *,
    images: int = 200,
    data_root: Path,
    offline: bool = False,
    overwrite: bool = False,
    track: Track = untracked,
) -> Exported:
    """Write a finished run's model with its preprocessing's numbers, and a card beside it.

    The file takes float32 images (B, C, H, W) in [0, 1], any B, and normalises them inside. It is written under
    another name first, opened again, and answers for images of the test split, in batches of 1 and more; only if it
    answers as the run's own model does in measuring it gets its name.

    Args:
        form: "onnx", "pt2" (``torch.export``) or "safetensors" (weights, for ``load_model``).
        to: the file; by default ``export/model.<format>`` in the run.
        images: how many it is checked on, at least 1, spread evenly over the test split.
        offline: never connect to a network for the test split.
        overwrite: replace files that are there.
        track: shows how far it is.

    Raises:
        ValueError: it is to be checked on no image.
        RecipeError: no such format, a file is there, a package is missing, the run is not finished, or another version
            wrote its experiment.
        ExportError: the file answers otherwise by more than 1e-4; nothing is left of it.
        DataError: weights or data are damaged, or data are missing.
        StorageError: the disk has not enough room.
    """
    if form not in FORMATS:
        raise RecipeError(f"unknown format {form!r}{suggestion(form, FORMATS)}")
    if images < 1:
        raise ValueError(f"images: expected at least 1 to check the file on, got {images}")
    format_ = FORMATS[form]
    format_.check()
    path = _free_path(to or run.path / "export" / f"model{format_.suffix}", format_.suffix, overwrite)
    classifier = load_model(run, data_root=data_root, offline=offline).to(
        memory_format=torch.contiguous_format
    )
    check = _Check(run, images, data_root, offline)
    facts = facts_of(run, classifier.inputs)
    check_space(path.parent, sum(value.nbytes for value in classifier.state_dict().values()))
    with replacing(path) as temporary:
        format_.write(classifier, facts_text(facts), temporary)
        difference = check.difference(format_.open(temporary), track)
        if not difference <= LIMIT:  # nor is NaN
            raise ExportError(
                f"{path} was not written: as {form} the model's logits differ by {difference:.2g} on {check.images} "
                f"test images, expected at most {LIMIT:g}"
            )
    card = _card_of(path)
    write_text(card, model_card(facts, run, path.name, format_.usage, check.images, difference))
    return Exported(path, card, check.images, difference)


def _free_path(path: Path, suffix: str, overwrite: bool) -> Path:
    """The path, unless it may not be written to."""
    if path.suffix != suffix:
        raise RecipeError(f"--to {path}: expected a name that ends in {suffix}")
    for file in (path, _card_of(path)):
        refuse_existing(file, overwrite, "--to")
    return path


def _card_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.md")


class _Check:
    """Images of a run's test split, and the run's own model."""

    def __init__(self, run: Run, images: int, data_root: Path, offline: bool):
        experiment = experiment_of(run)
        data = load_data(experiment, data_root, offline)
        split = data.splits["test"]
        self._model: nn.Module = load_run_model(run, experiment, data.dataset, "cpu")
        self._loader: Loader = measuring_loader(experiment, data, split, torch.device("cpu"))
        self.images = min(images, len(split))
        self._positions = torch.linspace(0, len(split) - 1, self.images).round().long()

    @torch.inference_mode()
    def difference(self, answering: Answering, track: Track) -> float:
        """The largest absolute difference of a logit."""
        parts = [self._positions[:1], *self._positions[1:].split(AT_A_TIME)]
        batches = [part for part in parts if len(part)]
        largest = torch.tensor(0.0)
        with track("checking", len(batches)) as advance:
            for positions in batches:
                largest = torch.maximum(largest, self._difference(answering, positions))  # keeps a NaN
                advance()
        return largest.item()

    def _difference(self, answering: Answering, positions: Tensor) -> Tensor:
        expected = self._model(self._loader.batch(positions, epoch=0).images)
        found = answering(self._loader.images_from(positions).contiguous())
        return (found - expected).abs().amax()
