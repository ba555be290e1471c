"""Renew the tables and pictures of README.md from run directories and benchmark results.

Run after ``make quickstart``, ``python benchmarks/train_step.py`` and ``python benchmarks/fast_recipes.py``.
"""

import re
import shutil
from pathlib import Path

ROOT = Path(__file__).parent.parent
COMPARISON = ROOT / "runs" / "quickstart" / "comparison"
PICTURES = {"sampler.png": "quickstart-sampler.png", "curves.png": "quickstart-curves.png"}
BLOCKS = {
    "quickstart": COMPARISON / "comparison.md",
    "fast_recipes": ROOT / "benchmarks" / "results" / "fast_recipes.md",
    "train_step": ROOT / "benchmarks" / "results" / "train_step.md",
}


def filled(page: str, name: str, content: str) -> str:
    """The page with the block between its ``begin: name`` and ``end: name`` comments replaced.

    Raises:
        ValueError: the page has no such block.
    """
    pattern = re.compile(rf"(<!-- begin: {name} -->\n).*?(<!-- end: {name} -->)", re.DOTALL)
    if not pattern.search(page):
        raise ValueError(f"README.md has no block between 'begin: {name}' and 'end: {name}'")
    return pattern.sub(lambda match: f"{match[1]}{content.strip()}\n{match[2]}", page)


def main() -> None:
    """Fill every block and copy every picture; a missing source is an error that names it."""
    readme = ROOT / "README.md"
    page = readme.read_text()
    for name, source in BLOCKS.items():
        page = filled(page, name, source.read_text())
    readme.write_text(page)
    for source_name, target in PICTURES.items():
        shutil.copyfile(COMPARISON / source_name, ROOT / "docs" / "images" / target)


if __name__ == "__main__":
    main()
