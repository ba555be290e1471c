"""What README.md and the pages hold between fences and in backticks, as their reader meets it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "results" / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
MARK = re.compile(r"<!-- test: (\S+) -->")
FILE = re.compile(r"# (\S+\.(?:py|yaml))\n")
PROGRAMS = ("spatialvision", "make", "python")


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Attributes:
        language: the word after the fence.
        mark: NAME of a comment ``<!-- test: NAME -->`` before it, or empty.
        place: page and line.
    """

    language: str
    content: str
    mark: str
    place: str

    @property
    def file(self) -> str | None:
        """The file that the reader is to write, which the first line names."""
        found = FILE.match(self.content)
        return found[1] if found else None

    @property
    def script(self) -> str:
        """The commands of a block in the shell's language, without what they print."""
        if self.language == "bash":
            return self.content
        return "".join(f"{command}\n" for command in console_commands(self.content))


def console_commands(content: str) -> Iterator[str]:
    """What stands after ``$`` on a console, with the lines that continue it."""
    lines = iter(content.splitlines())
    for line in lines:
        if line.startswith("$ "):
            command = line.removeprefix("$ ")
            while command.endswith("\\"):
                command += "\n" + next(lines)
            yield command


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks(page: Path) -> list[Block]:
    """The fenced and indented blocks of a page, in order."""
    found, mark = [], ""
    for token in MarkdownIt("commonmark").parse(page.read_text()):
        if token.type in ("fence", "code_block"):
            place = f"{name(page)}:{token.map[0] + 1}" if token.map else name(page)
            found.append(Block(token.info.strip(), token.content, mark, place))
        match = MARK.fullmatch(token.content.strip()) if token.type == "html_block" else None
        mark = match[1] if match else ""
    return found


def inline_commands(page: Path) -> list[str]:
    """What the page says in backticks, as far as it begins as a command does."""
    tokens = MarkdownIt("commonmark").enable("table").parse(page.read_text())
    children = [child for token in tokens for child in token.children or ()]
    texts = [child.content for child in children if child.type == "code_inline"]
    return [text for text in texts if text.split() and text.split()[0] in PROGRAMS]


def links(page: Path) -> list[str]:
    """Where the page's links lead and its pictures lie."""
    tokens = MarkdownIt("commonmark").enable("table").parse(page.read_text())
    children = [child for token in tokens for child in token.children or ()]
    found = [child.attrs.get("href") or child.attrs.get("src") for child in children]
    return [str(target) for target in found if target]


def save_files(page: Path, folder: Path) -> None:
    """Write the files that the page has its reader write."""
    for block in blocks(page):
        if block.file:
            (folder / block.file).write_text(block.content)
