"""Texts of any origin, made safe to stand on the page: in HTML, in a chart, in a script's data."""

import json
import re
import unicodedata
from typing import Any

KEPT = "\n\t"
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
HTML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
SCRIPT = str.maketrans({"&": "\\u0026", "<": "\\u003c", ">": "\\u003e"})


def readable(text: str) -> str:
    """The text with a sign in place of whatever is no character to read.

    Those are control characters, marks that turn the direction of writing, and halves of surrogate pairs, which
    stand for bytes in file names that are no UTF-8. Line breaks and tabs stay.
    """
    return "".join(
        REPLACEMENT if unicodedata.category(each)[0] == "C" and each not in KEPT else each for each in text
    )


def chart_text(text: str, longest: int = 80) -> str:
    """The text as plotly shows it letter by letter: it would take ``<b>`` or ``<a href>`` for its own."""
    line = " ".join(readable(text).split())
    return shortened(line, longest).translate(HTML)


def unbroken(text: str) -> str:
    """The text with its numbers on one line, together with their intervals and units."""
    return re.sub(r" (?=[±×%=<]|points\b)|(?<=[±×=<]) ", "\N{NO-BREAK SPACE}", text)


def shortened(text: str, longest: int) -> str:
    """The text, its middle left out where it is too long: what tells two labels apart is often at the end."""
    if len(text) <= longest:
        return text
    last = longest // 2
    return f"{text[: longest - last - 1]}…{text[-last:]}"


def embedded(value: Any) -> str:
    """JSON that can stand in a script element: no sign in it can end the element.

    Raises:
        ValueError: a number is infinite or not a number.
    """
    return json.dumps(value, allow_nan=False, separators=(",", ":")).translate(SCRIPT)
