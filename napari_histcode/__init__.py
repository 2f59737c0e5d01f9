"""See what a contrastive encoder and attention-MIL heads see on a whole-slide image. Research use only."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_histcode.errors import HistCodeError
    from napari_histcode.features.encode import encode_tiles
    from napari_histcode.heatmap import draw_heatmap
    from napari_histcode.models import load_model
    from napari_histcode.pipeline import Analysis, analyse_slide, write_analysis
    from napari_histcode.progress import CancelToken, Progress
    from napari_histcode.scores.score import score_bag
    from napari_histcode.slide import open_slide
    from napari_histcode.tiling.lay import lay_tiles
    from napari_histcode.tissue.find import find_tissue

_HOMES = {
    "Analysis": "pipeline",
    "CancelToken": "progress",
    "HistCodeError": "errors",
    "Progress": "progress",
    "analyse_slide": "pipeline",
    "draw_heatmap": "heatmap",
    "encode_tiles": "features.encode",
    "find_tissue": "tissue.find",
    "lay_tiles": "tiling.lay",
    "load_model": "models",
    "open_slide": "slide",
    "score_bag": "scores.score",
    "write_analysis": "pipeline",
}

__all__ = [
    "Analysis",
    "CancelToken",
    "HistCodeError",
    "Progress",
    "analyse_slide",
    "draw_heatmap",
    "encode_tiles",
    "find_tissue",
    "lay_tiles",
    "load_model",
    "open_slide",
    "score_bag",
    "write_analysis",
]


def __getattr__(name: str) -> object:
    """Import a public name when it is first used, so that importing the package stays instant."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
