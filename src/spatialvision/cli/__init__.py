"""The command line: thin commands that import what is heavy only when they run."""

from spatialvision.cli.app import app
from spatialvision.cli.main import main

__all__ = ["app", "main"]
