"""Read the experiments of thousands of runs: blocks that many of them share are parsed once.

Runs of a study differ in a few lines. A file that `Run.create` wrote has each field of the experiment on a line of its
own or as a block of indented lines below it, and a parser needs a hundred times as long for such a block as for
finding it again.
"""

import contextlib
import functools
import re
from pathlib import Path
from typing import Any

import yaml

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
FIELD = re.compile(r"^(?=[A-Za-z_])", re.MULTILINE)


def read_experiment(path: Path) -> dict[str, Any]:
    """The file's fields. Blocks are shared with other runs' and must not be changed."""
    text = path.read_bytes().decode("utf-8")
    before, *blocks = FIELD.split(text)
    if not before.strip():
        # Not as we write it where a block refers to another; of damage the whole file tells the line.
        with contextlib.suppress(yaml.YAMLError):
            return {key: value for block in blocks for key, value in _parsed(block).items()}
    return _parsed(text)


@functools.lru_cache(maxsize=16384)
def _parsed(text: str) -> dict[str, Any]:
    return yaml.load(text, LOADER)
