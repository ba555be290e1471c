"""What a run answered, image by image."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from spatialvision.runs.arrays import read_arrays
from spatialvision.runs.directory import Run

#: Images (n, C, H, W), uint8, of a run's split by their positions (n,) in it; raises DataError without the data.
ImageSource = Callable[[Run, str, np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class Answers:
    """A run's answers on one split.

    Attributes:
        index: (N,) each image's position in the original split.
        label: (N,) its class.
        prediction: (N,) the most likely class.
    """

    index: np.ndarray
    label: np.ndarray
    prediction: np.ndarray

    @property
    def correct(self) -> np.ndarray:
        """(N,) whether the most likely class is the label."""
        return self.prediction == self.label

    def of_same_images(self, other: "Answers") -> bool:
        """Whether the other answers are about the same images, in the same order."""
        return np.array_equal(self.index, other.index) and np.array_equal(self.label, other.label)


@dataclass(frozen=True, eq=False)
class Outcomes(Answers):
    """Answers with how sure the model is of them.

    Attributes:
        confidence: (N,) the probability of the most likely class, in [0, 1].
        label_probability: (N,) the probability of the label; 0 for a label that the model has no output for.
    """

    confidence: np.ndarray
    label_probability: np.ndarray


def read_answers(path: Path) -> Answers | None:
    """The classes alone, for which the file's large part need not be read; None where `read_outcomes` has none.

    Raises:
        DataError: the file is damaged, or holds objects.
    """
    names = [field.name for field in fields(Answers)]
    arrays = read_arrays(path, names)
    return Answers(**arrays) if len(arrays) == len(names) else read_outcomes(path)


def read_outcomes(path: Path) -> Outcomes | None:
    """The answers in a ``predictions.npz``, a run's or a collected one; None where there is no such file or content.

    Raises:
        DataError: the file is damaged, or holds objects.
    """
    arrays = read_arrays(path)
    if {"index", "label", "logits"} <= set(arrays):
        return make_outcomes(arrays["index"], arrays["label"], arrays["logits"])
    names = [field.name for field in fields(Outcomes)]
    return Outcomes(*(arrays[name] for name in names)) if set(names) <= set(arrays) else None


def make_outcomes(index: np.ndarray, label: np.ndarray, logits: np.ndarray) -> Outcomes:
    """Answers from logits (N, outputs)."""
    from scipy.special import softmax

    probability = softmax(logits.astype(np.float64), axis=1)
    known = np.minimum(label, logits.shape[1] - 1)
    of_label = np.take_along_axis(probability, known[:, None], axis=1)[:, 0]
    return Outcomes(
        index,
        label,
        prediction=logits.argmax(axis=1),
        confidence=probability.max(axis=1),
        label_probability=np.where(label == known, of_label, 0.0),
    )


def times_correct(found: Sequence[Answers | None]) -> np.ndarray | None:
    """(N,) by image how many runs are right; None where answers are missing or about different images."""
    known = [each for each in found if each is not None]
    if len(known) < len(found) or not all(known[0].of_same_images(each) for each in known):
        return None
    return np.sum([each.correct for each in known], axis=0)
