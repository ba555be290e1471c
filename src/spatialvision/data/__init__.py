"""Datasets in memory and in folders, their splits, order, random numbers, augmentation and batches."""

from spatialvision.data import cifar, digits, distortions, imagenet, mnist  # noqa: F401  (they register what they hold)
from spatialvision.data.augmentation import Augmentation
from spatialvision.data.colour_jitter import ColourJitter
from spatialvision.data.dataset import ImageDataset, Split, hold_out
from spatialvision.data.folder import FolderDataset, FolderSplit
from spatialvision.data.jpeg_loader import JpegLoader
from spatialvision.data.load import load_dataset
from spatialvision.data.loader import Batch, InMemoryLoader, Loader
from spatialvision.data.order import sample_indices, steps_per_epoch
from spatialvision.data.randomness import derive_seed, normal, sample_keys, uniform
from spatialvision.data.root import default_data_root

__all__ = [
    "Augmentation",
    "Batch",
    "ColourJitter",
    "FolderDataset",
    "FolderSplit",
    "ImageDataset",
    "InMemoryLoader",
    "JpegLoader",
    "Loader",
    "Split",
    "default_data_root",
    "derive_seed",
    "hold_out",
    "load_dataset",
    "normal",
    "sample_indices",
    "sample_keys",
    "steps_per_epoch",
    "uniform",
]
