"""The command `predict`: answers to standard output or a file, and what cannot be read to standard error."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from rich.console import Console

from spatialvision.errors import RecipeError
from spatialvision.evaluate.progress import Bars
from spatialvision.inference.classifier import Classifier
from spatialvision.inference.predict import Unreadable, predict
from spatialvision.inference.rows import FORMATS
from spatialvision.registry import suggestion
from spatialvision.runs.storage import refuse_existing, replacing


def tell(
    classifier: Classifier,
    paths: Sequence[Path],
    top: int,
    form: str,
    out: Path | None,
    overwrite: bool,
    batch_size: int,
) -> int:
    """Write an answer for each image that can be read.

    Args:
        top: so many classes are told, at most all.
        form: "csv" or "jsonl".
        out: the file; None for standard output. It is there once it is complete.
        overwrite: replace the file that is there.
        batch_size: images at a time.

    Returns:
        How many images cannot be read.

    Raises:
        RecipeError: no such format, or the file is there.
        StorageError: the file cannot be written.
    """
    if form not in FORMATS:
        raise RecipeError(f"unknown format {form!r}{suggestion(form, FORMATS)}")
    if out is not None:
        refuse_existing(out, overwrite, "--out")
    # A bar would stand among the rows on the same terminal.
    bars = Bars(Console(stderr=True), visible=out is not None or not sys.stdout.isatty())
    top, broken = min(top, len(classifier.class_names)), 0
    with _opened(out) as file:
        rows = FORMATS[form](file, top)
        for found in predict(classifier, paths, top, batch_size, bars):
            if isinstance(found, Unreadable):
                broken += 1
                print(f"{str(found.path)!r} cannot be read: {found.reason}", file=sys.stderr)
            else:
                rows.write(found)
    if broken:
        print(f"{broken:,} of {len(paths):,} images cannot be read and were left out", file=sys.stderr)
    return broken


@contextmanager
def _opened(out: Path | None) -> Iterator[TextIO]:
    """Where rows go; bytes in file names that are no UTF-8 come out as they are."""
    if out is None:
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(errors="surrogateescape")
        yield sys.stdout
        return
    with replacing(out) as temporary, temporary.open("w", encoding="utf-8", errors="surrogateescape") as file:
        yield file
