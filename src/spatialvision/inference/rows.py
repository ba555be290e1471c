"""Answers as text: CSV (RFC 4180) or JSON lines, which hold any file name, line breaks and quotes included."""

import csv
import json
from collections.abc import Callable
from typing import Protocol, TextIO

from spatialvision.inference.predict import Answer


class Rows(Protocol):
    """Writes answers to a text file, one after another."""

    def write(self, answer: Answer) -> None:
        """One more row."""


class CsvRows:
    """A row for each image: ``path``, then ``class_1``, ``probability_1``, ``class_2`` and so on.

    Args:
        file: open for writing.
        top: how many classes each answer has.
    """

    def __init__(self, file: TextIO, top: int):
        self._writer = csv.writer(file, lineterminator="\n")
        numbered = [f"{what}_{place}" for place in range(1, top + 1) for what in ("class", "probability")]
        self._writer.writerow(["path", *numbered])

    def write(self, answer: Answer) -> None:
        """One more row."""
        cells = [cell for guess in answer.guesses for cell in (guess.class_name, rounded(guess.probability))]
        self._writer.writerow([str(answer.path), *cells])


class JsonRows:
    """A line for each image: ``{"path": …, "top": [{"class": …, "probability": …}, …]}``, in ASCII.

    Args:
        file: open for writing.
        top: how many classes each answer has, which no line needs to be told.
    """

    def __init__(self, file: TextIO, top: int):
        self._file = file

    def write(self, answer: Answer) -> None:
        """One more line."""
        top = [
            {"class": each.class_name, "probability": rounded(each.probability)} for each in answer.guesses
        ]
        self._file.write(json.dumps({"path": str(answer.path), "top": top}) + "\n")


def rounded(probability: float) -> float:
    """To six significant digits, about what float32 has."""
    return float(f"{probability:.6g}")


FORMATS: dict[str, Callable[[TextIO, int], Rows]] = {"csv": CsvRows, "jsonl": JsonRows}
"""By what ``--format`` calls them."""
