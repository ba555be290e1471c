"""The arrows between the packages, read off the import statements, and a few words that have one place.

A rule is a function of the parsed sources that returns what breaks it. Each is tested on the package, where
it must find nothing, and on a small bad source, where it must find something.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "src"
HEAVY = {"torch", "torchvision", "timm", "sklearn", "matplotlib"}
FORBIDDEN_BY_PART = {
    "nn": {"models", "data", "config", "runs", "train", "evaluate", "report", "cli", "registry", "errors"},
    "models": {"data", "train", "evaluate", "report", "cli"},
    "data": {"models", "train", "evaluate", "report", "cli"},
    "config": {"nn", "models", "data", "train", "evaluate", "report", "cli"},
    "runs": {"nn", "models", "data", "config", "train", "evaluate", "report", "cli"},
    "evaluate": {"train", "report", "cli"},
    "train": {"cli"},
}

Sources = dict[str, ast.Module]


def sources_of(folder: Path) -> Sources:
    """Parsed files by dotted module name; a package's own name stands for its ``__init__``."""
    return {
        ".".join(path.relative_to(folder).with_suffix("").parts).removesuffix(".__init__"): ast.parse(
            path.read_text()
        )
        for path in sorted(folder.rglob("*.py"))
    }


def imported(statement: ast.AST) -> Iterator[str]:
    """Names that a statement imports: the modules, and "module.name" for what is taken out of them."""
    if isinstance(statement, ast.Import):
        yield from (alias.name for alias in statement.names)
    elif isinstance(statement, ast.ImportFrom):
        assert statement.level == 0, f"line {statement.lineno}: imports are absolute here"
        yield str(statement.module)
        yield from (f"{statement.module}.{alias.name}" for alias in statement.names)


def all_imports(tree: ast.Module) -> set[str]:
    """Everything imported anywhere in a file, in functions too."""
    return {name for node in ast.walk(tree) for name in imported(node)}


def imports_when_loaded(node: ast.AST) -> set[str]:
    """What loading the file imports: not the bodies of functions, not what only the type checker reads."""
    found = set(imported(node))
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        found |= imports_when_loaded(child)
    return found


def in_part(module: str, *parts: str) -> bool:
    """Whether a name is one of the package's parts or lies within it: "nn" holds spatialvision.nn.grid."""
    return any(f"{module}.".startswith(f"spatialvision.{part}.") for part in parts)


def loaded_with(sources: Sources, module: str) -> dict[str, str]:
    """Every outside name imported by loading a module, with the file of ours that imports it."""
    waiting, seen, outside = [module], set(), {}
    while waiting:
        parts = waiting.pop().split(".")
        for current in (".".join(parts[:length]) for length in range(1, len(parts) + 1)):
            if current in sources and current not in seen:
                seen.add(current)
                names = imports_when_loaded(sources[current])
                waiting += [name for name in names if name.startswith("spatialvision")]
                outside |= {name: current for name in names if not name.startswith("spatialvision")}
    return outside


def nn_imports_only_torch(sources: Sources) -> list[str]:
    """``nn`` can be taken along by anybody: torch, the standard library and itself."""
    return [
        f"{module} imports {name}"
        for module, tree in sources.items()
        if in_part(module, "nn")
        for name in all_imports(tree)
        if not in_part(name, "nn") and top(name) not in {"torch", *sys.stdlib_module_names}
    ]


def light_parts_load_nothing_heavy(sources: Sources) -> list[str]:
    """`spatialvision --help` answers at once: neither directly nor through a file of ours."""
    return [
        f"{module} loads {name} through {by}"
        for module in sources
        if module == "spatialvision" or in_part(module, "config", "runs", "registry", "errors", "cli")
        for name, by in loaded_with(sources, module).items()
        if top(name) in HEAVY
    ]


def arrows_run_one_way(sources: Sources) -> list[str]:
    """nn ← models ← train, evaluate ← cli."""
    return [
        f"{module} imports {name}"
        for part, forbidden in FORBIDDEN_BY_PART.items()
        for module, tree in sources.items()
        if in_part(module, part)
        for name in all_imports(tree)
        if in_part(name, *forbidden)
    ]


def report_reads_run_directories_only(sources: Sources) -> list[str]:
    """``report`` works on a machine without torch, from the files alone."""
    return [
        f"{module} imports {name}"
        for module, tree in sources.items()
        if in_part(module, "report")
        for name in all_imports(tree)
        if top(name) in {"torch", "torchvision", "timm"}
        or (top(name) == "spatialvision" and not in_part(name, "report", "runs", "errors", "registry"))
    ]


def grid_sample_has_one_caller(sources: Sources) -> list[str]:
    """The convention for pixels and coordinates is kept in one file."""
    return [
        f"{module}:{node.lineno} uses grid_sample"
        for module, tree in sources.items()
        if module != "spatialvision.nn.grid"
        for node in ast.walk(tree)
        if (isinstance(node, ast.Attribute) and node.attr == "grid_sample")
        or (isinstance(node, ast.ImportFrom) and "grid_sample" in {alias.name for alias in node.names})
    ]


def nothing_is_loaded_by_executing_pickles(sources: Sources) -> list[str]:
    """No pickle of our own, and torch's restricted reader stays switched on."""
    found = []
    for module, tree in sources.items():
        for name in all_imports(tree):
            if top(name) in {"pickle", "cloudpickle", "dill", "joblib", "shelve", "marshal"}:
                found.append(f"{module} imports {name}")
        for node in ast.walk(tree):
            if isinstance(node, ast.keyword) and node.arg in ("weights_only", "allow_pickle"):
                safe = node.arg == "weights_only"
                if not (isinstance(node.value, ast.Constant) and node.value.value is safe):
                    found.append(f"{module}:{node.value.lineno} has {ast.unparse(node)}")
    return found


def no_family_is_named(sources: Sources, families: set[str]) -> list[str]:
    """Names of model families in code; docstrings may use a recipe as an example."""
    words = re.compile(rf"(?<![a-z0-9])({'|'.join(sorted(families))})(?![a-z0-9])", re.IGNORECASE)
    return [
        f"{module}:{getattr(node, 'lineno', '?')} names {text!r}"
        for module, tree in sources.items()
        if not in_part(module, "models")
        for node, text in named(tree)
        if words.search(text)
    ]


def no_file_is_named_utils(sources: Sources) -> list[str]:
    """A file is named after its one idea."""
    return [
        module
        for module in sources
        if re.fullmatch(r"_?(utils?|helpers?|misc|common)", module.rsplit(".")[-1])
    ]


def named(tree: ast.Module) -> Iterator[tuple[ast.AST, str]]:
    """Identifiers and texts of a file with their nodes, docstrings left out."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    bodies = [node.body for node in ast.walk(tree) if isinstance(node, documented)]
    docstrings = {id(body[0].value) for body in bodies if body and isinstance(body[0], ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node, node.value
        for field in ("id", "attr", "arg", "name", "module"):
            if isinstance(text := getattr(node, field, None), str):
                yield node, text


def top(name: str) -> str:
    return name.split(".")[0]


def families() -> set[str]:
    """The recipes' folders, and the models that builders are registered for."""
    folders = {path.parent.name for path in (SOURCE / "spatialvision" / "recipes").rglob("*.yaml")}
    builders = {
        node.name
        for module, tree in SOURCES.items()
        if in_part(module, "models")
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and "register_model" in map(ast.unparse, node.decorator_list)
    }
    # The folders of the quickstart and of the defaults stand for no family.
    return {
        re.sub("[-_]", "[-_]", name) for name in folders | builders if name not in ("quickstart", "recipes")
    }


SOURCES = sources_of(SOURCE)

RULES = [
    (nn_imports_only_torch, "spatialvision.nn.a", "def late():\n    import numpy"),
    (nn_imports_only_torch, "spatialvision.nn.a", "from spatialvision.errors import DataError"),
    (
        light_parts_load_nothing_heavy,
        "spatialvision.config.a",
        "try:\n    import torch.nn as nn\nfinally: pass",
    ),
    (light_parts_load_nothing_heavy, "spatialvision.cli", "from spatialvision.nn.grid import sample"),
    (light_parts_load_nothing_heavy, "spatialvision.runs.a", "from spatialvision import evaluate"),
    (light_parts_load_nothing_heavy, "spatialvision", "from spatialvision.models.stn import stn_cnn"),
    (arrows_run_one_way, "spatialvision.models.a", "from spatialvision.train.loop import fit"),
    (arrows_run_one_way, "spatialvision.runs.a", "import spatialvision.evaluate"),
    (arrows_run_one_way, "spatialvision.evaluate.a", "def late():\n    from spatialvision import train"),
    (report_reads_run_directories_only, "spatialvision.report.a", "from torch import Tensor"),
    (report_reads_run_directories_only, "spatialvision.report.a", "from spatialvision.nn import sample"),
    (report_reads_run_directories_only, "spatialvision.report.a", "from spatialvision import load_recipe"),
    (grid_sample_has_one_caller, "spatialvision.data.a", "F.grid_sample(images, points)"),
    (grid_sample_has_one_caller, "spatialvision.nn.a", "from torch.nn.functional import grid_sample as g"),
    (nothing_is_loaded_by_executing_pickles, "spatialvision.data.a", "import pickle"),
    (nothing_is_loaded_by_executing_pickles, "spatialvision.data.a", "torch.load(path, weights_only=False)"),
    (nothing_is_loaded_by_executing_pickles, "spatialvision.data.a", "np.load(path, allow_pickle=True)"),
    (no_file_is_named_utils, "spatialvision.data.utils", ""),
]


@pytest.mark.parametrize("rule", dict.fromkeys(rule for rule, _, _ in RULES), ids=lambda rule: rule.__name__)
def test_the_package_keeps_the_rule(rule) -> None:
    assert len(SOURCES) > 20
    assert rule(SOURCES) == []


@pytest.mark.parametrize(("rule", "module", "code"), RULES)
def test_the_rule_can_be_broken(rule, module: str, code: str) -> None:
    (complaint,) = {
        line.split(" through ")[0].split(".nn")[0] for line in rule({**SOURCES, module: ast.parse(code)})
    }
    assert module.split(".nn")[0] in complaint


def test_no_family_is_named_outside_models_and_recipes() -> None:
    assert families()
    assert no_family_is_named(SOURCES, families()) == []


@pytest.mark.parametrize(
    "code", ["if name == 'stn-mnist/x': pass", "model.stn_mnist()", "def stn_mnist(): pass"]
)
def test_a_named_family_is_found(code: str) -> None:
    names = {"stn[-_]mnist"}
    assert no_family_is_named({"spatialvision.train.a": ast.parse(code)}, names)
    assert not no_family_is_named({"spatialvision.models.a": ast.parse(code)}, names)
    assert not no_family_is_named({"spatialvision.train.a": ast.parse("'''Such as stn-mnist.'''")}, names)


@pytest.mark.parametrize(
    ("statement", "light"),
    [
        ("import spatialvision", {*HEAVY, "pydantic"}),
        ("import spatialvision.nn", {*HEAVY, "pydantic"} - {"torch"}),
        ("import spatialvision.report.figures", {"torch", "torchvision", "timm"}),
    ],
)
def test_a_fresh_process_loads_no_more_than_it_says(statement: str, light: set[str]) -> None:
    code = f"import sys\n{statement}\nprint(*{sorted(light)!r} & sys.modules.keys())".replace(
        "*[", "*{"
    ).replace("] &", "} &")
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout.split() == []
