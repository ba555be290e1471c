"""From the page's content to its HTML: nothing in it is taken for markup, and nothing but its own scripts runs."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from spatialvision.errors import RecipeError
from spatialvision.report.page.answer import Answer
from spatialvision.report.page.chart import Chart, Charts
from spatialvision.report.page.details import Details
from spatialvision.report.page.galleries import Gallery
from spatialvision.report.page.texts import embedded, readable, unbroken
from spatialvision.report.table import Table

GENERATOR = "spatialvision report"
MISSING = (
    "the report needs plotly and jinja2, of the extra 'report': pip install 'spatialvision[report]', "
    "or pip install plotly jinja2"
)


@dataclass(frozen=True)
class Galleries:
    """Galleries under one heading, and what they show."""

    heading: str
    note: str
    galleries: tuple[Gallery, ...]


@dataclass(frozen=True)
class Page:
    """Everything on the page, top to bottom.

    Attributes:
        colours: of the groups that can be switched, by label.
        elsewhere: the same comparison on other images.
        command: what made the page.
    """

    title: str
    answer: Answer
    overview: Chart
    table: Table
    colours: dict[str, str]
    elsewhere: tuple[Table, ...]
    sections: tuple[Charts, ...]
    galleries: tuple[Galleries, ...]
    details: tuple[Details, ...]
    notes: tuple[str, ...]
    command: str


def render(page: Page) -> str:
    """The page as HTML, complete in itself.

    Raises:
        RecipeError: plotly or jinja2 is not installed.
    """
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
    except ImportError as error:
        raise RecipeError(MISSING) from error
    environment = Environment(
        loader=PackageLoader("spatialvision.report", "page"),
        autoescape=True,
        finalize=finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["unbroken"] = unbroken
    charts = [page.overview, *(chart for section in page.sections for chart in section.charts)]
    numbers = {id(chart): number for number, chart in enumerate(charts)}
    scripts = (plotting_library(), own_file("page.js"))
    return environment.get_template("page.html").render(
        page=page,
        number_of=lambda chart: numbers[id(chart)],
        drawn=embedded([chart.drawn() for chart in charts]),
        policy=policy(scripts),
        library=scripts[0],
        script=scripts[1],
        style=own_file("page.css"),
        generator=GENERATOR,
        sort_key=sort_key,
    )


def finalize(value: object) -> object:
    """Plain texts lose what cannot be read; markup of our own and numbers stay as they are."""
    return readable(value) if type(value) is str else value


def policy(scripts: Sequence[str]) -> str:
    """A content security policy: these scripts by their digests, pictures inside the page, nothing else.

    plotly.js writes its own style rules, which has to be allowed; ``blob:`` is how it saves a chart as a picture.
    """
    digests = [
        base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii") for script in scripts
    ]
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )


def plotting_library() -> str:
    """plotly.js as plotly's Python package ships it.

    Raises:
        RecipeError: plotly is not installed.
    """
    try:
        from plotly.offline import get_plotlyjs
    except ImportError as error:
        raise RecipeError(MISSING) from error
    return str(get_plotlyjs())


@cache
def own_file(name: str) -> str:
    """A file beside this one."""
    return (files("spatialvision.report.page") / name).read_text("utf-8")


def sort_key(text: str) -> str:
    """What a column of numbers is sorted by: the number that a cell begins with, empty where it has none."""
    begin = text.replace("< ", "").replace(",", "").replace("−", "-").partition("\n")[0]
    word = begin.partition(" ")[0].partition("–")[0]
    try:
        return repr(float(word))
    except ValueError:
        return ""
