"""The main job, from a slide to its heatmaps; the window, the command line and a cluster job all call it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

from shapely.geometry.base import BaseGeometry

from napari_histcode.export.analysis import export_analysis
from napari_histcode.export.layout import FEATURE_FILE
from napari_histcode.features.bag import FeatureBag
from napari_histcode.features.encode import BatchCallback, encode_tiles
from napari_histcode.heatmap import Heatmap, default_config, draw_heatmap
from napari_histcode.models.devices import choose_device
from napari_histcode.models.model import Model
from napari_histcode.models.model_file import load_model
from napari_histcode.progress import CancelToken, Progress, ProgressCallback, ignore_progress
from napari_histcode.resources.gene_sets import GeneSet
from napari_histcode.saved.reading import Reading
from napari_histcode.scores.preview import TilePreview, preview_tiles
from napari_histcode.scores.score import score_bag
from napari_histcode.scores.scores import SlideScores
from napari_histcode.scores.signature import check_members, find_members, spreads_of, with_signatures
from napari_histcode.slide import Slide, open_slide
from napari_histcode.slide.modality import require_bright_field
from napari_histcode.slide.overview import read_overview
from napari_histcode.slide.slide import RgbImage
from napari_histcode.tiling import TileGrid, TilingConfig
from napari_histcode.tiling.lay import lay_tiles
from napari_histcode.tiling.lookup import tiles_touching
from napari_histcode.tiling.tile_quality import Exclusion, without_artefacts
from napari_histcode.tissue import TissueConfig
from napari_histcode.tissue.find import find_tissue
from napari_histcode.tissue.quality_find import find_artefacts
from napari_histcode.trust.facts import slide_facts
from napari_histcode.trust.judge import judge
from napari_histcode.trust.trust import Trust

Value = TypeVar("Value")

OVERVIEW_PX = 1600
"""Longer side of the overview in figures, in pixels."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Analysis:
    """All that one run found out about a slide."""

    bag: FeatureBag
    """Features of all tiles, from which heads answer further questions at once."""
    scores: SlideScores
    """Predictions and maps."""
    heatmaps: tuple[Heatmap, ...]
    """Every map as a raster, as it is shown by default."""
    overview: RgbImage
    """The slide as a small picture, for figures."""
    trust: Trust | None = None
    """Reasons not to trust the scores."""
    exclusion: Exclusion | None = None
    """Tiles that were left out as artefacts; None where nobody asked for that."""
    seconds: dict[str, float] = field(default_factory=dict)
    """Wall time of each stage."""


def analyse_slide(
    slide: Slide | str | os.PathLike[str],
    model: Model | str | os.PathLike[str] = "bundled",
    *,
    out: Path | None = None,
    feature_file: Path | None = None,
    mpp: float | None = None,
    roi: BaseGeometry | None = None,
    overlap: float = 0.0,
    exclude_artefacts: bool = False,
    organ: str | None = None,
    signatures: Sequence[GeneSet] = (),
    tissue_config: TissueConfig | None = None,
    device: str = "auto",
    batch_size: int | None = None,
    first: BaseGeometry | None = None,
    on_tiles: Callable[[TilePreview], object] | None = None,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> Analysis:
    """Run the whole pipeline on one slide.

    Parameters
    ----------
    slide : Slide or path
        An open slide (it stays open), or a file that any reader can open.
    model : Model or str or path
        A loaded model, or what `load_model` takes.
    out : Path, optional
        Folder for features and all results; without it nothing is written.
    feature_file : Path, optional
        Where features are kept and taken from; ``out/features.h5`` if ``out`` is given.
    mpp : float, optional
        Micrometres per level-0 pixel, where ``slide`` is a path to a file that does not say.
    roi : shapely geometry, optional
        Region of interest in level-0 pixels.
    overlap : float
        Share of a tile's width that neighbours have in common.
    exclude_artefacts : bool
        Leave out tiles that are mostly ink, fold or out of focus.
    organ : str, optional
        What the slide is of, to compare with what the model learned from.
    signatures : sequence of GeneSet
        Gene signatures whose maps are wanted beside those of the heads.
    tissue_config : TissueConfig, optional
        How tissue is found.
    device : str
        "auto", "cpu", "cuda", "cuda:1" or "mps".
    batch_size : int, optional
        Tiles at once in the network.
    first : shapely geometry, optional
        Tiles that touch this region of level-0 pixels are encoded before all others.
    on_tiles : callable, optional
        Called with a `TilePreview` of each batch as soon as it is encoded, in the calling thread.
    progress : callable
        Called with a `Progress` as each stage goes on, in the calling thread.
    cancel : CancelToken, optional
        Stops the run at the next batch.

    Returns
    -------
    Analysis
        Scores, heatmaps and an overview of the slide.

    Raises
    ------
    HistCodeError
        One of its leaves, whatever goes wrong: see `napari_histcode.errors`.
    """
    if isinstance(slide, str | os.PathLike):
        with open_slide(slide, mpp=mpp) as opened:
            return analyse_slide(
                opened, model, out=out, feature_file=feature_file, roi=roi, overlap=overlap,
                exclude_artefacts=exclude_artefacts, organ=organ, signatures=signatures,
                tissue_config=tissue_config, device=device, batch_size=batch_size, first=first,
                on_tiles=on_tiles, progress=progress, cancel=cancel,
            )  # fmt: skip
    require_bright_field(slide.record)
    cancel = cancel or CancelToken()
    clock = _Clock(progress, cancel)
    if not isinstance(model, Model):
        model = clock.run("loading the model", partial(load_model, model))
    model = model.to(choose_device(device))
    check_signatures(signatures, model)
    record = model.encoder.record
    tiling = TilingConfig(tile_px=record.tile_px, target_mpp=record.mpp, overlap=overlap)
    if out is not None and feature_file is None:
        feature_file = out / FEATURE_FILE

    tissue = clock.run(
        "finding tissue", partial(find_tissue, slide, tissue_config or TissueConfig(), cancel=cancel)
    )
    check = partial(find_artefacts, slide, tissue, progress=progress, cancel=cancel)
    quality = clock.run("finding artefacts", check) if exclude_artefacts else None
    grid = clock.run("laying tiles", lambda: lay_tiles(slide, tissue, tiling, roi=roi))
    grid, exclusion = without_artefacts(grid, quality) if quality is not None else (grid, None)
    bag = clock.run(
        "encoding tiles",
        lambda: encode_tiles(
            slide, grid, model.encoder, store=feature_file, batch_size=batch_size,
            first=None if first is None else tiles_touching(grid, first),
            on_batch=None if on_tiles is None else _teller(on_tiles, grid, model),
            progress=progress, cancel=cancel,
        ),
    )  # fmt: skip
    spreads = spreads_of(model.card.heads)
    scores = clock.run("scoring", lambda: with_signatures(score_bag(bag, model), signatures, spreads=spreads))
    heatmaps = clock.run("drawing heatmaps", lambda: draw_heatmaps(scores))
    overview = small_picture(slide)
    facts = slide_facts(slide.record, overview, organ=organ)
    trust = clock.run("judging", lambda: judge(scores, bag, model, facts, exclusion=exclusion))
    analysis = Analysis(
        bag=bag, scores=scores, heatmaps=heatmaps, overview=overview, trust=trust, exclusion=exclusion,
        seconds=clock.seconds,
    )  # fmt: skip
    if out is not None:
        write_analysis(analysis, out, progress=progress, cancel=cancel)
    return analysis


def check_signatures(signatures: Sequence[GeneSet], model: Model) -> None:
    """Refuse signatures of which the model predicts too few genes, before anything is encoded.

    Raises
    ------
    SignatureError
        If there is one.
    """
    outputs = [
        (head.name, output.name)
        for head in model.card.heads
        if head.activation == "identity"
        for output in head.outputs
    ]
    for signature in signatures:
        check_members(signature, find_members(signature, outputs))


def _teller(on_tiles: Callable[[TilePreview], object], grid: TileGrid, model: Model) -> BatchCallback:
    return lambda positions, features: on_tiles(preview_tiles(grid, positions, features, model))


def draw_heatmaps(scores: SlideScores) -> tuple[Heatmap, ...]:
    """Draw every map the way it is shown by default."""
    return tuple(draw_heatmap(scores, tile_map.name, default_config(tile_map)) for tile_map in scores.maps)


def small_picture(slide: Slide) -> RgbImage:
    """Read the whole slide as a picture of at most `OVERVIEW_PX` pixels a side."""
    downsample = max(1.0, max(slide.dimensions) / OVERVIEW_PX)
    return read_overview(slide, (downsample, downsample))


def write_analysis(
    analysis: Analysis,
    folder: Path,
    *,
    reading: Reading | None = None,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> None:
    """Write tables, heatmaps, overlays, tiles and report into a folder.

    Raises
    ------
    OutputError
        If the folder cannot be written.
    """
    export_analysis(
        analysis.scores,
        analysis.heatmaps,
        analysis.overview,
        folder,
        timing=analysis.seconds,
        trust=analysis.trust,
        exclusion=analysis.exclusion,
        reading=reading,
        progress=progress,
        cancel=cancel,
    )


class _Clock:
    """Announces each stage, stops before it if cancelled, and keeps its wall time."""

    def __init__(self, progress: ProgressCallback, cancel: CancelToken) -> None:
        self._progress = progress
        self._cancel = cancel
        self.seconds: dict[str, float] = {}

    def run(self, stage: str, work: Callable[[], Value]) -> Value:
        self._cancel.raise_if_cancelled()
        self._progress(Progress(stage=stage, done=0, total=0))
        start = time.monotonic()
        value = work()
        self.seconds[stage] = round(time.monotonic() - start, 3)
        return value
