"""What a run's model makes of every image of a split, in one file: pooled features and probabilities."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple
from zipfile import ZipFile

import numpy as np
import torch
from torch import Tensor

from spatialvision.data.ahead import worker_failures_told
from spatialvision.data.folder import FolderSplit
from spatialvision.data.load import AnySplit
from spatialvision.data.preparation.space import check_space
from spatialvision.errors import RecipeError
from spatialvision.evaluate.evaluate import load_run_model, usable_device
from spatialvision.evaluate.load import experiment_of, load_data
from spatialvision.evaluate.progress import Track, untracked
from spatialvision.evaluate.subject import Subject, make_subject
from spatialvision.models.pooled import PooledFeatures
from spatialvision.runs.directory import Run
from spatialvision.runs.storage import disk_errors, refuse_existing, sync_folder

FILE = "features.npz"


class Rows(NamedTuple):
    """A batch's features (B, width) and probabilities (B, outputs), float32."""

    features: np.ndarray
    probabilities: np.ndarray


@worker_failures_told()
def extract(
    run: Run,
    split: str = "test",
    to: Path | None = None,
    *,
    data_root: Path,
    offline: bool = False,
    device: str | None = None,
    overwrite: bool = False,
    track: Track = untracked,
) -> Path:
    """Write features and probabilities of every image of a split to an ``.npz`` file.

    It holds ``features`` (N, width), what the last linear layer works on, ``probabilities`` (N, outputs), ``label``
    (N,), ``index`` (N,) in the original split, and for images in folders ``path`` (N,), beginning below the split's
    folder. Rows are in the order of the split. They go to the disk batch by batch: memory holds one batch, labels and
    paths. The disk needs room for the file and once more the probabilities, which is checked beforehand.

    Args:
        split: "test", "validation" or "train", its images as they are measured, and as many as are
            (``evaluation.train_images``).
        to: the file; by default ``features.npz`` beside the split's evaluations.
        device: "cpu", "cuda" or "auto"; by default the experiment's own.
        overwrite: replace the file that is there.
        track: shows how far it is.

    Returns:
        The file.

    Raises:
        RecipeError: there is no such split, the file is there, the model does not end in a linear layer, the run is not
            finished, or another version wrote its experiment.
        DataError: weights or data are damaged, or data are missing.
        StorageError: the disk has not enough room.
        WorkerError: a process that decodes images died, raised an error, or takes too long.
    """
    path = to or run.path / "evaluation" / split / FILE
    refuse_existing(path, overwrite, "--to")
    experiment = experiment_of(run)
    if experiment.threads is not None:
        torch.set_num_threads(experiment.threads)
    data = load_data(experiment, data_root, offline)
    if split not in data.splits:
        raise RecipeError(f"{run.path} has no split {split!r}; it has {', '.join(data.splits)}")
    model = load_run_model(run, experiment, data.dataset, usable_device(device or experiment.device))
    _write(path, make_subject(run, experiment, data, split, model, track))
    return path


def _write(path: Path, subject: Subject) -> None:
    source = _Source(subject)
    size = _size(subject.split, source.width, source.outputs)
    check_space(path.parent, size)
    temporary = path.with_name(f".{path.name}.tmp")
    with disk_errors(path, size):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("wb") as file:
                _fill(file, source, subject.split)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
            sync_folder(path.parent)
        finally:
            temporary.unlink(missing_ok=True)


class _Source:
    """Goes through a subject's images."""

    def __init__(self, subject: Subject):
        self._subject = subject
        self._positions = torch.arange(len(subject.split))
        first = subject.loader.batch(self._positions[:1], epoch=0).images
        try:
            with torch.inference_mode():
                self._pooled = PooledFeatures(subject.model, first)
        except ValueError as error:
            raise RecipeError(f"extract: {error}") from error
        self.width, self.outputs = (each.shape[1] for each in self._answers(first))

    def rows(self) -> Iterator[Rows]:
        """Of all images, in order."""
        subject, batches = self._subject, self._positions.split(self._subject.batch_size)
        subject.loader.plan((batch, 0) for batch in batches)
        try:
            with subject.track("extracting", len(batches)) as advance:
                for batch in batches:
                    yield self._answers(subject.loader.batch(batch, epoch=0).images)
                    advance()
        finally:
            subject.loader.plan(())

    @torch.inference_mode()
    def _answers(self, images: Tensor) -> Rows:
        with torch.autocast(images.device.type, torch.bfloat16, self._subject.precision == "bfloat16"):
            features, logits = self._pooled(images)
        probabilities = logits.double().softmax(1)
        return Rows(*(each.float().cpu().numpy() for each in (features, probabilities)))


def _fill(file: IO[bytes], source: _Source, split: AnySplit) -> None:
    """Write the arrays; the probabilities wait in a file of their own until the features are complete."""
    with ZipFile(file, "w") as archive, tempfile.TemporaryFile(dir=Path(file.name).parent) as waiting:
        with _member(archive, "features") as features:
            _begin(features, (len(split), source.width))
            for rows in source.rows():
                features.write(rows.features.tobytes())
                waiting.write(rows.probabilities.tobytes())
        waiting.seek(0)
        with _member(archive, "probabilities") as probabilities:
            _begin(probabilities, (len(split), source.outputs))
            shutil.copyfileobj(waiting, probabilities, 1 << 20)
        for name, values in _names(split).items():
            with _member(archive, name) as member:
                np.lib.format.write_array(member, values, allow_pickle=False)


def _member(archive: ZipFile, name: str) -> IO[bytes]:
    return archive.open(f"{name}.npy", "w", force_zip64=True)


def _begin(member: IO[bytes], shape: tuple[int, int]) -> None:
    header = {"descr": "<f4", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(member, header)


def _names(split: AnySplit) -> dict[str, np.ndarray]:
    found = {"label": split.labels.cpu().numpy(), "index": split.indices.cpu().numpy()}
    if isinstance(split, FolderSplit):
        found["path"] = np.array([os.fsdecode(name) for name in split.names])
    return found


def _size(split: AnySplit, width: int, outputs: int) -> int:
    """Bytes on the disk while the file is written: float32 rows, the probabilities twice, and what names them."""
    names = sum(values.nbytes for values in _names(split).values())
    return 4 * len(split) * (width + 2 * outputs) + names
