"""What runs off the GUI thread: plain functions that know neither Qt nor napari.

Torch and everything built on it is imported inside, so that a window without an analysis never loads it.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from shapely.geometry.base import BaseGeometry

from napari_histcode.annotations import AnnotationSet, read_annotations
from napari_histcode.errors import AnnotationFileError, CorruptTileError, HistCodeError, ResultError
from napari_histcode.features.bag import FeatureBag
from napari_histcode.heatmap.colour import SEQUENTIAL, colour_table
from napari_histcode.models.library import BUNDLED, bundled_folder, list_models, read_card
from napari_histcode.plugin import open_slides
from napari_histcode.plugin.channel_layers import slide_layers
from napari_histcode.plugin.evidence import Evidence, evidence_by_output
from napari_histcode.plugin.feature_cache import feature_file
from napari_histcode.plugin.layers import LayerData
from napari_histcode.plugin.preview import MapBox
from napari_histcode.plugin.session import Choice
from napari_histcode.plugin.wording import model_tooltip
from napari_histcode.progress import CancelToken, Progress, ProgressCallback
from napari_histcode.scores.scores import SlideScores
from napari_histcode.slide import Slide, open_slide

if TYPE_CHECKING:
    from napari_histcode.models.model import Model
    from napari_histcode.pipeline import Analysis

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class OpenRequest:
    """What to open together."""

    path: Path
    """The slide."""
    mpp: float | tuple[float, float] | None = None
    """Micrometres per level-0 pixel, or those along x and y, where the user gave them."""
    result: Path | None = None
    """Folder of a finished result of this slide."""
    annotations: Path | None = None
    """Regions on this slide."""
    key: str | None = None
    """Key of the layer, where the slide has one already and is only opened anew."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Opened:
    """What could be opened of it."""

    key: str
    """Its key in `open_slides`."""
    slide: Slide
    """The open slide."""
    layer: LayerData
    """The slide as a layer; made here, since building a lazy pyramid takes its time too."""
    further_layers: tuple[LayerData, ...] = ()
    """Further channels of a fluorescence slide, each a layer."""
    scores: SlideScores | None = None
    """Scores of the result folder."""
    bag: FeatureBag | None = None
    """Features of its tiles, where they are to be found."""
    annotations: AnnotationSet | None = None
    """Regions that were asked for together with it."""
    annotations_path: Path | None = None
    """Their file."""
    errors: tuple[HistCodeError, ...] = ()
    """What went wrong beside the slide."""


def open_together(request: OpenRequest) -> Opened:
    """Open a slide with what belongs to it; only the slide itself must not fail.

    Raises
    ------
    HistCodeError
        If it is no slide, or the resolution is not plausible.
    """
    slide = open_slide(request.path, mpp=request.mpp)
    scores: SlideScores | None = None
    bag: FeatureBag | None = None
    annotations: AnnotationSet | None = None
    errors: list[HistCodeError] = []
    try:
        if request.result is not None:
            from napari_histcode.export.read_result import find_bag

            scores = read_result(request.result, slide)
            bag = find_bag(request.result, scores, feature_file(scores.grid.slide, scores.encoder))
            if slide.mpp is None and scores.grid.slide.mpp is not None:
                mpp = scores.grid.slide.mpp
                slide = open_slide(request.path, mpp=(mpp.x, mpp.y))
    except HistCodeError as error:
        errors.append(error)
    try:
        if request.annotations is not None:
            annotations = read_annotations(request.annotations, slide=slide)
            errors += [
                AnnotationFileError(f"Annotations: {finding.describe()}.")
                for finding in annotations.report.of("not read")
            ]
    except HistCodeError as error:
        errors.append(error)
    _warm(slide)
    key = request.key or open_slides.register(slide)
    layer, *further = slide_layers(slide, key=key)
    return Opened(
        key=key,
        slide=slide,
        layer=layer,
        further_layers=tuple(further),
        scores=scores,
        bag=bag,
        annotations=annotations,
        annotations_path=request.annotations,
        errors=tuple(errors),
    )


def _warm(slide: Slide) -> None:
    """Read a corner of the coarsest level, so that the first picture finds the file's tables in memory."""
    level = slide.level_count - 1
    width, height = slide.level_dimensions[level]
    try:
        slide.read_level(level, (0, 0), (min(width, 512), min(height, 512)))
    except CorruptTileError as error:
        logger.warning("%s: %s", slide.record.alias, error.message)


def read_result(folder: Path, slide: Slide) -> SlideScores:
    """Read a finished result folder of a slide.

    Raises
    ------
    ResultError
        If the folder is no finished result, or one of another slide.
    """
    from napari_histcode.export.read_result import read_analysis

    scores = read_analysis(folder)
    if scores.grid.slide.digest != slide.record.digest:
        raise ResultError(
            f"The result is of {scores.grid.slide.alias}, and the open slide is {slide.record.alias}.",
            advice="Open the slide that was analysed, or choose its own result folder.",
        )
    return scores


def find_models(also: str = BUNDLED) -> tuple[Choice, ...]:
    """List the models there are, the bundled one first, from their cards alone.

    Parameters
    ----------
    also : str
        Name or folder of a model that was chosen and may be none of them.

    Raises
    ------
    ModelNotFoundError, ModelFileError
        If that one cannot be read.
    """
    choices = [
        Choice(name=card.name, label=f"{card.name} {card.version}", tooltip=model_tooltip(card))
        for card in list_models()
    ]
    if choices and bundled_folder().is_dir():
        bundled = choices[0]
        choices[0] = Choice(name=BUNDLED, label=bundled.label, tooltip=bundled.tooltip)
    if also not in (BUNDLED, *(choice.name for choice in choices)):
        card = read_card(also)
        choices.append(Choice(name=also, label=f"{card.name} {card.version}", tooltip=model_tooltip(card)))
    return tuple(choices)


def find_evidence(scores: SlideScores, chosen: str) -> dict[tuple[str, str], Evidence]:
    """Collect what was measured of the model that made these scores; empty if it is not among those known.

    Parameters
    ----------
    scores : SlideScores
        The result.
    chosen : str
        Name or folder of the chosen model, which may be none of those listed.
    """
    cards = [*list_models()]
    try:
        cards.append(read_card(chosen))
    except HistCodeError as error:
        logger.warning("%s", error.message)
    for card in cards:
        if card.weights_digest == scores.model_digest:
            return evidence_by_output(card)
    return {}


def warm_up() -> tuple[Choice, ...]:
    """Import all that an analysis and its maps need, and list the devices of this machine, "auto" first."""
    import napari_histcode.pipeline  # noqa: F401 - for the time that it takes
    from napari_histcode.models.devices import list_devices

    colour_table(SEQUENTIAL[0])
    return tuple(Choice(name=device.name, label=device.label) for device in list_devices())


@dataclass(frozen=True, kw_only=True, eq=False)
class AnalysisRequest:
    """All that an analysis needs to know."""

    slide: Slide
    """The open slide; it stays open while the job refers to it."""
    model: str
    """Name or path of the model."""
    device: str
    """Name of the device."""
    roi: BaseGeometry | None = None
    """What of the slide is analysed, in level-0 pixels; None for all of it."""
    first: BaseGeometry | None = None
    """What is encoded before all else, in level-0 pixels."""
    so_far: MapBox | None = None
    """Where the map so far is put."""


def analyse(request: AnalysisRequest, progress: ProgressCallback, cancel: CancelToken) -> Analysis:
    """Analyse a slide, keeping its features in the cache.

    Raises
    ------
    HistCodeError
        One of its leaves, whatever goes wrong.
    """
    progress(Progress(stage="loading the model", done=0, total=0))
    from napari_histcode.pipeline import analyse_slide

    cancel.raise_if_cancelled()
    model = kept_model(request.model)
    return analyse_slide(
        request.slide,
        model,
        feature_file=feature_file(request.slide.record, model.encoder.record),
        roi=request.roi,
        first=request.first,
        on_tiles=request.so_far.put if request.so_far is not None else None,
        device=request.device,
        progress=progress,
        cancel=cancel,
    )


@lru_cache(maxsize=1)
def kept_model(name: str) -> Model:
    """Load a model; the last one is kept, since a second analysis usually uses it again."""
    from napari_histcode.models.model_file import load_model

    return load_model(name)
