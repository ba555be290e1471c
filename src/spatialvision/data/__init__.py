"""Datasets in memory, their splits, order, random numbers, augmentation and batches."""

from spatialvision.data import cifar, digits, distortions, mnist  # noqa: F401  (they register what they hold)
from spatialvision.data.augmentation import Augmentation
from spatialvision.data.dataset import ImageDataset, Split, hold_out
from spatialvision.data.load import load_dataset
from spatialvision.data.loader import Batch, InMemoryLoader
from spatialvision.data.order import sample_indices, steps_per_epoch
from spatialvision.data.randomness import derive_seed, normal, sample_keys, uniform
from spatialvision.data.root import default_data_root

__all__ = [
    "Augmentation",
    "Batch",
    "ImageDataset",
    "InMemoryLoader",
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
