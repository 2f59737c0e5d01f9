"""One self-contained HTML page a slide: facts, predictions, maps and how they came about."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from napari_histcode.comparison.comparison import Comparison
from napari_histcode.export.audit_table import flatten
from napari_histcode.export.comparisons.summary import summary_parts
from napari_histcode.export.figures.images import shrink
from napari_histcode.export.figures.overlay_figure import OverlayStyle, draw_overlay_figure
from napari_histcode.export.figures.scale import TIMES
from napari_histcode.export.map_choice import choose_maps, other_maps
from napari_histcode.export.notice import RESEARCH_USE
from napari_histcode.export.options import ExportOptions
from napari_histcode.export.page import embedded, fact_table, page
from napari_histcode.export.png import jpeg_bytes
from napari_histcode.export.provenance import provenance_of
from napari_histcode.export.tile_gallery import WITHOUT_SLIDE, gallery
from napari_histcode.export.tissue import slide_mm, tissue_mm2
from napari_histcode.export.trust import trust_section
from napari_histcode.files import replacing
from napari_histcode.heatmap import Heatmap
from napari_histcode.progress import CancelToken
from napari_histcode.scores.scores import MapKind, Prediction, SlideScores
from napari_histcode.slide import Slide

FIGURE_PX = 1100
"""Longer side of a figure in the page, in pixels."""
OVERVIEW_PX = 900
"""Longer side of the overview in the page, in pixels."""

_DEFAULT = ExportOptions()
_NOTICE = f'<span class="notice">{escape(RESEARCH_USE)}</span>'

_READING: dict[MapKind, str] = {
    "attention": "Where the model looked. It has no class, and says nothing of for or against.",
    "contribution": "What each tile added to the slide's output: positive for, negative against. "
    "All tiles together, with the head's constant, are the output.",
    "leave_one_out": "How much the slide's output would fall without this tile; negative: it would rise.",
    "single_tile": "What the model says of each tile alone, as if it were the whole slide.",
    "integrated_gradients": "What each tile added on the way from features that are all zero to those of the "
    "slide: positive for, negative against. All tiles together are the change of the output.",
    "similarity": "How much each tile's features resemble those of the tiles that were asked for.",
    "probability": "What a classifier that was taught with marks says of each tile.",
    "cluster": "Which group of alike tiles each tile belongs to; the numbers have no order but that of size.",
    "distance": "How far each tile lies from what the model learned from, 0 to 1.",
    "spread": "How much the heads of an ensemble differ about each tile.",
    "signature": "The mean over a signature's genes of what the model says of each tile alone, as z-scores.",
}


def export_report(
    scores: SlideScores,
    heatmaps: Sequence[Heatmap],
    overview_rgb: NDArray[np.uint8],
    path: str | Path,
    *,
    provenance: Mapping[str, Any] | None = None,
    timing: Mapping[str, float] | None = None,
    figures: Mapping[str, bytes] | None = None,
    trust: Mapping[str, Any] | None = None,
    slide: Slide | None = None,
    comparison: Comparison | None = None,
    comparison_page: str | None = None,
    options: ExportOptions = _DEFAULT,
    cancel: CancelToken | None = None,
) -> Path:
    """Write the report of a slide as one HTML file.

    Parameters
    ----------
    scores : SlideScores
        Scores of the slide.
    heatmaps : sequence of Heatmap
        The maps to show.
    overview_rgb : ndarray of uint8, (height, width, 3)
        The whole slide as a small picture.
    path : str or Path
        The file to write.
    provenance : mapping, optional
        Audit record; made from the scores if not given.
    timing : mapping, optional
        Name of a stage to its wall time in seconds.
    figures : mapping, optional
        Name of a map to its figure from `report_figure`, where it has been drawn already.
    trust : mapping, optional
        What `describe_trust` says of the result.
    slide : Slide, optional
        The slide, to show the tiles with the highest and lowest values; without it the page says that they
        are missing.
    comparison : Comparison, optional
        The maps beside a reference: its key numbers and the picture of the agreement.
    comparison_page : str, optional
        Address of the page with the whole comparison, relative to this one.
    options : ExportOptions
        How many maps are drawn, which of them first, and how many tiles of each.
    cancel : CancelToken, optional
        Looked at before every map and tile.

    Returns
    -------
    Path
        The file that was written.

    Raises
    ------
    OutputError
        If the file cannot be written.
    AnalysisCancelledError
        If it was cancelled.
    """
    record = provenance or provenance_of(scores)
    cancel = cancel or CancelToken()
    drawn = dict(figures or {})
    names = [heatmap.name for heatmap in heatmaps]
    chosen = choose_maps(scores, names, most=options.most_maps, wanted=options.first_maps)
    shown_maps = [heatmap for heatmap in heatmaps if heatmap.name in chosen]
    others = [heatmap for heatmap in heatmaps if heatmap.name not in chosen]
    for heatmap in shown_maps:
        cancel.raise_if_cancelled()
        if heatmap.name not in drawn:
            figure = draw_overlay_figure(scores, heatmap, overview_rgb, OverlayStyle(size=FIGURE_PX))
            drawn[heatmap.name] = report_figure(figure)
    body = [
        *_opening(scores, overview_rgb, record),
        *_predictions(scores),
        *(trust_section(trust) if trust is not None else ()),
        *_attention(scores),
        *_maps(scores, shown_maps, drawn),
        *other_maps(others, scores),
        *(summary_parts(comparison, overview_rgb, page=comparison_page) if comparison is not None else ()),
        *_tiles(scores, chosen, slide, options.n_top_tiles, cancel),
        *_audit(record, timing or {}),
    ]
    path = Path(path)
    model = f"model {scores.model_name} {scores.model_version}".strip()
    text = page(f"{scores.grid.slide.alias}: report", body, foot=model)
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return path


def report_figure(figure: NDArray[np.uint8]) -> bytes:
    """Encode a figure for the page: smaller, as JPEG."""
    return jpeg_bytes(shrink(figure, FIGURE_PX))


def number(value: float) -> str:
    """Write a number for reading: three significant digits, "undefined" where it is none."""
    if not math.isfinite(value):
        return "undefined"
    size = abs(value)
    text = f"{value:,.0f}" if 100 <= size < 1e6 else f"{value:#.3g}" if size >= 1e-3 else f"{value:.3g}"
    return text.rstrip(".").replace("-", "\N{MINUS SIGN}")


def _opening(
    scores: SlideScores, overview_rgb: NDArray[np.uint8], record: Mapping[str, Any]
) -> Iterator[str]:
    grid, slide = scores.grid, scores.grid.slide
    width_mm, height_mm = slide_mm(grid)
    facts = [
        ("slide", slide.alias),
        ("size", f"{width_mm:.2f} {TIMES} {height_mm:.2f} mm"),
        ("pixels", f"{slide.dimensions[0]:,} {TIMES} {slide.dimensions[1]:,}"),
        ("resolution", f"{grid.mpp.x:.4g} {TIMES} {grid.mpp.y:.4g} µm/px (from {grid.mpp.source})"),
        ("scanner", slide.vendor or "unknown"),
        ("tiles", f"{len(grid):,} of {grid.config.tile_um:.4g} µm" + _partial(scores)),
        ("tissue under tiles", f"{tissue_mm2(grid):.3g} mm²"),
        ("model", f"{scores.model_name} {scores.model_version}".strip()),
        ("encoder", scores.encoder.name),
        ("analysed", str(record.get("created", "unknown")).replace("T", " ").replace("Z", " UTC")),
    ]
    if (artefacts := record.get("artefacts")) is not None:
        facts.insert(
            6, ("artefacts", f"{artefacts['n_excluded']:,} tiles that are mostly artefact, left out")
        )
    if scores.n_corrupt:
        facts.insert(6, ("corrupt tiles", f"{scores.n_corrupt:,}, left out"))
    picture = embedded(jpeg_bytes(shrink(overview_rgb, OVERVIEW_PX)), f"overview of {slide.alias}")
    yield f"<h1>{escape(slide.alias)}</h1>"
    yield f'<p class="lead">What the model sees on this slide. {_NOTICE}</p>'
    yield f'<div class="columns"><div>{fact_table(facts)}</div><figure>{picture}</figure></div>'


def _partial(scores: SlideScores) -> str:
    return ", inside a region of interest only" if scores.grid.is_partial else ""


def _predictions(scores: SlideScores) -> Iterator[str]:
    yield "<h2>Predictions for the whole slide</h2>"
    if not scores.predictions:
        yield "<p>The model predicts nothing for the slide as a whole.</p>"
        return
    yield (
        '<table><thead><tr><th>head</th><th>class or gene</th><th class="number">value</th><th></th>'
        '<th>quantity</th><th class="number">before activation</th></tr></thead><tbody>'
    )
    yield from (_prediction_row(prediction) for prediction in scores.predictions)
    yield "</tbody></table>"


def _prediction_row(prediction: Prediction) -> str:
    quantity = f"{prediction.quantity} ({prediction.unit})" if prediction.unit else prediction.quantity
    bar = ""
    if prediction.quantity == "probability" and 0 <= prediction.value <= 1:
        bar = f'<span class="bar"><i style="width:{100 * prediction.value:.1f}%"></i></span>'
    return (
        f"<tr><td>{escape(prediction.head)}</td><td>{escape(prediction.label)}</td>"
        f'<td class="number">{number(prediction.value)}</td><td>{bar}</td>'
        f'<td>{escape(quantity)}</td><td class="number">{number(prediction.raw)}</td></tr>'
    )


def _attention(scores: SlideScores) -> Iterator[str]:
    if not scores.effective_tiles:
        return
    yield "<h2>How widely the model looked</h2>"
    yield (
        "<p>The effective number of tiles is 1 divided by the sum of squared attention weights: 1 when a "
        "single tile decides, the number of all tiles when they count alike.</p>"
    )
    n_tiles = len(scores.grid)
    yield fact_table(
        [
            (f"head {head}", f"{effective:,.1f} of {n_tiles:,} tiles ({effective / n_tiles:.1%})")
            for head, effective in scores.effective_tiles.items()
        ]
    )


def _maps(scores: SlideScores, heatmaps: Sequence[Heatmap], figures: Mapping[str, bytes]) -> Iterator[str]:
    if not heatmaps:
        return
    yield "<h2>Maps</h2>"
    yield '<div class="grid">'
    for heatmap in heatmaps:
        jpeg = figures[heatmap.name]
        with Image.open(io.BytesIO(jpeg)) as image:
            is_tall = image.height > 1.6 * image.width
        picture = embedded(jpeg, heatmap.label, kind="tall" if is_tall else "")
        reading = _READING[scores.map(heatmap.name).kind]
        yield f"<figure>{picture}<figcaption>{escape(reading)}</figcaption></figure>"
    yield "</div>"


def _tiles(
    scores: SlideScores, names: Sequence[str], slide: Slide | None, n: int, cancel: CancelToken
) -> Iterator[str]:
    if not names or not n:
        return
    yield "<h2>Tiles with the highest and lowest values</h2>"
    if slide is None:
        yield f"<p>{WITHOUT_SLIDE}</p>"
        return
    side = scores.grid.config
    yield (
        f"<p>Tiles of {side.tile_um:.4g} µm as the encoder sees them, with the raw value and the top-left "
        "corner in level-0 pixels.</p>"
    )
    yield from gallery(scores, names, slide, n=n, cancel=cancel)


def _audit(record: Mapping[str, Any], timing: Mapping[str, float]) -> Iterator[str]:
    if timing:
        yield "<h2>Time taken</h2>"
        yield fact_table([(stage, f"{seconds:.1f} s") for stage, seconds in timing.items()])
    yield "<h2>Audit record</h2>"
    yield fact_table(list(flatten(record)), kind="audit")
