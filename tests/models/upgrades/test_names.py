"""Upgrades know no family: what is special about one stays in its own file."""

import ast
import re
from pathlib import Path

from spatialvision.models import upgrades
from spatialvision.registry import MODELS


def code_of(path: Path) -> str:
    """The file without its docstrings, in which families are examples."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
            node.body = node.body[1:] or [ast.Pass()]
    return ast.unparse(tree)


def test_no_upgrade_names_a_model() -> None:
    models = re.compile(rf"\b({'|'.join(map(re.escape, MODELS))})\b")
    files = list(Path(upgrades.__file__).parent.glob("*.py"))
    assert len(files) > 5
    assert [path.name for path in files if models.search(code_of(path))] == []
