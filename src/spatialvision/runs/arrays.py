"""Arrays that evaluators wrote: read as arrays or refused, never unpickled."""

import zipfile
import zlib
from collections.abc import Collection
from pathlib import Path

import numpy as np

from spatialvision.errors import DataError

# What NumPy raises for files that are cut, damaged or something else, and for objects, which it would have to unpickle.
UNREADABLE = (ValueError, EOFError, OSError, zipfile.BadZipFile, zlib.error)
# A small archive as a whole, which is read back and forth.
BUFFER = 1 << 16


def read_arrays(path: Path, names: Collection[str] | None = None) -> dict[str, np.ndarray]:
    """The arrays of an ``.npz`` file by name; none where there is no such file.

    Args:
        names: those to read, where the file has them; all by default.

    Raises:
        DataError: the file is damaged, or holds objects instead of numbers and text.
    """
    try:
        with path.open("rb", buffering=BUFFER) as file, np.load(file) as arrays:
            return {name: arrays[name] for name in arrays.files if names is None or name in names}
    except FileNotFoundError:
        return {}
    except UNREADABLE as error:
        raise DataError(
            f"{path}: expected an .npz file of arrays, as evaluators write it, got one that cannot be read ({error}); "
            "delete it and evaluate the run again"
        ) from error
