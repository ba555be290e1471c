"""A Sphinx extension: the directive ``listing`` writes out what is registered, so that no page has to repeat it.

Its argument says of what: ``recipes``, ``fields``, ``commands``, ``transforms``, or a kind of builder such as
``datasets``. Names, options and meanings come from recipes, signatures and docstrings.
"""

import re
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from models import entry, first_line
from spatialvision.config.recipe import load_layers, shipped_recipes
from spatialvision.config.showing import field_lines
from spatialvision.models.transforms import TransformName, make_transform
from spatialvision.workbench import registries

BLOCKS = {
    "datasets": "data",
    "distortions": "distortion",
    "objectives": "objective",
    "evaluators": "evaluation.evaluators",
}


def table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Rows of Markdown cells as a table."""
    heading = list(columns)
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join(f"| {' | '.join(_cell(text) for text in line)} |" for line in lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def recipes() -> Iterator[str]:
    """A table for each family: recipe, question, cost."""
    families: dict[str, list[tuple[str, str, str]]] = {}
    for name in shipped_recipes():
        about: Mapping[str, str] = load_layers(name).tree.get("about", {})
        row = (f"`{name}`", about.get("question", ""), about.get("cost", ""))
        families.setdefault(name.partition("/")[0], []).append(row)
    for family, rows in families.items():
        yield f"## `{family}`\n\n{table(('recipe', 'question', 'cost'), rows)}"


def fields() -> Iterator[str]:
    """Every field of a recipe."""
    cells = [re.split(" {2,}", line.rstrip(), maxsplit=3) for line in field_lines()]
    rows = [(f"`{name}`", kind, f"`{default}`", *meaning) for name, kind, default, *meaning in cells]
    yield table(("field", "type", "default", "meaning"), rows)


def builders(kind: str) -> Iterator[str]:
    """The registered builders of a kind with their options."""
    registry, supplied = registries()[BLOCKS[kind]]
    for name in registry:
        yield entry(name, registry[name], supplied)


def transforms() -> Iterator[str]:
    """The families of warps that a recipe's ``transform`` chooses from."""
    rows = []
    for name in typing.get_args(TransformName):
        transform = make_transform(name, (32, 32), 4)
        rows.append((f"`{name}`", str(transform.num_parameters), first_line(type(transform))))
    yield table(("transform", "numbers", "what it is"), rows)


def commands() -> Iterator[str]:
    """Every command with its arguments and options, and its example."""
    import typer

    from spatialvision.cli import app

    yield from _command("spatialvision", typer.main.get_command(app))


def _command(path: str, command: typing.Any) -> Iterator[str]:
    for name, below in getattr(command, "commands", {}).items():
        yield from _command(f"{path} {name}", below)
    if hasattr(command, "commands"):
        return
    yield f"## `{path}`\n\n{command.help}\n"
    rows = [
        (_spelled(each), each.help or "", _default(each)) for each in command.params if each.name != "help"
    ]
    if rows:
        yield table(("argument", "meaning", "default"), rows)
    if command.epilog:
        yield f"{command.epilog}\n"


def _spelled(parameter: typing.Any) -> str:
    option = parameter.param_type_name == "option"
    return f"`{parameter.opts[0] if option else parameter.metavar or parameter.name.upper()}`"


def _default(parameter: typing.Any) -> str:
    default = parameter.default
    return "" if default in (None, False, [], ()) or callable(default) else f"`{default}`"


LISTINGS: dict[str, Callable[[], Iterator[str]]] = {
    "recipes": recipes,
    "fields": fields,
    "transforms": transforms,
    "commands": commands,
}


class Listing(SphinxDirective):
    """```` ```{listing} recipes ```` and so on."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """The listing, parsed as a part of the page."""
        kind = self.arguments[0]
        parts = LISTINGS[kind]() if kind in LISTINGS else builders(kind)
        return self.parse_text_to_nodes("\n".join(parts), allow_section_headings=True)


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.add_directive("listing", Listing)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
