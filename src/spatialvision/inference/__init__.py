"""Trained models at work: loaded with their preprocessing, asked about image files, exported for use elsewhere."""

from spatialvision.inference.classifier import Classifier
from spatialvision.inference.load import load_model
from spatialvision.inference.predict import predict

__all__ = ["Classifier", "load_model", "predict"]
