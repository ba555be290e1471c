"""Renew the tables and pictures of README.md and of the studies' pages from runs, studies and benchmark results.

Run after ``make quickstart``, ``python benchmarks/train_step.py`` and ``python benchmarks/fast_recipes.py``, and after
the commands in results/README.md.
"""

import re
import shutil
from pathlib import Path

ROOT = Path(__file__).parent.parent
COMPARISON = ROOT / "runs" / "quickstart" / "comparison"
PICTURES = {"sampler.png": "quickstart-sampler.png", "curves.png": "quickstart-curves.png"}
MEASURED, STUDIES = ROOT / "benchmarks" / "results", ROOT / "results"
BLOCKS = {
    "README.md": {
        "quickstart": COMPARISON / "comparison.md",
        "fast_recipes": MEASURED / "fast_recipes.md",
        "train_step": MEASURED / "train_step.md",
    },
    "docs/transforms.md": {"transforms": MEASURED / "transforms.md"},
    "docs/studies/distorted.md": {
        "table": STUDIES / "distorted" / "table.md",
        "momentum": STUDIES / "distorted" / "momentum" / "table.md",
        "homography": STUDIES / "homography" / "clean" / "comparison.md",
        "homography-projective": STUDIES / "homography" / "projective" / "comparison.md",
    },
}


def filled(page: str, name: str, content: str) -> str:
    """The page with the block between its ``begin: name`` and ``end: name`` comments replaced.

    Raises:
        ValueError: the page has no such block.
    """
    pattern = re.compile(rf"(<!-- begin: {name} -->\n).*?(<!-- end: {name} -->)", re.DOTALL)
    if not pattern.search(page):
        raise ValueError(f"the page has no block between 'begin: {name}' and 'end: {name}'")
    return pattern.sub(lambda match: f"{match[1]}{content.strip()}\n{match[2]}", page)


def main() -> None:
    """Fill every block and copy every picture; a missing source is an error that names it."""
    for path, blocks in BLOCKS.items():
        page = (ROOT / path).read_text()
        for name, source in blocks.items():
            page = filled(page, name, source.read_text())
        (ROOT / path).write_text(page)
    for source_name, target in PICTURES.items():
        shutil.copyfile(COMPARISON / source_name, ROOT / "docs" / "images" / target)


if __name__ == "__main__":
    main()
