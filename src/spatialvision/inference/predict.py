"""What a model takes image files for, in the order in which they are named."""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from spatialvision.evaluate.progress import Track, untracked
from spatialvision.inference.classifier import Classifier

Reading = list[tuple[Path, "Future[Tensor]"]]


class Guess(NamedTuple):
    """A class and its probability, which is the softmax's."""

    class_name: str
    probability: float


class Answer(NamedTuple):
    """What an image is taken for, the likeliest first."""

    path: Path
    guesses: tuple[Guess, ...]


class Unreadable(NamedTuple):
    """An image that cannot be read, and why."""

    path: Path
    reason: str


def predict(
    classifier: Classifier,
    paths: Sequence[Path],
    top: int = 5,
    batch_size: int = 64,
    track: Track = untracked,
) -> Iterator[Answer | Unreadable]:
    """Ask a model about image files.

    Files are read and resized by threads, the next batch while the model works on one; decoders do not hold the
    interpreter meanwhile. Memory holds two batches.

    Args:
        paths: of image files.
        top: so many classes are told, at most all.
        batch_size: images that the model works on at a time.
        track: shows how far it is.

    Yields:
        One for each path, in order.
    """
    batches = [paths[start : start + batch_size] for start in range(0, len(paths), batch_size)]
    with ThreadPoolExecutor() as pool, track("predicting", len(batches)) as advance:
        waiting: deque[Reading] = deque()
        for batch in batches:
            waiting.append([(path, pool.submit(classifier.preprocess, path)) for path in batch])
            if len(waiting) > 1:
                yield from _answers(classifier, waiting.popleft(), top)
                advance()
        for reading in waiting:
            yield from _answers(classifier, reading, top)
            advance()


def _answers(classifier: Classifier, reading: Reading, top: int) -> Iterator[Answer | Unreadable]:
    images = [future.result() for _, future in reading if future.exception() is None]
    guesses = iter(_guesses(classifier, torch.stack(images), top) if images else ())
    for path, future in reading:
        # A damaged file can make a decoder raise anything.
        if error := future.exception():
            yield Unreadable(path, f"{type(error).__name__}: {error}")
        else:
            yield Answer(path, next(guesses))


@torch.inference_mode()
def _guesses(classifier: Classifier, images: Tensor, top: int) -> list[tuple[Guess, ...]]:
    logits = classifier(images.to(classifier.offset.device)).double().cpu()
    # Stable, so that of equals the first class wins, as it does in measuring.
    order = logits.sort(dim=1, descending=True, stable=True).indices[:, :top]
    likely = logits.softmax(1).gather(1, order)
    names = [*classifier.class_names, *map(str, range(len(classifier.class_names), logits.shape[1]))]
    return [
        tuple(Guess(names[label], probability) for label, probability in zip(*row, strict=True))
        for row in zip(order.tolist(), likely.tolist(), strict=True)
    ]
