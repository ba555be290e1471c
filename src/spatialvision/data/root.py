"""Where datasets live when nobody says otherwise."""

import os
from pathlib import Path


def default_data_root() -> Path:
    """The folder that datasets are read from and downloaded into.

    Returns:
        ``SPATIALVISION_DATA`` if it is set, else ``XDG_CACHE_HOME/spatialvision``, else
        ``~/.cache/spatialvision``. The folder need not exist.
    """
    if chosen := os.environ.get("SPATIALVISION_DATA"):
        return Path(chosen).expanduser()
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache).expanduser() if cache else Path.home() / ".cache") / "spatialvision"
