"""The site as ``make docs`` builds it: without a warning, complete, and asking nothing of a network."""

import os
import re
import subprocess
import sys
import typing
from pathlib import Path
from typing import Any

import pytest
from blocks import PAGES, ROOT

import spatialvision
import spatialvision.models
import spatialvision.nn
from spatialvision.config.recipe import shipped_recipes
from spatialvision.models.transforms import TransformName
from spatialvision.registry import DATASETS, DISTORTIONS, EVALUATORS, OBJECTIVES
from spatialvision.workbench import registries

DOCS = ROOT / "docs"
DIRECTIVE = re.compile(r"^\.\. auto(?:class|function):: (?:[a-z_]+\.)*(\w+)$", re.MULTILINE)


def described(page: str) -> list[str]:
    """What a page of the reference has described from its docstring."""
    return DIRECTIVE.findall((DOCS / "reference" / page).read_text())


def test_the_reference_has_every_spatial_module_once() -> None:
    assert sorted(described("nn.md")) == sorted(spatialvision.nn.__all__)


def test_the_reference_has_what_the_package_and_its_models_offer() -> None:
    found = [
        *described("python.md"),
        *re.findall(r"`(register_\w+)`", (DOCS / "reference/python.md").read_text()),
    ]
    offered = {*spatialvision.__all__, *spatialvision.models.__all__}
    modules = {name for name in offered if (ROOT / "src/spatialvision/models" / f"{name}.py").is_file()}
    assert offered - modules - {"upgrades"} <= set(found)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site; without Sphinx the tests are skipped, under CI they fail."""
    if "CI" not in os.environ:
        pytest.importorskip("furo")
    folder = tmp_path_factory.mktemp("site")
    options = ["--quiet", "--fail-on-warning", "--keep-going", "--doctree-dir", str(folder / "doctrees")]
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", *options, str(DOCS), str(folder / "html")],
        capture_output=True, text=True, timeout=280,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return folder / "html"


@pytest.mark.slow
def test_every_page_is_there(site: Path) -> None:
    for page in PAGES:
        if page.is_relative_to(DOCS):
            assert (site / page.relative_to(DOCS).with_suffix(".html")).is_file()


@pytest.mark.slow
def test_what_is_registered_is_listed(site: Path) -> None:
    registries()
    pages = {
        page: (site / "reference" / f"{page}.html").read_text() for page in ("recipes", "data", "training")
    }
    modules = (site / "reference" / "nn.html").read_text()
    assert [name for name in typing.get_args(TransformName) if f">{name}</span>" not in modules] == []
    for recipe in shipped_recipes():
        assert f">{recipe}<" in pages["recipes"]
    for page, registry in (
        ("data", DATASETS),
        ("data", DISTORTIONS),
        ("training", OBJECTIVES),
        ("training", EVALUATORS),
    ):
        shipped = [name for name in registry if registry[name].__module__.startswith("spatialvision.")]
        assert [name for name in shipped if f">{name}</span>" not in pages[page]] == []


@pytest.mark.slow
def test_every_command_is_listed(site: Path) -> None:
    page = (site / "reference" / "commands.html").read_text()
    for command in ("train", "plot", "data-verify", "data-prepare-imagenet"):
        assert f'id="spatialvision-{command}"' in page


@pytest.mark.slow
def test_links_to_pages_outside_lead_into_the_site(site: Path) -> None:
    assert 'href="../results.html"' in (site / "studies" / "distorted.html").read_text()
    assert 'href="studies/distorted.html"' in (site / "results.html").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("width", [1280, 390])
def test_no_page_asks_a_network_or_is_wider_than_the_window(site: Path, browser: Any, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800})
    page, asked, wide = context.new_page(), set(), []
    page.on("request", lambda request: asked.add(request.url))
    for path in sorted(site.rglob("*.html")):
        page.goto(path.as_uri())
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wide.append(path.name)
    context.close()
    assert [address for address in asked if not address.startswith(("file:", "data:"))] == []
    assert wide == []


@pytest.mark.slow
def test_the_search_finds(site: Path, browser: Any) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{(site / 'search.html').as_uri()}?q=homography")
    page.locator("#search-results li a").first.wait_for()
    context.close()
