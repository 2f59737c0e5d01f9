"""How facts are put into words for the window: pure functions from values to short texts."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from textwrap import wrap

from napari_histcode.errors import HistCodeError
from napari_histcode.heatmap import Heatmap
from napari_histcode.models.card import ModelCard
from napari_histcode.plugin.canvas import ShownMap
from napari_histcode.plugin.magnification import describe, magnification
from napari_histcode.progress import Progress
from napari_histcode.scores.scores import MapKind, Prediction
from napari_histcode.slide import Mpp, Slide, SlideRecord
from napari_histcode.slide.record import FLUORESCENCE

LETTER_PX, LEAST_LETTERS = 9.0, 14
"""Width of a letter of the legend on the canvas, and the fewest in a line."""

LEGEND_MARGIN = "\N{NO-BREAK SPACE}" * 3
"""After each line: napari takes letters for narrower than they are, and its box would end before the last."""

SCALE_BAR_PX = 130
"""Room on the canvas for the scale bar and margins."""

BY = "\N{MULTIPLICATION SIGN}"

RESEARCH_USE = "Research use only, not for diagnosis"

KIND_LABELS: dict[MapKind, str] = {
    "single_tile": "single tile",
    "contribution": "contribution",
    "leave_one_out": "leave one out",
    "attention": "attention",
    "integrated_gradients": "integrated gradients",
    "similarity": "similarity",
    "probability": "probability",
    "cluster": "cluster",
    "distance": "distance",
    "spread": "spread",
    "signature": "signature",
}

KIND_MEANINGS: dict[MapKind, str] = {
    "single_tile": "What the model says of this tile alone; its values mean the same on every slide.",
    "contribution": "What the tile added to the slide's output: attention times the tile's own evidence.",
    "leave_one_out": "How much the slide's output would fall without this tile.",
    "integrated_gradients": "What the tile added on the way from features of zero to the slide's.",
    "attention": "Where the model looked. Unsigned, the same for all classes, and no explanation by itself.",
    "similarity": "How alike this tile and the query are in the encoder's eyes, -1 to 1.",
    "probability": "What the classifier that you taught says of this tile.",
    "cluster": "To which group of alike tiles this one belongs.",
    "distance": "How far this tile lies from those that the model learned from, 0 to 1.",
    "spread": "How much the heads of an ensemble differ about this tile.",
    "signature": "Mean over the signature's genes of what the model says of this tile alone, as z-scores.",
}


def slide_size(record: SlideRecord) -> str:
    """Size in millimetres, if the resolution is known, and in pixels."""
    width, height = record.dimensions
    pixels = f"{width:,} {BY} {height:,} px".replace(",", "\N{THIN SPACE}")
    if record.mpp is None:
        return pixels
    return f"{width * record.mpp.x / 1000:.1f} {BY} {height * record.mpp.y / 1000:.1f} mm · {pixels}"


def resolution(mpp: Mpp | None) -> str:
    """Resolution, who says so, and the magnification it amounts to."""
    if mpp is None:
        return "resolution unknown"
    return f"{mpp.mean:.3g} µm/px ({mpp.source}) · {describe(magnification(mpp.mean))}"


def levels(record: SlideRecord) -> str:
    """Tell the number of pyramid levels, the coarsest downsample, and the scanner's maker."""
    count = len(record.level_dimensions)
    text = "1 level"
    if count > 1:
        text = f"{count} levels, down to 1/{max(record.level_downsamples[-1]):.3g}"
    return f"{text} · {record.vendor}" if record.vendor else text


def channels(slide: Slide) -> str:
    """Name the channels of a fluorescence slide; empty for bright field."""
    if slide.record.modality != FLUORESCENCE:
        return ""
    return f"Fluorescence: {', '.join(channel.name for channel in slide.channels)}"


def duration(seconds: float) -> str:
    """Tell a time as a person would say it."""
    if seconds < 60:
        return f"{max(1, round(seconds))} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 10 else f"{minutes} min"


def progress_line(progress: Progress) -> str:
    """Stage with, where it counts, the share done, the speed and the time left."""
    stage = progress.stage[:1].upper() + progress.stage[1:]
    if not progress.total:
        return f"{stage} …"
    parts = [f"{stage} {progress.fraction:.0%}"]
    if progress.units_per_s > 0:
        speed = progress.units_per_s
        parts.append(f"{speed:.0f} tiles/s" if speed >= 10 else f"{speed:.1f} tiles/s")
    if progress.seconds_left and progress.done > progress.resumed:
        parts.append(f"{duration(progress.seconds_left)} left")
    return " · ".join(parts)


def corrupt_tiles(count: int) -> str:
    """Tell how many tiles were lost; empty if none."""
    if count == 0:
        return ""
    return "1 tile could not be decoded." if count == 1 else f"{count} tiles could not be decoded."


def prediction_value(prediction: Prediction) -> str:
    """Value of a prediction with its unit."""
    number = f"{prediction.value:.2f}" if abs(prediction.value) < 100 else f"{prediction.value:.3g}"
    return f"{number} {prediction.unit}".strip()


def hover(label: str, raw: float, percentile: float, z: float, *, unit: str = "") -> str:
    """Value under the cursor: "tumour 1.21 (p 93, z 1.8)"."""
    if isnan(raw):
        return f"{label}: no tile"
    number = f"{raw:.3g}" if abs(raw) < 0.01 else f"{raw:.2f}"
    return f"{label} {' '.join([number, unit]).strip()} (p {percentile:.0f}, z {z:.1f})"


def legend_line(heatmap: Heatmap, *, is_smooth: bool = False) -> str:
    """Tell what a map shows and what its numbers are."""
    unit = f", {heatmap.unit}" if heatmap.unit else ""
    smoothed = ", smoothed" if is_smooth else ""
    return f"{heatmap.label} ({heatmap.quantity}{unit}{smoothed})"


def legend_text(maps: Sequence[ShownMap], *, width_px: float) -> str:
    """Tell of all maps what they show, in lines that leave room for the scale bar beside them."""
    n_letters = max(LEAST_LETTERS, int((width_px - SCALE_BAR_PX) / LETTER_PX))
    texts = (legend_line(shown.heatmap, is_smooth=shown.is_smooth) for shown in maps)
    lines = (wrap(text, n_letters, break_on_hyphens=False) for text in texts)
    return "\n".join(f"{line}{LEGEND_MARGIN}" for wrapped in lines for line in wrapped)


def model_tooltip(card: ModelCard) -> str:
    """Tell what a user should know of a model before running it."""
    encoder = card.encoder
    lines = [
        card.description,
        f"Encoder: {encoder.name}, tiles of {encoder.tile_um:.0f} µm ({encoder.tile_px} px at "
        f"{encoder.mpp:g} µm/px).",
        *(f"Predicts: {', '.join(output.label for output in head.outputs[:8])}." for head in card.heads),
        f"Trained on: {'; '.join(card.training_data)}." if card.training_data else "",
        f"Limits: {card.limits}" if card.limits else "",
        f"Licence: {card.licence}.",
    ]
    return "\n".join(line for line in lines if line)


def error_text(error: BaseException) -> str:
    """Tell what went wrong and what to do, for one of our errors or anybody's."""
    if isinstance(error, HistCodeError):
        return str(error)
    if isinstance(error, MemoryError):
        return "The computer ran out of memory. Close other programs, or choose a smaller batch or model."
    return f"Something went wrong that should not have: {type(error).__name__}: {error}"
