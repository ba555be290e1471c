"""Pictures of any kind become the images that a model was measured on."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from spatialvision import Run, load_model
from spatialvision.evaluate.inputs import Inputs
from spatialvision.inference.preprocessing import Preprocessing, grey, largest_centre

GREY = Inputs("made", ("a", "b"), 1, (16, 16), (0.5,), (0.2,), (16, 16))
COLOUR = dataclasses.replace(GREY, in_channels=3, mean=(0.5,) * 3, std=(0.2,) * 3)
RANDOM = np.random.default_rng(0)


def noise(*shape: int) -> np.ndarray:
    return RANDOM.integers(0, 256, shape, dtype=np.uint8)


def test_grey_is_pillows() -> None:
    pixels = noise(64, 64, 3)
    expected = np.asarray(Image.fromarray(pixels).convert("L"))
    assert np.array_equal(grey(torch.from_numpy(pixels))[:, :, 0].numpy(), expected)


def test_every_level_of_grey_stays_what_it_is() -> None:
    levels = torch.arange(256, dtype=torch.uint8).view(16, 16)
    assert torch.equal(Preprocessing(GREY)(levels.numpy())[0], levels)


def test_the_datasets_own_images_stay_what_they_are(digits_run: Run, unpadded_digits: np.ndarray) -> None:
    image = load_model(digits_run).preprocess(unpadded_digits[3])
    assert image.shape == (1, 21, 21)
    assert np.array_equal(image[0, 2:18, 2:18].numpy(), unpadded_digits[3])
    assert image.sum() == unpadded_digits[3].sum()


@pytest.mark.parametrize("size_hw", [(40, 30), (16, 50), (7, 9), (16, 16)])
def test_other_pictures_are_cut_to_shape_and_resized_as_pillow_does(size_hw: tuple[int, int]) -> None:
    smooth = np.asarray(Image.fromarray(noise(6, 6, 3)).resize(size_hw[::-1], Image.Resampling.BICUBIC))
    side = min(size_hw)
    top, left = (size_hw[0] - side) // 2, (size_hw[1] - side) // 2
    box = (left, top, left + side, top + side)
    expected = Image.fromarray(smooth).crop(box).resize((16, 16), Image.Resampling.BILINEAR)
    found = Preprocessing(COLOUR)(smooth).permute(1, 2, 0).int()
    assert (found - torch.from_numpy(np.array(expected)).int()).abs().max() <= 1


@pytest.mark.parametrize("content_hw", [(16, 16), (10, 20), (20, 10)])
@pytest.mark.parametrize("size_hw", [(100, 64), (5, 5), (1, 300)])
def test_the_box_lies_in_the_picture_and_touches_its_edges(
    size_hw: tuple[int, int], content_hw: tuple[int, int]
) -> None:
    framing = largest_centre(size_hw, content_hw)
    for start, length, whole in zip(framing.corner, framing.box_hw, size_hw, strict=True):
        assert start >= 0
        assert start + length <= whole
    assert any(length == whole for length, whole in zip(framing.box_hw, size_hw, strict=True))


def test_paths_images_and_arrays_are_one(make_photograph: Callable[..., Image.Image], tmp_path: Path) -> None:
    photograph, prepare = make_photograph(1, (50, 70)), Preprocessing(COLOUR)
    photograph.save(tmp_path / "photograph.png")
    found = prepare(tmp_path / "photograph.png")
    assert found.shape == (3, 16, 16)
    assert torch.equal(prepare(str(tmp_path / "photograph.png")), found)
    assert torch.equal(prepare(photograph), found)
    assert torch.equal(prepare(np.asarray(photograph)), found)


def test_pictures_are_turned_upright(make_photograph: Callable[..., Image.Image], tmp_path: Path) -> None:
    photograph, prepare = make_photograph(2, (60, 40)), Preprocessing(COLOUR)
    exif = Image.Exif()
    exif[274] = 3
    photograph.rotate(180).save(tmp_path / "turned.png", exif=exif)
    assert torch.equal(prepare(tmp_path / "turned.png"), prepare(photograph))


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    prepare = Preprocessing(COLOUR)
    for wrong in (np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4), np.float32)):
        with pytest.raises(ValueError, match=r"picture: expected uint8 \(H, W\) or \(H, W, 3\), got"):
            prepare(wrong)
    with pytest.raises(FileNotFoundError):
        prepare(tmp_path / "none.png")
    with pytest.raises(ValueError, match="expected a model of images of 1 or 3 channels, this one takes 4"):
        Preprocessing(dataclasses.replace(GREY, in_channels=4))(noise(4, 4, 3))
