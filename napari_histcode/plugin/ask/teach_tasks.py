"""What teaching does off the GUI thread: the functions that ``histcode teach`` calls too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_histcode.annotations import Annotation, AnnotationClass, ClassList, write_annotations
from napari_histcode.annotations.classes import SEPARATOR
from napari_histcode.comparison.classes_of import is_class
from napari_histcode.errors import ModelMismatchError, OutputError
from napari_histcode.features.bag import FeatureBag
from napari_histcode.models.library import models_folder
from napari_histcode.plugin.ask.tasks import model_of
from napari_histcode.plugin.ask.teach_marks import SlideMarks, TaughtClass
from napari_histcode.plugin.session import Result
from napari_histcode.plugin.tasks import kept_model
from napari_histcode.progress import CancelToken, ProgressCallback
from napari_histcode.slide import Slide
from napari_histcode.teaching.marks import Marks, make_marks, marks_of_regions
from napari_histcode.teaching.scaling import Scaling, measure_scaling
from napari_histcode.teaching.teach import Taught, teach
from napari_histcode.teaching.uncertain import margins, most_uncertain
from napari_histcode.tiling.coverage import tile_boxes
from napari_histcode.tiling.lookup import tiles_inside

N_OFFERED = 10
"""Tiles that are offered to be marked next."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LessonRequest:
    """What to learn from."""

    bag: FeatureBag
    """Features of the slide."""
    classes: tuple[TaughtClass, ...]
    """The classes."""
    clicked: Mapping[int, int]
    """Tile to the key of its class."""
    regions: tuple[Annotation, ...] = ()
    """Regions whose tiles count as marks, too; a click on a tile goes before them."""
    scaling: Scaling | None = None
    """That of the slide, if it has been measured before."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Offered:
    """A tile to be marked next."""

    tile: int
    """Its position in the grid."""
    first: str
    """The likeliest class."""
    second: str
    """The next likely one."""
    margin: float
    """By how much the first one is likelier."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Lesson:
    """What was learned, or why nothing was."""

    request: LessonRequest
    """What it was learned from."""
    tiles_of: Mapping[str, NDArray[np.intp]]
    """Class to its marked tiles, clicked or in regions."""
    scaling: Scaling | None = None
    """That of the slide: to be kept for the next lesson."""
    taught: Taught | None = None
    """What was learned; None with fewer than two classes."""
    offered: tuple[Offered, ...] = ()
    """Tiles to mark next, the first to ask for first."""


def learn_from(request: LessonRequest, progress: ProgressCallback, cancel: CancelToken) -> Lesson:
    """Learn from the marks there are, as far as they suffice.

    Raises
    ------
    ModelMismatchError
        If features are not finite.
    """
    bag = request.bag
    tiles_of = marked_tiles(request)
    if len(tiles_of) < 2:
        return Lesson(request=request, tiles_of=tiles_of, scaling=request.scaling)
    marks = make_marks(bag.grid, tiles_of)
    scaling = request.scaling or measure_scaling(bag.features, name=bag.grid.slide.alias, cancel=cancel)
    taught = teach(bag, marks, scaling=scaling, progress=progress, cancel=cancel)
    cancel.raise_if_cancelled()
    margin = margins(taught.probabilities)
    offered = []
    for tile in most_uncertain(taught, N_OFFERED, scaling=scaling).tolist():
        order = np.argsort(-taught.probabilities[tile], kind="stable")
        first, second = (marks.classes[c] for c in order[:2])
        offered.append(Offered(tile=tile, first=first, second=second, margin=float(margin[tile])))
    return Lesson(request=request, tiles_of=tiles_of, scaling=scaling, taught=taught, offered=tuple(offered))


def marked_tiles(request: LessonRequest) -> dict[str, NDArray[np.intp]]:
    """Gather the marked tiles of each class that has any, in the order of the classes."""
    of_regions = _tiles_of_regions(request)
    clicked = np.asarray(sorted(request.clicked), np.intp)
    found = {}
    for one in request.classes:
        own = [tile for tile, key in request.clicked.items() if key == one.key]
        of_region = np.setdiff1d(of_regions.get(one.name, np.empty(0, np.intp)), clicked)
        tiles = np.union1d(np.asarray(own, np.intp), of_region)
        if len(tiles):
            found[one.name] = tiles
    return found


def _tiles_of_regions(request: LessonRequest) -> dict[str, NDArray[np.intp]]:
    """Gather the tiles that lie mostly in regions of each class, as the command line does."""
    grid, inside = request.bag.grid, {}
    for one in request.classes:
        own = [region.geometry for region in areas_of(request.regions, one.name)]
        tiles = tiles_inside(grid, own) if own else np.empty(0, np.intp)
        if len(tiles):
            inside[one.name] = tiles
    if len(inside) < 2 or _are_apart(tuple(inside.values())):
        return inside
    marks: Marks = marks_of_regions(grid, request.regions, tuple(inside))  # regions overlap
    return {name: marks.tiles[marks.class_of == c] for c, name in enumerate(marks.classes)}


def _are_apart(groups: Sequence[NDArray[np.intp]]) -> bool:
    """Whether no tile is in two groups."""
    tiles = np.concatenate(list(groups))
    return len(np.unique(tiles)) == len(tiles)


def areas_of(regions: Sequence[Annotation], class_name: str) -> list[Annotation]:
    """List the regions of a class with an area; derived classes belong to it."""
    return [one for one in regions if one.has_area and is_class(one.class_name, (class_name,))]


def classes_of_regions(regions: Sequence[Annotation]) -> tuple[str, ...]:
    """Name the classes that regions could teach: derived ones by their base, none that is ignored."""
    names = [one.class_name.split(SEPARATOR)[0] for one in regions if one.has_area and one.class_name]
    return tuple(dict.fromkeys(name for name in names if not name.endswith("*")))


def save_model(lesson: Lesson, result: Result, chosen: str, name: str) -> str:
    """Write the taught classifier as a head of the model that made the features, into the user's folder.

    Parameters
    ----------
    lesson : Lesson
        What was learned.
    result : Result
        The result whose features it was learned on.
    chosen : str
        Model that is chosen in the window.
    name : str
        Name of the head.

    Returns
    -------
    str
        Name of the new model.

    Raises
    ------
    ModelMismatchError
        If the model that made the result is not known, or has such a head.
    OutputError
        If there is such a model already, or it cannot be written.
    """
    from napari_histcode.teaching.save import identifier, save_taught

    if lesson.taught is None:
        raise ModelMismatchError("Nothing has been taught yet.", advice="Mark tiles of two classes.")
    model = kept_model(model_of(result.scores, chosen)[0])
    head = identifier(name)
    if head in [one.name for one in model.heads]:
        raise ModelMismatchError(
            f"Model {model.name} has a head {head!r} already.", advice="Give another name."
        )
    folder = models_folder() / f"{model.name}+{head}"
    if folder.exists():
        raise OutputError(f"There is a model {folder.name} already.", advice="Give another name.")
    return save_taught(lesson.taught, model, folder, name=name).name


def export_marks(marks: SlideMarks, classes: Sequence[TaughtClass], slide: Slide, path: Path) -> Path:
    """Write each clicked tile as a square of its class, for QuPath or ``histcode teach``.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    by_key = {one.key: one for one in classes}
    tiles = sorted(marks.class_of)
    boxes = tile_boxes(marks.grid.xy_px0[tiles], marks.grid.size_px0)
    regions = [
        Annotation(
            geometry=box,
            class_name=by_key[marks.class_of[tile]].name,
            colour=by_key[marks.class_of[tile]].colour,
        )
        for tile, box in zip(tiles, boxes, strict=True)
    ]
    known = ClassList(classes=tuple(AnnotationClass(name=one.name, colour=one.colour) for one in classes))
    return write_annotations(regions, path, "geojson", slide=slide, classes=known).path
