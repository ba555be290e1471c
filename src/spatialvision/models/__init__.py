"""Classifiers built from the spatial modules, registered by name. Importing it registers them all."""

from spatialvision.models import stn
from spatialvision.models.build import build_model
from spatialvision.models.protocols import HasTheta
from spatialvision.models.summary import format_summary, layer_summary

__all__ = ["HasTheta", "build_model", "format_summary", "layer_summary", "stn"]
