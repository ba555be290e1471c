"""Do the labels mean what they should? By the folders' names, and by what a trained network sees in the images.

The network is torchvision's ResNet-50, whose preparation of images (shorter side 256, centre 224, bilinear) is the
loader's own: https://docs.pytorch.org/vision/stable/models/generated/torchvision.models.resnet50.html.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn

from spatialvision.config.experiment import Experiment
from spatialvision.data.folder import FolderDataset, FolderSplit
from spatialvision.data.preparation.listing import listed
from spatialvision.data.preparation.names import CLASS
from spatialvision.doctor.finding import Finding, fine, warning, wrong
from spatialvision.doctor.samples import spread
from spatialvision.errors import DataError, RecipeError
from spatialvision.evaluate.load import ExperimentData
from spatialvision.evaluate.loaders import measuring_loader
from spatialvision.evaluate.predict import predict
from spatialvision.models.pretrained import create_timm_model, offline

WEIGHTS = "resnet50.tv_in1k"
PUBLISHED, SIZE, RESIZE = 0.7613, 224, 256
BATCH_SIZE, FEWEST = 32, 30


def imagenet_classes() -> tuple[str, ...]:
    """ImageNet's 1,000 classes in the order of the outputs of networks that are trained on it."""
    from timm.data import ImageNetInfo

    return tuple(ImageNetInfo().label_names())


def check_names(names: Sequence[str]) -> Finding:
    """What the folders' names, in the order of the labels, say about this order."""
    known = imagenet_classes()
    if tuple(names) == known:
        return fine("labels: ImageNet's 1,000 classes in their order")
    strange = sorted(set(names) - set(known))
    if not strange:
        return fine(
            f"labels: {len(names):,} of ImageNet's 1,000 classes, numbered 0 to {len(names) - 1} here; a network "
            "trained on all of them numbers them otherwise"
        )
    if all(CLASS.fullmatch(name) for name in names):
        kind = wrong if len(names) == len(known) else warning
        return kind(f"labels: {listed('folders are not of ImageNet-1k', strange)}")
    if all(re.fullmatch("[0-9]+", name) for name in names) and list(names) != sorted(names, key=int):
        return warning(
            "labels: folders count by their names as text, so that 10 comes before 2, and labels are not the folders' "
            "numbers; give all as many digits (02, 10)"
        )
    return fine(f"labels: folders by their names, from 0 = {names[0]} to {len(names) - 1} = {names[-1]}")


def outputs_of(names: Sequence[str]) -> Tensor | None:
    """For each label the output of a network trained on ImageNet, int64 (classes,); None where it has none."""
    places: Mapping[str, int] = {name: place for place, name in enumerate(imagenet_classes())}
    if all(name in places for name in names):
        return torch.tensor([places[name] for name in names])
    return torch.arange(len(names)) if len(names) == len(places) else None


def check_labels(
    experiment: Experiment,
    data: ExperimentData,
    device: torch.device,
    images: int,
    weights: Path | None,
    offline_only: bool,
) -> Iterator[Finding]:
    """Compare a trained network's answers on some images of each split with their labels.

    Args:
        images: how many of each split.
        weights: a file with the network's weights; None: timm's, from this machine's cache or fetched.
        offline_only: never fetch them.

    Raises:
        RecipeError: the file with the weights is missing, damaged or holds others.
    """
    assert isinstance(data.dataset, FolderDataset)  # checked before
    outputs = outputs_of(data.dataset.class_names)
    if outputs is None:
        yield warning("labels: not checked by a trained network, as these are not ImageNet's classes")
        return
    try:
        network = trained_network(weights, offline_only).to(device)
    except DataError:
        yield warning(
            "labels: not checked by a trained ResNet-50, whose weights are not on this machine, or are damaged, and "
            "were not fetched; run this once where they can be, or give them by --weights FILE"
        )
        return
    dataset = replace(data.dataset, reading=replace(data.dataset.reading, size=SIZE, resize=RESIZE))
    # Normalised also where the recipe's own model does that itself.
    seen = replace(data, dataset=dataset, mean=dataset.mean, std=dataset.std)
    for name, split in data.splits.items():
        assert isinstance(split, FolderSplit)  # as the dataset is
        loader = measuring_loader(experiment, seen, split, device)
        answered = predict(network, loader, spread(len(split), images), BATCH_SIZE)
        assert answered is not None  # nothing can stop it here
        logits, labels = answered
        yield judge(name, int((logits[:, outputs].argmax(1) == labels).sum()), len(labels), len(outputs))


def trained_network(weights: Path | None, offline_only: bool) -> nn.Module:
    """ResNet-50 with torchvision's first weights.

    Raises:
        DataError: they are damaged, or not on this machine, and cannot or must not be fetched.
        RecipeError: there is no such file, or it is damaged or holds others.
    """
    if weights is not None and not weights.is_file():
        raise RecipeError(f"--weights {weights}: no such file")
    own = {} if weights is None else {"pretrained_cfg_overlay": {"file": str(weights)}}
    try:
        with offline(offline_only):
            return create_timm_model(WEIGHTS, True, own).eval()
    except (DataError, ValueError) as error:
        if weights is None:
            raise DataError(str(error)) from error
        raise RecipeError(f"--weights {weights}: expected those of a ResNet-50: {error}") from error


def judge(split: str, right: int, count: int, classes: int) -> Finding:
    """Whether so many right answers are what chance makes of the published share: four standard errors.

    Of a part of the classes, which may be hard ones, half of that share is enough: in another order it is almost none.
    """
    if count < FEWEST:
        return warning(
            f"{split}: {count} images are too few to check the labels; expected {FEWEST} or more (--images)"
        )
    expected = PUBLISHED if classes == len(imagenet_classes()) else PUBLISHED / 2
    lowest = expected - 4 * math.sqrt(expected * (1 - expected) / count)
    share = f"{split}: a trained ResNet-50 is right on {right:,} of {count:,} images, {right / count:.1%}"
    known = f"{PUBLISHED:.1%} on all validation images are published"
    if right / count >= lowest:
        return fine(f"{share}; {known}")
    return wrong(
        f"{share}; {known}: the labels are in another order, images lie in other classes' folders, or they are "
        "prepared otherwise (data.mean, data.std)"
    )
