"""Photographs in folders: anybody's own, and ImageNet's.

Russakovsky et al., "ImageNet Large Scale Visual Recognition Challenge", https://arxiv.org/abs/1409.0575. The
statistics are those that its pretrained networks have been normalised with since
https://github.com/facebookarchive/fb.resnet.torch.
"""

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Literal

from spatialvision.data.decoders import choose_decoder
from spatialvision.data.folder import FolderDataset, find_classes, find_images
from spatialvision.data.preparation.cores import available_cores
from spatialvision.data.reading import Policy, Reading
from spatialvision.errors import DataError
from spatialvision.registry import register_dataset

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
DecoderName = Literal["auto", "simplejpeg", "torchcodec", "pillow"]
Three = tuple[float, float, float]


@register_dataset
def folder(
    data_root: Path,
    path: str,
    size: int = 224,
    resize: int | None = None,
    crop_scale: tuple[float, float] = (0.08, 1.0),
    crop_ratio: tuple[float, float] = (3 / 4, 4 / 3),
    mean: Three = MEAN,
    std: Three = STD,
    decoder: DecoderName = "auto",
    workers: int | None = None,
    broken: Policy = "error",
    most_broken: int = 100,
) -> FolderDataset:
    """Image files in ``path/train/<class>`` and ``path/test/<class>``, or ``val``; with both, ``val`` is for choices.

    They may be of any size and format. Training shows a random part of each, measuring the centre.

    Args:
        data_root: the folder of all datasets, which a relative path starts at.
        path: the folder that holds ``train``.
        size: height and width that pictures are cropped to, in pixels.
        resize: for measuring, the shorter side is resized to this first; null: 8/7 of ``size``.
        crop_scale: for training, least and largest share of an image's area that is shown.
        crop_ratio: for training, least and largest width / height of what is shown.
        mean: of red, green and blue in [0, 1], which is subtracted; by default ImageNet's.
        std: which is divided by; by default ImageNet's.
        decoder: of JPEG files; auto: the fastest that is installed.
        workers: processes that decode, for each training process; null: the cores of its share but one.
        broken: what to do about images that cannot be read: end with an error; skip them in training (and put a plain
            picture in their place in measuring, where every image counts); replace them by a plain picture.
        most_broken: images that are skipped or replaced before the run ends after all.

    Raises:
        DataError: folders or images are missing.
        RecipeError: the decoder is not installed.
        ValueError: a setting is out of range.
    """
    reading = Reading(
        size=size,
        resize=round(size * 8 / 7) if resize is None else resize,
        crop_scale=crop_scale,
        crop_ratio=crop_ratio,
        decoder=choose_decoder(decoder).name,
        workers=usual_workers() if workers is None else workers,
        broken=broken,
        most_broken=most_broken,
    )
    return _open(data_root / Path(path).expanduser(), reading, mean, std)


@register_dataset
def imagenet(
    data_root: Path,
    path: str = "imagenet",
    size: int = 224,
    resize: int | None = None,
    crop_scale: tuple[float, float] = (0.08, 1.0),
    crop_ratio: tuple[float, float] = (3 / 4, 4 / 3),
    mean: Three = MEAN,
    std: Three = STD,
    decoder: DecoderName = "auto",
    workers: int | None = None,
    broken: Policy = "error",
    most_broken: int = 100,
) -> FolderDataset:
    """ImageNet, or some of its classes, in ``path/train/<wnid>`` and ``path/val/<wnid>``, which is its test split.

    Args:
        data_root: the folder of all datasets, which a relative path starts at.
        path: the folder that holds ``train`` and ``val``.
        size: as for ``folder``, like all that follow.
        resize: see ``folder``.
        crop_scale: see ``folder``.
        crop_ratio: see ``folder``.
        mean: see ``folder``.
        std: see ``folder``.
        decoder: see ``folder``.
        workers: see ``folder``.
        broken: see ``folder``.
        most_broken: see ``folder``.

    Raises:
        DataError: folders or images are missing, or a folder is not called by the number of a WordNet synset.
    """
    settings = (size, resize, crop_scale, crop_ratio, mean, std, decoder, workers, broken, most_broken)
    dataset = replace(folder(data_root, path, *settings), name="imagenet")
    for name in dataset.class_names:
        if re.fullmatch("n[0-9]{8}", name) is None:
            raise DataError(
                f"{dataset.train.folder}: expected folders called n and eight digits, such as n01440764, got {name}; "
                "for other images take data.name=folder"
            )
    return dataset


def usual_workers() -> int:
    """The cores of this process's share, without one for the training itself; at least 1."""
    return max(1, available_cores() // int(os.environ.get("LOCAL_WORLD_SIZE", "1")) - 1)


def _open(path: Path, reading: Reading, mean: Three, std: Three) -> FolderDataset:
    class_names = find_classes(path / "train")
    measured = {split: path / split for split in ("val", "test") if (path / split).is_dir()}
    if not measured:
        raise DataError(f"{path}: expected a folder val or test beside train, with the same classes")
    found = {split: find_images(place, class_names) for split, place in measured.items()}
    return FolderDataset(
        name="folder",
        train=find_images(path / "train", class_names),
        test=found["test"] if "test" in found else found["val"],
        class_names=class_names,
        reading=reading,
        mean=tuple(mean),
        std=tuple(std),
        validation=found["val"] if len(found) == 2 else None,
    )
