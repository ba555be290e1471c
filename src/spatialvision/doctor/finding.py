"""What the doctor says."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is: nothing, worth a look, or the data must not be trained on like this."""

    FINE = "fine"
    WARNING = "warning"
    WRONG = "wrong"


@dataclass(frozen=True)
class Finding:
    """One result of one check.

    Attributes:
        level: how bad it is.
        text: what was found, and what to do about it.
    """

    level: Level
    text: str

    def __str__(self) -> str:
        """The level, then the text, further lines of it below its first."""
        indent = "\n" + " " * 9
        return f"{self.level:<7}  {self.text.replace(chr(10), indent)}"


def fine(text: str) -> Finding:
    """Nothing to do."""
    return Finding(Level.FINE, text)


def warning(text: str) -> Finding:
    """Worth a look."""
    return Finding(Level.WARNING, text)


def wrong(text: str) -> Finding:
    """The data are not what they should be."""
    return Finding(Level.WRONG, text)
