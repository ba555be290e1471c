"""Pictures side by side: where transformers look, where two runs disagree, the most confident mistakes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from spatialvision.errors import DataError, RecipeError
from spatialvision.report.disagreement import one_sided
from spatialvision.report.gallery import choose, degrees, first_with_sampler
from spatialvision.report.groups import Group
from spatialvision.report.outcomes import ImageSource, Outcomes
from spatialvision.report.page.pictures import framed, picture, shared_view
from spatialvision.report.records import Record
from spatialvision.report.sampler import outline, titles
from spatialvision.report.two_runs import class_names
from spatialvision.runs.arrays import read_arrays

MOST_TILES = 12


@dataclass(frozen=True)
class Tile:
    """One or more pictures of an image, as data addresses, and lines below."""

    pictures: tuple[str, ...]
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Gallery:
    """Tiles under one heading."""

    heading: str
    tiles: tuple[Tile, ...]


def sampler_galleries(groups: Sequence[Group], split: str) -> list[Gallery]:
    """For the first seed of each group with a spatial transformer: what comes in, and what it passes on."""
    found = [(group, record) for group in groups if (record := first_with_sampler(group, split))]
    return [
        Gallery(f"{group.label}, seed {record.seed}", sampler_tiles(record, split)) for group, record in found
    ]


def sampler_tiles(record: Record, split: str) -> tuple[Tile, ...]:
    """Up to 8 images, evenly over the rotations that there are."""
    arrays = read_arrays(record.path / "evaluation" / split / "sampler.npz")
    size, true_deg = arrays["inputs"].shape[-2:], arrays.get("true_angle_deg")
    chosen = choose(len(arrays["inputs"]), true_deg)
    names = titles(record.run, split, arrays["label"])
    frames = {number: outline(arrays["points"][number], size) for number in chosen.tolist()}
    view, top = shared_view(np.concatenate(list(frames.values())), size), arrays["points"].shape[2] + 2
    tiles = []
    for number, frame in frames.items():
        lines = [names[number]]
        if true_deg is not None:
            left = true_deg[number] - arrays["angle_deg"][number]
            lines.append(f"turned {degrees(true_deg[number])}, now {degrees(left)}")
        before = framed(arrays["inputs"][number], frame, top, view)
        tiles.append(Tile((before, picture(arrays["warped"][number])), tuple(lines)))
    return tuple(tiles)


def answer_galleries(
    groups: Sequence[Group], pair: tuple[Group, Group] | None, split: str, images: ImageSource
) -> tuple[list[Gallery], list[Gallery], list[str]]:
    """Disagreements of two groups' first runs, the most confident mistakes of every group's, and what is missing.

    Args:
        pair: the baseline and another group; None shows no disagreements.
        images: asked once, for all images together.
    """
    found = {group: group.records[0].outcomes(split) for group in groups}
    first = next((outcomes for outcomes in found.values() if outcomes is not None), None)
    if first is None:
        return [], [], []
    known = {group: each for group, each in found.items() if each is not None and each.of_same_images(first)}
    sides = disagreements(known, pair)
    mistakes = {group: surest_mistakes(outcomes) for group, outcomes in known.items()}
    wanted = np.unique(np.concatenate([*mistakes.values(), *sides.values()]))
    if not len(wanted):
        return [], [], []
    record = next(iter(known)).records[0]
    try:
        pixels = images(record.run, split, wanted) / 255
    except (DataError, RecipeError) as error:
        return [], [], [f"Left out: pictures of single images: {error}"]
    shown = dict(zip(wanted.tolist(), map(picture, pixels), strict=True))
    names = class_names(record, split)
    ours = [mistake_gallery(group, known[group], mistakes[group], shown, names) for group in known]
    others = [
        one_sided_gallery(right, wrong, known, place, shown, names) for (right, wrong), place in sides.items()
    ]
    return others, [each for each in ours if each.tiles], []


def disagreements(
    known: Mapping[Group, Outcomes], pair: tuple[Group, Group] | None
) -> dict[tuple[Group, Group], np.ndarray]:
    """By which group alone is right and which is wrong: positions of the widest margins."""
    if pair is None or any(group not in known for group in pair):
        return {}
    ways = ((pair[1], pair[0]), (pair[0], pair[1]))
    return {(right, wrong): one_sided(known[right], known[wrong])[:MOST_TILES] for right, wrong in ways}


def surest_mistakes(outcomes: Outcomes) -> np.ndarray:
    """Positions of the wrong answers, the most confident first."""
    wrong = np.flatnonzero(~outcomes.correct)
    return wrong[np.argsort(-outcomes.confidence[wrong].round(9), kind="stable")][:MOST_TILES]


def mistake_gallery(
    group: Group, outcomes: Outcomes, places: np.ndarray, shown: Mapping[int, str], names: Sequence[str]
) -> Gallery:
    """A run's most confident mistakes."""
    tiles = []
    for place in places.tolist():
        label = f"is {name_of(outcomes.label[place], names)}"
        tiles.append(Tile((shown[place],), (label, answered("taken for", outcomes, place, names))))
    return Gallery(f"{group.label}, seed {group.records[0].seed}", tuple(tiles))


def one_sided_gallery(
    right: Group,
    wrong: Group,
    known: Mapping[Group, Outcomes],
    places: np.ndarray,
    shown: Mapping[int, str],
    names: Sequence[str],
) -> Gallery:
    """Images on which one run alone is right, with both answers."""
    count = len(one_sided(known[right], known[wrong]))
    words = {"right:": known[right], "wrong:": known[wrong]}
    tiles = [
        Tile((shown[place],), tuple(answered(word, each, place, names) for word, each in words.items()))
        for place in places.tolist()
    ]
    seed, other = right.records[0].seed, wrong.records[0].seed
    heading = f"Only {right.label} (seed {seed}) is right, not {wrong.label} (seed {other}): {count:,} images"
    return Gallery(heading, tuple(tiles))


def answered(word: str, outcomes: Outcomes, place: int, names: Sequence[str]) -> str:
    """``taken for Shirt, 98 %``."""
    return f"{word} {name_of(outcomes.prediction[place], names)}, {100 * outcomes.confidence[place]:.0f} %"


def name_of(label: int, names: Sequence[str]) -> str:
    """The class's name; its number where it has none."""
    return names[label] if label < len(names) else str(label)
