"""What README.md and the notebook tell a reader to do works as it stands there."""

import re
import runpy
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import torch
from nbclient import NotebookClient
from safetensors.torch import save_file

from spatialvision.models import build_model

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
UPDATE = runpy.run_path(str(ROOT / "docs" / "update.py"))


def block(marker: str, language: str, page: str = README) -> str:
    """The first fenced block of a language after a marker."""
    found = re.search(rf"{re.escape(marker)}.*?```{language}\n(.*?)```", page, re.DOTALL)
    assert found, f"the page has no {language} block after {marker}"
    return found[1]


def spatialvision(command: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *command.split()], cwd=folder, capture_output=True, text=True, timeout=250
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) < 200


def test_an_overrides_origin_is_shown(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "recipes.md").read_text()
    (tmp_path / "my.yaml").write_text(block("## Write one", "yaml", page))
    shown = spatialvision("spatialvision show my.yaml", tmp_path)
    assert re.search(r"rotation_deg: 15.0 +# .*my.yaml:\d+", shown)


def test_the_upgrades_answer(tmp_path: Path) -> None:
    script = block("<!-- test: upgrades -->", "python", (ROOT / "docs" / "modules.md").read_text())
    check = "import torch; print(tuple(model.eval()(torch.rand(4, 3, 32, 32)).shape))"
    done = subprocess.run(
        [sys.executable, "-c", f"{script}\n{check}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=250,
    )
    assert done.stdout.strip() == "(4, 10)", done.stderr


def test_the_page_on_transforms_runs() -> None:
    page = (ROOT / "docs" / "transforms.md").read_text()
    script = re.search(r"<!-- test: transforms -->\n```python\n(.*?)```", page, re.DOTALL)
    assert script
    found: dict = {}
    exec(script[1], found)
    images = found["images"]
    assert (found["warped"] - images).abs().max() < 1e-5
    assert (found["undone"] - torch.eye(3)).abs().max() < 1e-5
    assert found["points_xy"].shape == (8, 28, 28, 2)
    assert torch.equal(found["program"].module()(images[:3]), found["transformer"](images[:3]))


def test_the_page_on_distortions_runs() -> None:
    page = (ROOT / "docs" / "distortions.md").read_text()
    script = re.search(r"<!-- test: distortions -->\n```python\n(.*?)```", page, re.DOTALL)
    assert script
    found: dict = {}
    exec(script[1], found)
    assert found["distorted"].shape == (8, 1, 28, 28)
    assert not torch.equal(found["distorted"], found["images"])


def puzzle_script(marker: str) -> str:
    """A block of the page on the puzzle."""
    page = (ROOT / "docs" / "puzzle.md").read_text()
    script = re.search(rf"<!-- test: {marker} -->\n```python\n(.*?)```", page, re.DOTALL)
    assert script
    return script[1]


def test_the_page_on_the_puzzle_runs() -> None:
    found: dict = {}
    exec(puzzle_script("puzzle"), found)
    assert torch.equal(found["back"], found["images"])
    assert not torch.equal(found["shuffled"], found["images"])
    answers = found["answers"]
    torch.testing.assert_close(answers.ss, answers.nn, atol=1e-5, rtol=1e-4)
    assert min((other - answers.nn).abs().max().item() for other in (answers.ns, answers.sn)) > 1e-3


def test_the_page_on_the_puzzle_takes_a_backbone_along(tmp_path: Path) -> None:
    options = {"backbone": "resnet18", "layers": 1}
    model = build_model("patch_encoder", options, num_classes=5, in_channels=3, size_hw=(64, 64))
    weights = model.state_dict()
    save_file(weights, tmp_path / "model.safetensors")
    found: dict = {"run": tmp_path}
    exec(puzzle_script("backbone"), found)
    for name, value in found["network"].state_dict().items():
        assert name.startswith("fc.") or torch.equal(value, weights[f"trunk.backbone.{name}"])


def test_the_page_on_the_puzzle_tells_what_the_recipes_tell() -> None:
    page = (ROOT / "docs" / "puzzle.md").read_text()
    update = runpy.run_path(str(ROOT / "docs" / "update.py"))
    table = update["reported"]("puzzle")
    assert len(table.splitlines()) == 2 + 7
    assert update["filled"](page, "reported", table) == page


def test_the_list_of_models_is_up_to_date(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "docs" / "models.py"), "--check"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=250)
    assert done.returncode == 0, done.stderr


def test_the_readmes_commands_exist() -> None:
    listed = block("## Five everyday commands", "console").splitlines()
    names = {line.split()[2] for line in listed if line.startswith("$ spatialvision ")}
    for name in names:
        assert "Example" in spatialvision(f"spatialvision {name} --help", ROOT) or name == "recipes"


@pytest.mark.slow
def test_the_notebook_runs(tmp_path: Path) -> None:
    notebook = nbformat.read(ROOT / "examples" / "quickstart.ipynb", as_version=4)
    NotebookClient(notebook, timeout=250, resources={"metadata": {"path": str(tmp_path)}}).execute()
    printed = "".join(output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", []))
    assert "quickstart/spatial-transformer" in printed
    assert "largest change before training" in printed
    assert "torch.Size([4, 10])" in printed


@pytest.mark.parametrize("page", UPDATE["BLOCKS"])
def test_every_table_of_a_page_is_that_of_its_source(page: str) -> None:
    """What is made of the reader's own runs has at least its place."""
    text, blocks = (ROOT / page).read_text(), UPDATE["BLOCKS"][page]
    kept = {name: source for name, source in blocks.items() if not source.is_relative_to(ROOT / "runs")}
    tables = {name: source.read_text() for name, source in kept.items()}
    tables |= {name: make() for name, make in UPDATE["MADE"].get(page, {}).items()}
    assert [name for name, table in tables.items() if UPDATE["filled"](text, name, table) != text] == []
    for name in blocks.keys() - kept.keys():
        UPDATE["filled"](text, name, "")


def test_the_puzzles_study_is_what_its_runs_say() -> None:
    script = runpy.run_path(str(ROOT / "docs" / "studies" / "puzzle.py"))
    study = ROOT / "results" / "puzzle-fashion"
    assert script["answers"](script["read"](study)) == (study / "answers.md").read_text()


def test_the_findings_of_cifar100_are_what_its_runs_say(tmp_path: Path) -> None:
    script = runpy.run_path(str(ROOT / "docs" / "studies" / "cifar100.py"))
    script["main"](script["STUDY"] / "runs", tmp_path)
    made = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert {Path(name).stem for name in made} == {"claims", "recipes"}
    assert made == {name: (script["STUDY"] / name).read_text() for name in made}


@pytest.mark.parametrize("name", sorted(path.name for path in (ROOT / "benchmarks").glob("*.py")))
def test_benchmarks_find_what_they_import(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    assert runpy.run_path(str(ROOT / "benchmarks" / name))["__doc__"], "each says what it measures"
