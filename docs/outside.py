"""A Sphinx extension: what lies outside this folder, taken into the site, and links to it that lead there.

In the repository a study links to ``../../results/README.md``; in the site that text is the page ``results``. Links to
other files outside become downloads.
"""

import os
import re
from pathlib import Path

from sphinx.application import Sphinx

HERE = Path(__file__).resolve().parent
INCLUDED = re.compile(r"```{include} (\S+)\n```\n")
LINK = re.compile(r"\]\(([\w./-]+\.md)")


def places() -> dict[Path, Path]:
    """Each outside file that is a page of the site, and the page here that is made of it."""
    found = {page: INCLUDED.fullmatch(page.read_text()) for page in HERE.glob("*.md")}
    return {(HERE / match[1]).resolve(): page for page, match in found.items() if match}


def take_inside(app: Sphinx, name: str, source: list[str]) -> None:
    """Put an outside file's text into its page, and rewrite links, before the page is read."""
    page = HERE / f"{name}.md"
    origin = page
    if match := INCLUDED.fullmatch(source[0]):
        origin = (HERE / match[1]).resolve()
        app.env.note_dependency(origin)
        source[0] = origin.read_text()
    source[0] = LINK.sub(lambda link: f"]({_target(origin.parent / link[1], page.parent)}", source[0])


def _target(path: Path, folder: Path) -> str:
    """What a link to a Markdown file says in a page of this folder."""
    place = places().get(path.resolve(), path.resolve())
    relative = os.path.relpath(place, folder)
    return relative if place.is_relative_to(HERE) else f"path:{relative}"


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("source-read", take_inside)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
