"""Where a diagram's boxes go: rows from top to bottom, columns where the flow branches.

Lengths are in inches, x to the right and y up; a box's position is its centre.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

WIDTH, HEIGHT = 3.3, 0.34
GAP = 0.2  # between rows, where no frame begins or ends
TITLE, EDGE, SIDE = 0.27, 0.12, 0.14  # a frame's room above (with its name), below, and at either side
COLUMN_GAP = 0.4

#: Names of the containers around something, outermost first.
Path = tuple[str, ...]


@dataclass(frozen=True)
class Layout:
    """The boxes of a graph as ``diagram.json`` holds it: nodes in an order in which every edge goes forwards."""

    nodes: list[dict[str, Any]]
    edges: list[tuple[str, str]]

    @cached_property
    def row(self) -> dict[str, int]:
        """Row of each node: one below the lowest of those that feed it, 0 at the top."""
        rows: dict[str, int] = {}
        for node in self.nodes:
            rows[node["id"]] = 1 + max((rows[source] for source in self.sources(node["id"])), default=-1)
        return rows

    def sources(self, target: str) -> list[str]:
        """Nodes that feed one."""
        return [source for source, other in self.edges if other == target]

    @cached_property
    def path(self) -> dict[str, Path]:
        """Containers around each node."""
        return {node["id"]: tuple(node["clusters"]) for node in self.nodes}

    @cached_property
    def containers(self) -> list[Path]:
        """Every container, the inner ones first."""
        found = {path[:length] for path in self.path.values() for length in range(1, len(path) + 1)}
        return sorted(found, key=lambda path: (-len(path), path))

    def inside(self, container: Path) -> list[str]:
        """Nodes in a container, at any depth."""
        return [name for name, path in self.path.items() if path[: len(container)] == container]

    @cached_property
    def span(self) -> dict[Path, tuple[int, int]]:
        """First and last row of each container."""
        rows = {path: [self.row[name] for name in self.inside(path)] for path in self.containers}
        return {path: (min(found), max(found)) for path, found in rows.items()}

    @cached_property
    def levels(self) -> dict[Path, tuple[int, int, int]]:
        """How many frames lie on one another at each container's top, bottom and sides, its own included."""
        found: dict[Path, tuple[int, int, int]] = {}
        for path in self.containers:
            inner = [other for other in found if other[:-1] == path]
            top = [found[other][0] for other in inner if self.span[other][0] == self.span[path][0]]
            bottom = [found[other][1] for other in inner if self.span[other][1] == self.span[path][1]]
            side = [found[other][2] for other in inner]
            found[path] = (1 + max(top, default=0), 1 + max(bottom, default=0), 1 + max(side, default=0))
        return found

    @cached_property
    def x(self) -> dict[str, float]:
        """Each box under the mean of those that feed it, moved aside where two would meet."""
        margin = 2 * SIDE * max((sides for _, _, sides in self.levels.values()), default=0)
        found: dict[str, float] = {}
        for row in range(max(self.row.values()) + 1):
            wanted = {name: self._wanted(name, found) for name in self.row if self.row[name] == row}
            found |= spread(wanted, WIDTH + COLUMN_GAP + margin)
        return found

    def _wanted(self, name: str, found: dict[str, float]) -> float:
        return mean(found[source] for source in self.sources(name))

    @cached_property
    def y(self) -> dict[str, float]:
        """Rows with room between them for the frames that end above and begin below."""
        heights = [0.0]
        for row in range(1, max(self.row.values()) + 1):
            frames = EDGE * self._ending(row - 1) + TITLE * self._beginning(row)
            heights.append(heights[-1] - HEIGHT - GAP - frames)
        return {name: heights[row] for name, row in self.row.items()}

    @cached_property
    def clear(self) -> dict[int, float]:
        """Under each row a height that no box is on, nor the name of a frame."""
        heights = {self.row[name]: height for name, height in self.y.items()}
        return {row: y - (HEIGHT + GAP) / 2 - EDGE * self._ending(row) for row, y in heights.items()}

    def _beginning(self, row: int) -> int:
        return max((self.levels[path][0] for path in self.containers if self.span[path][0] == row), default=0)

    def _ending(self, row: int) -> int:
        return max((self.levels[path][1] for path in self.containers if self.span[path][1] == row), default=0)


def mean(values: Iterable[float]) -> float:
    """The mean, 0 of nothing."""
    known = list(values)
    return sum(known) / len(known) if known else 0.0


def spread(wanted: dict[str, float], distance: float) -> dict[str, float]:
    """Positions at least ``distance`` apart, in the order wanted and on the whole where wanted."""
    placed: dict[str, float] = {}
    for name in sorted(wanted, key=lambda name: wanted[name]):
        last = max(placed.values(), default=float("-inf"))
        placed[name] = max(wanted[name], last + distance)
    shift = mean(wanted[name] - placed[name] for name in placed)
    return {name: position + shift for name, position in placed.items()}
