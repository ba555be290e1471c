"""The arrows between the packages, read off the import statements, and a few words that have one place.

A rule is a function of the parsed sources that returns what breaks it. Each is tested on the package, where
it must find nothing, and on code that breaks it, where it must find something.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Sources = dict[str, ast.Module]
Rule = Callable[[Sources], list[str]]

SOURCE = Path(__file__).resolve().parents[1] / "src"
HEAVY = {"torch", "torchvision", "timm", "sklearn", "matplotlib"}
STANDARD = sys.stdlib_module_names
PICKLES = {"pickle", "cloudpickle", "dill", "joblib", "shelve", "marshal"}
ABOVE_DATA = {
    *("models", "distributed", "training", "train", "evaluate", "inference", "report", "doctor", "cli")
}
FORBIDDEN_BY_PART = {
    "nn": {*ABOVE_DATA, "data", "config", "runs", "registry", "errors"},
    "models": (ABOVE_DATA - {"models"}) | {"data"},
    "data": ABOVE_DATA,
    "config": {*ABOVE_DATA, "nn", "data"},
    "runs": {*ABOVE_DATA, "nn", "data", "config"},
    "distributed": {*(ABOVE_DATA - {"distributed"}), "nn", "runs"},
    "evaluate": {"distributed", "training", "train", "inference", "report", "doctor", "cli"},
    "inference": {"distributed", "training", "train", "report", "doctor", "cli"},
    "training": {"inference", "doctor", "cli"},
    "doctor": {"report", "cli"},
}


def sources_of(folder: Path) -> Sources:
    """Parsed files by dotted module name; a package's own name stands for its ``__init__``."""
    parsed = {path.relative_to(folder): ast.parse(path.read_text()) for path in folder.rglob("*.py")}
    return {
        ".".join(path.with_suffix("").parts).removesuffix(".__init__"): tree for path, tree in parsed.items()
    }


def imported(statement: ast.AST) -> Iterator[str]:
    """Names that a statement imports: the modules, and "module.name" for what is taken out of them."""
    if isinstance(statement, ast.Import):
        yield from (alias.name for alias in statement.names)
    elif isinstance(statement, ast.ImportFrom):
        assert statement.level == 0, f"line {statement.lineno}: imports are absolute here"
        yield str(statement.module)
        yield from (f"{statement.module}.{alias.name}" for alias in statement.names)


def imports_when_loaded(node: ast.AST) -> set[str]:
    """What loading the file imports: not the bodies of functions, not what only the type checker reads."""
    found = set(imported(node))
    for child in ast.iter_child_nodes(node):
        for_types_only = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
        if not for_types_only and not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            found |= imports_when_loaded(child)
    return found


def loaded_with(sources: Sources, module: str) -> dict[str, str]:
    """Every outside name imported by loading a module, with the file of ours that imports it."""
    waiting, seen, outside = [module], set(), {}
    while waiting:
        parts = waiting.pop().split(".")
        for current in (".".join(parts[:length]) for length in range(1, len(parts) + 1)):
            if current in sources and current not in seen:
                seen.add(current)
                names = imports_when_loaded(sources[current])
                waiting += [name for name in names if top(name) == "spatialvision"]
                outside |= {name: current for name in names if top(name) != "spatialvision"}
    return outside


def imports_of(sources: Sources, part: str) -> Iterator[tuple[str, str]]:
    """Module and imported name for everything imported anywhere in a part, in functions too."""
    for module, tree in sources.items():
        if in_part(module, part):
            yield from ((module, name) for node in ast.walk(tree) for name in imported(node))


def in_part(name: str, *parts: str) -> bool:
    """Whether a name is or lies in one of the package's parts: "nn" holds spatialvision.nn.grid."""
    return any(f"{name}.".startswith(f"spatialvision.{part}.") for part in parts)


def top(name: str) -> str:
    return name.split(".")[0]


def code_names(tree: ast.Module) -> Iterator[str]:
    """Identifiers and texts of a file, except docstrings and help's epilogs, where recipes are examples."""
    examples = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr):
            examples.add(node.value)
        elif isinstance(node, ast.keyword) and node.arg == "epilog":
            examples.update(ast.walk(node.value))
    for node in ast.walk(tree):
        if node not in examples:
            fields = (
                getattr(node, field, None) for field in ("id", "attr", "arg", "name", "module", "value")
            )
            yield from (text for text in fields if isinstance(text, str))


PLAIN_WORDS = ("distorted", "puzzle")


def families() -> set[str]:
    """Patterns for the recipes' folders and for the functions that are registered as models.

    A folder that is called like the dataset it is about may be named, for the dataset's sake. A folder called by a
    plain word of this package is named where a slash follows.
    """
    folders = {path.parent.name for path in (SOURCE / "spatialvision" / "recipes").rglob("*.yaml")}
    names = folders - {"quickstart"} - registered("data", "register_dataset")
    patterns = {re.sub("[-_]", "[-_]", name) for name in names | registered("models", "register_model")}
    return {f"{name}(?=/)" if name in PLAIN_WORDS else name for name in patterns}


def registered(part: str, decorator: str) -> set[str]:
    """Names of the functions of a part that are registered as they are defined."""
    trees = [tree for module, tree in SOURCES.items() if in_part(module, part)]
    functions = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    return {node.name for node in functions if decorator in map(ast.unparse, node.decorator_list)}


def nn_imports_only_torch(sources: Sources) -> list[str]:
    """``nn`` can be taken along by anybody: torch, the standard library and itself."""
    foreign = [(module, name) for module, name in imports_of(sources, "nn") if not in_part(name, "nn")]
    return [f"{module}: {name}" for module, name in foreign if top(name) not in {"torch", *STANDARD}]


def light_parts_load_nothing_heavy(sources: Sources) -> list[str]:
    """`spatialvision --help` answers at once: neither directly nor through a file of ours."""
    light = [name for name in sources if in_part(name, "config", "runs", "registry", "errors", "cli")]
    loaded = [item for module in ["spatialvision", *light] for item in loaded_with(sources, module).items()]
    return [f"{by}: {name}" for name, by in loaded if top(name) in HEAVY]


def arrows_run_one_way(sources: Sources) -> list[str]:
    """nn ← models ← training, evaluate ← cli."""
    found = [(part, *pair) for part in FORBIDDEN_BY_PART for pair in imports_of(sources, part)]
    return [f"{module}: {name}" for part, module, name in found if in_part(name, *FORBIDDEN_BY_PART[part])]


def report_reads_run_directories_only(sources: Sources) -> list[str]:
    """``report`` works from the files alone."""
    found = []
    for module, name in imports_of(sources, "report"):
        ours = name == "spatialvision" or in_part(name, "report", "runs", "errors", "registry")
        if top(name) in {"torch", "torchvision", "timm"} or (top(name) == "spatialvision" and not ours):
            found.append(f"{module}: {name}")
    return found


def grid_sample_has_one_caller(sources: Sources) -> list[str]:
    """The convention for pixels and coordinates is kept in one file."""
    callers = [module for module, tree in sources.items() if "grid_sample" in code_names(tree)]
    return [module for module in callers if module != "spatialvision.nn.grid"]


def nothing_is_loaded_by_executing_pickles(sources: Sources) -> list[str]:
    """No pickle of our own, and the restricted readers of torch and NumPy are asked for, or stay as they are."""
    found = []
    for module, tree in sources.items():
        for node in ast.walk(tree):
            found += [f"{module}: {name}" for name in imported(node) if top(name) in PICKLES]
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("torch.load", "torch.hub.load"):
                found += [module] if not {"weights_only"} & {each.arg for each in node.keywords} else []
            if isinstance(node, ast.keyword) and node.arg in ("weights_only", "allow_pickle"):
                text = ast.unparse(node)
                found += (
                    [f"{module}: {text}"] if text not in ("weights_only=True", "allow_pickle=False") else []
                )
    return found


def no_family_is_named(sources: Sources) -> list[str]:
    """What is special about a model family stays in ``models``, its recipes and its tests."""
    words = re.compile(rf"(?<![a-z0-9])({'|'.join(sorted(families()))})(?![a-z0-9])")
    others = [(module, tree) for module, tree in sources.items() if not in_part(module, "models")]
    return [f"{module}: {text}" for module, tree in others for text in code_names(tree) if words.search(text)]


def no_file_is_named_utils(sources: Sources) -> list[str]:
    """A file is named after its one idea."""
    return [module for module in sources if re.search(r"\._?(utils?|helpers?|misc|common)$", module)]


SOURCES = sources_of(SOURCE)

# Each rule with code that breaks it, and the file that this code is put into.
BREACHES: list[tuple[Rule, str, str]] = [
    (nn_imports_only_torch, "nn.a", "def late():\n    import numpy"),
    (nn_imports_only_torch, "nn.a", "from spatialvision.errors import DataError"),
    (light_parts_load_nothing_heavy, "config.a", "try:\n    import torch.nn as nn\nfinally: pass"),
    (light_parts_load_nothing_heavy, "cli.a", "from spatialvision.nn.grid import sample"),
    (light_parts_load_nothing_heavy, "runs.a", "from spatialvision import evaluate"),
    (light_parts_load_nothing_heavy, "registry", "import spatialvision.models.build"),
    (arrows_run_one_way, "models.a", "from spatialvision.training.loop import fit"),
    (arrows_run_one_way, "runs.a", "import spatialvision.evaluate"),
    (arrows_run_one_way, "evaluate.a", "def late():\n    from spatialvision import train"),
    (report_reads_run_directories_only, "report.a", "from torch import Tensor"),
    (report_reads_run_directories_only, "report.a", "from spatialvision.nn import sample"),
    (report_reads_run_directories_only, "report.a", "from spatialvision import load_recipe"),
    (grid_sample_has_one_caller, "data.a", "F.grid_sample(images, points)"),
    (grid_sample_has_one_caller, "nn.a", "from torch.nn.functional import grid_sample as g"),
    (nothing_is_loaded_by_executing_pickles, "data.a", "import pickle"),
    (nothing_is_loaded_by_executing_pickles, "data.a", "torch.load(path, weights_only=False)"),
    (nothing_is_loaded_by_executing_pickles, "data.a", "torch.load(path)"),
    (nothing_is_loaded_by_executing_pickles, "data.a", "np.load(path, allow_pickle=True)"),
    (no_family_is_named, "training.a", "if name == 'stn-mnist/x': pass"),
    (no_family_is_named, "training.a", "if name == 'distorted/x': pass"),
    (no_family_is_named, "evaluate.a", "if name.startswith('puzzle/'): pass"),
    (no_family_is_named, "data.a", "'A docstring.'\nmodel.stn_mnist()"),
    (no_file_is_named_utils, "data.utils", ""),
]

FAULTS = {nothing_is_loaded_by_executing_pickles: pytest.mark.fault("pickle")}

ALLOWED: list[tuple[Rule, str, str]] = [
    (light_parts_load_nothing_heavy, "cli.a", "def late():\n    import torch"),
    (light_parts_load_nothing_heavy, "runs.a", "if TYPE_CHECKING:\n    from torch import Tensor"),
    (no_family_is_named, "training.a", "def f():\n    'Such as stn-mnist.'"),
    (no_family_is_named, "report.a", "text = 'as the images are distorted'"),
    (no_family_is_named, "evaluate.a", "write(folder / 'puzzle.json')"),
    (no_family_is_named, "cli.a", "commands.command(epilog='Example: train stn-mnist/x')"),
    (no_family_is_named, "models.a", "def stn_mnist(): pass"),
]


@pytest.mark.parametrize(
    "rule",
    [
        pytest.param(rule, marks=FAULTS.get(rule, ()), id=rule.__name__)
        for rule in dict.fromkeys(rule for rule, _, _ in BREACHES)
    ],
)
def test_the_package_keeps_the_rule(rule: Rule) -> None:
    assert rule(SOURCES) == []


@pytest.mark.parametrize(("rule", "name", "code"), BREACHES)
def test_a_breach_is_found(rule: Rule, name: str, code: str) -> None:
    assert set(rule({**SOURCES, f"spatialvision.{name}": ast.parse(code)})) - set(rule(SOURCES))


@pytest.mark.parametrize(("rule", "name", "code"), ALLOWED)
def test_what_is_allowed_is_no_breach(rule: Rule, name: str, code: str) -> None:
    assert rule({f"spatialvision.{name}": ast.parse(code)}) == []


def test_the_rules_speak_of_parts_that_exist() -> None:
    parts = {module.split(".")[1] for module in SOURCES if "." in module}
    assert {*FORBIDDEN_BY_PART, "report", "cli", "registry", "errors"} <= parts
    assert "spatialvision.nn.grid" in SOURCES
    assert {"stn[-_]mnist", "stn[-_]cnn"} <= families()


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("spatialvision", {*HEAVY, "pydantic"}),
        ("spatialvision.nn", {*HEAVY, "pydantic"} - {"torch"}),
        ("spatialvision.cli", HEAVY),
        ("spatialvision.report.figures", {"torch", "torchvision", "timm"}),
    ],
)
def test_a_fresh_process_loads_nothing_more(module: str, absent: set[str]) -> None:
    code = f"import sys, {module}; print(*set({sorted(absent)}) & sys.modules.keys())"
    process = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, timeout=120, check=True)
    assert process.stdout.split() == []
