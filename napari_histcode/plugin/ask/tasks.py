"""What the page does off the GUI thread: the functions that the command line calls too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_histcode.errors import HistCodeError, ModelMismatchError
from napari_histcode.features.bag import FeatureBag
from napari_histcode.models.card import ModelCard
from napari_histcode.models.library import BUNDLED, list_models, read_card
from napari_histcode.plugin.ask.exclusions import Exclusions, kept_tiles
from napari_histcode.plugin.ask.explained import Explained
from napari_histcode.plugin.session import Result
from napari_histcode.plugin.tasks import kept_model
from napari_histcode.progress import CancelToken, Progress, ProgressCallback
from napari_histcode.scores.faithfulness import OutputFaithfulness, measure_faithfulness
from napari_histcode.scores.scores import SlideScores, TileMap
from napari_histcode.scores.what_if import WhatIf, what_if
from napari_histcode.slide import Slide
from napari_histcode.tiling.grid import TileGrid
from napari_histcode.tiling.tile_quality import TileQuality, tile_quality
from napari_histcode.tissue.quality import QualityMask
from napari_histcode.trust.trust import Trust

if TYPE_CHECKING:
    from napari_histcode.scores.integrated_gradients import IntegratedGradients


def model_of(scores: SlideScores, chosen: str) -> tuple[str, ModelCard]:
    """Find the model that made a result, by the digest of its weights.

    Parameters
    ----------
    scores : SlideScores
        The result.
    chosen : str
        Name or folder of the model that is chosen in the window, which is looked at first.

    Returns
    -------
    tuple of str and ModelCard
        What `load_model` takes, and its card.

    Raises
    ------
    ModelMismatchError
        If it is none of those known.
    """
    for name in dict.fromkeys((chosen, BUNDLED, *(card.name for card in list_models()))):
        try:
            card = read_card(name)
        except HistCodeError:
            continue  # a model that cannot be read is not the one: if none is, that is said below
        if card.weights_digest == scores.model_digest:
            return name, card
    raise ModelMismatchError(
        f"The model that made this result, {scores.model_name} {scores.model_version}, is not among yours.",
        advice="Put it into your folder of models, or analyse the slide anew.",
    )


def explain(result: Result, bag: FeatureBag, chosen: str) -> Explained:
    """Take the answers of the model that made a result apart.

    Raises
    ------
    ModelMismatchError
        If its model is not known, or the features are another encoder's.
    """
    from napari_histcode.scores.explanation import explain_bag

    name, _ = model_of(result.scores, chosen)
    explanation = explain_bag(bag, kept_model(name))
    return Explained(result=result, bag=bag, explanation=explanation, model=name)


def measure(
    explained: Explained,
    output: tuple[str, str],
    further: Sequence[TileMap],
    progress: ProgressCallback,
    cancel: CancelToken,
) -> OutputFaithfulness:
    """Measure the maps of one output, as ``histcode faithfulness`` does.

    Parameters
    ----------
    explained : Explained
        The result.
    output : tuple of str
        Names of head and output.
    further : sequence of TileMap
        Maps beside the exact ones.
    progress, cancel
        As everywhere.
    """
    head, name = output
    found = measure_faithfulness(
        explained.explanation, heads=[head], outputs=[name], further=further, progress=progress, cancel=cancel
    )
    return found.output(head, name)


def integrate(
    explained: Explained, output: tuple[str, str], progress: ProgressCallback, cancel: CancelToken
) -> IntegratedGradients:
    """Compute integrated gradients of one output, as ``histcode faithfulness --ig`` does."""
    from napari_histcode.scores.integrated_gradients import integrate_gradients

    head, name = output
    return integrate_gradients(
        explained.bag, kept_model(explained.model), head, outputs=[name], progress=progress, cancel=cancel
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Artefacts:
    """Ink, folds and blur on a slide, and how much of each tile they are."""

    mask: QualityMask
    """Where they lie."""
    tiles: TileQuality
    """What they are of each tile of the result."""


def find_artefacts(
    slide: Slide, grid: TileGrid, progress: ProgressCallback, cancel: CancelToken
) -> Artefacts:
    """Look for artefacts, as ``histcode quality`` does.

    Raises
    ------
    MissingMppError, NoTissueError
        If the slide has no resolution or no tissue.
    """
    from napari_histcode.tissue.find import find_tissue
    from napari_histcode.tissue.quality_find import find_artefacts as find

    progress(Progress(stage="finding tissue", done=0, total=0))
    tissue = find_tissue(slide, grid.tissue_config, cancel=cancel)
    progress(Progress(stage="finding artefacts", done=0, total=0))
    mask = find(slide, tissue, progress=progress, cancel=cancel)
    return Artefacts(mask=mask, tiles=tile_quality(grid, mask))


@dataclass(frozen=True, kw_only=True, eq=False)
class WhatIfRequest:
    """What is to be left out."""

    explained: Explained
    """The result."""
    exclusions: Exclusions
    """The tiles to leave out."""
    map: str
    """Name of the map to draw without them."""


def answer_what_if(request: WhatIfRequest) -> WhatIf:
    """Ask the model about the rest, by the very function that scripts call."""
    explanation = request.explained.explanation
    return what_if(explanation, kept_tiles(explanation.grid, request.exclusions), maps=(request.map,))


@dataclass(frozen=True, kw_only=True, eq=False)
class TrustRequest:
    """What is to be judged."""

    result: Result
    """The result."""
    slide: Slide
    """The open slide."""
    chosen: str
    """Model that is chosen in the window."""
    organ: str | None = None
    """What the user says the slide is of."""
    quality: QualityMask | None = None
    """Artefacts, where they were looked for."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Judged:
    """The judgement, and what the user can add to it."""

    trust: Trust
    """The judgement."""
    organs: tuple[str, ...]
    """Organs that the model's heads learned from."""


def judge_result(request: TrustRequest) -> Judged:
    """Judge a result as the pipeline does; its own judgement is taken over where nothing was added to it.

    Raises
    ------
    ModelMismatchError
        If the model that made it is not known.
    """
    from napari_histcode.pipeline import small_picture
    from napari_histcode.trust.facts import slide_facts
    from napari_histcode.trust.judge import judge

    result, analysis = request.result, request.result.analysis
    name, card = model_of(result.scores, request.chosen)
    organs = tuple(
        dict.fromkeys(organ for head in card.heads if head.trained_on for organ in head.trained_on.organs)
    )
    is_unchanged = request.organ is None and request.quality is None
    if analysis is not None and analysis.trust is not None and is_unchanged:
        return Judged(trust=analysis.trust, organs=organs)
    if result.bag is None:
        raise ModelMismatchError("This result has no features.", advice="Analyse the slide anew.")
    overview = analysis.overview if analysis is not None else small_picture(request.slide)
    trust = judge(
        result.scores,
        result.bag,
        kept_model(name),
        slide_facts(result.scores.grid.slide, overview, organ=request.organ),
        quality=request.quality,
        exclusion=analysis.exclusion if analysis is not None else None,
    )
    return Judged(trust=trust, organs=organs)
