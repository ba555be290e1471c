"""Frames around a diagram's containers, and arrows that go past boxes instead of through them."""

from dataclasses import dataclass, field

from spatialvision.report.layout import EDGE, HEIGHT, SIDE, TITLE, WIDTH, Layout, Path, mean

LANE_GAP = 0.2
Point = tuple[float, float]


@dataclass(frozen=True)
class Frame:
    """The rectangle around a container; ``path`` is () for the whole diagram."""

    path: Path
    left: float
    right: float
    bottom: float
    top: float


@dataclass
class Lanes:
    """Draws frames from the inside out, and in each the long arrows that stay in it.

    An arrow that skips rows runs down a lane: a vertical line clear of all boxes, of the frames beside it and of
    other lanes in these rows, as near to its ends as possible.
    """

    layout: Layout
    frames: list[Frame] = field(default_factory=list)
    lane: dict[tuple[str, str], float] = field(default_factory=dict)

    def enclose(self, path: Path = ()) -> Frame:
        """The frame of a container, those within it and its lanes first."""
        inner = [self.enclose(other) for other in self.layout.containers if other and other[:-1] == path]
        own = [edge for edge in self.layout.edges if self._home(edge) == path and self._is_long(edge)]
        for edge in sorted(own, key=lambda edge: self._rows(edge)[1] - self._rows(edge)[0]):
            self.lane[edge] = self._free_place(edge, inner)
        lefts = [self.layout.x[name] - WIDTH / 2 for name in self.layout.inside(path)]
        rights = [self.layout.x[name] + WIDTH / 2 for name in self.layout.inside(path)]
        lefts += [frame.left for frame in inner] + [self.lane[edge] for edge in own]
        rights += [frame.right for frame in inner] + [self.lane[edge] for edge in own]
        frame = Frame(path, min(lefts) - SIDE, max(rights) + SIDE, *self._heights(path))
        self.frames.append(frame)
        return frame

    def _heights(self, path: Path) -> tuple[float, float]:
        ys = [self.layout.y[name] for name in self.layout.inside(path)]
        tops, bottoms, _ = self.layout.levels.get(path, (1, 1, 1))
        return min(ys) - HEIGHT / 2 - EDGE * bottoms, max(ys) + HEIGHT / 2 + TITLE * tops

    def _home(self, edge: tuple[str, str]) -> Path:
        """The innermost container that holds both ends."""
        first, second = (self.layout.path[name] for name in edge)
        length = 0
        while first[: length + 1] == second[: length + 1] and length < min(len(first), len(second)):
            length += 1
        return first[:length]

    def _rows(self, edge: tuple[str, str]) -> tuple[int, int]:
        return self.layout.row[edge[0]], self.layout.row[edge[1]]

    def _is_long(self, edge: tuple[str, str]) -> bool:
        first, last = self._rows(edge)
        return last - first > 1

    def _free_place(self, edge: tuple[str, str], inner: list[Frame]) -> float:
        first, last = self._rows(edge)
        boxes = [name for name in self.layout.row if first < self.layout.row[name] < last]
        blocked = [(self.layout.x[name] - WIDTH / 2, self.layout.x[name] + WIDTH / 2) for name in boxes]
        for frame in inner:
            begin, end = self.layout.span[frame.path]
            if begin < last and end > first:
                blocked.append((frame.left, frame.right))
        for other, place in self.lane.items():
            begin, end = self._rows(other)
            if begin < last and end > first and edge[0] != other[0]:
                blocked.append((place, place))
        wish = mean(self.layout.x[name] for name in edge)
        places = [
            wish,
            *(right + LANE_GAP for _, right in blocked),
            *(left - LANE_GAP for left, _ in blocked),
        ]
        free = [place for place in places if all(_is_clear(place, *sides) for sides in blocked)]
        return min(free, key=lambda place: (round(abs(place - wish), 6), -place))

    def route(self, edge: tuple[str, str]) -> list[Point]:
        """Corners of an arrow from the source's rim to the target's."""
        source, target = edge
        (x, y), (end_x, end_y) = self._centre(source), self._centre(target)
        if edge not in self.lane:
            middle = self.layout.clear[self.layout.row[source]]
            bend = [(x, middle), (end_x, middle)] if abs(x - end_x) > 1e-6 else []
            return [(x, y - HEIGHT / 2), *bend, (end_x, end_y + HEIGHT / 2)]
        lane = self.lane[edge]
        return [*self._way_to(lane, source, -1), *reversed(self._way_to(lane, target, 1))]

    def _way_to(self, lane: float, name: str, up: int) -> list[Point]:
        """From a box to a lane: sideways where nothing stands there, else by way of the room between rows.

        An arrow leaves a box's side in the lower half and enters it in the upper one.
        """
        x, y = self._centre(name)
        row = self.layout.row[name]
        side = 1 if lane > x else -1
        beside = [self.layout.x[other] - x for other in self.layout.row if self.layout.row[other] == row]
        in_the_way = [other for other in beside if 0 < side * other < abs(lane - x) + WIDTH / 2]
        if abs(lane - x) > WIDTH / 2 and not in_the_way:
            height = y + up * HEIGHT / 5
            return [(x + side * WIDTH / 2, height), (lane, height)]
        clear = self.layout.clear[row if up < 0 else row - 1]
        return [(x, y + up * HEIGHT / 2), (x, clear), (lane, clear)]

    def _centre(self, name: str) -> Point:
        return self.layout.x[name], self.layout.y[name]


def _is_clear(place: float, left: float, right: float) -> bool:
    return place < left - LANE_GAP / 2 or place > right + LANE_GAP / 2
