"""Reads, decodes and crops image files, a few at a time; what worker processes run."""

from typing import NamedTuple

import torch
from torch import Tensor

from spatialvision.data.decoders import DECODERS
from spatialvision.data.folder import FolderSplit
from spatialvision.data.framing import Crop, show
from spatialvision.data.picture import Decode, read_picture
from spatialvision.data.randomness import sample_keys, uniform

CHUNK = 32
"""Images at a time, whatever the size of a batch: what a worker has ready stays small."""


class Request(NamedTuple):
    """Positions in a split, those of further copies included, and the epoch."""

    positions: list[int]
    epoch: int


class Chunk(NamedTuple):
    """What became of a request.

    Args:
        pictures: uint8 (n, size, size, 3), in the order of the positions; black where an image is broken.
        broken: place in the request to the reason.
    """

    pictures: Tensor
    broken: dict[int, str]


def requests(positions: Tensor, epoch: int) -> list[Request]:
    """What to ask for to get the pictures at ``positions`` (int64 (B,))."""
    return [Request(part.tolist(), epoch) for part in positions.split(CHUNK)]


class Reader:
    """Delivers pictures of a split by position.

    An image's crop is a function of (seed, epoch, position), so it does not matter who reads it, and when.

    Args:
        split: the files.
        crop: what is shown of each.
        size: height and width of the pictures.
        decoder: the name of one that is installed.
        seed: the experiment's seed.
    """

    def __init__(self, split: FolderSplit, crop: Crop, size: int, decoder: str, seed: int):
        self.split = split
        self.crop = crop
        self.size = size
        self.decoder = decoder
        self.seed = seed

    def __getitem__(self, request: Request) -> Chunk:
        """The pictures of a request; one that cannot be read is no reason to leave the others out."""
        keys = sample_keys(self.seed, request.epoch, torch.tensor(request.positions, dtype=torch.int64))
        draws = uniform(keys, self.crop.draws, "crop").tolist()
        pictures = torch.zeros(len(request.positions), self.size, self.size, 3, dtype=torch.uint8)
        broken, decode = {}, DECODERS[self.decoder].decode
        for place, (position, numbers) in enumerate(zip(request.positions, draws, strict=True)):
            try:
                pictures[place] = self._picture(position % len(self.split), numbers, decode)
            except Exception as error:  # a damaged file can make a decoder raise anything
                broken[place] = f"{type(error).__name__}: {error}"
        return Chunk(pictures, broken)

    def _picture(self, position: int, draws: list[float], decode: Decode) -> Tensor:
        picture = read_picture(self.split.path(position).read_bytes(), decode)
        framing = self.crop(picture.shape[:2], self.size, draws)
        # torch has no tensors whose strides are negative, as those of a turned picture may be.
        whole = torch.from_numpy(picture if min(picture.strides) > 0 else picture.copy())
        return show(whole, framing, self.size)
