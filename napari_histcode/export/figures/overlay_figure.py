"""The figure of one heatmap: title, slide with heatmap, scale bar, colour bar, foot line.

Wide and square slides have the legend below, narrow ones beside them, so that neither wastes the page. All
lengths are pixels; type and margins follow from the size of the figure.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_histcode.export.figures.blend import blend, resize_rgb
from napari_histcode.export.figures.figure_frame import FRAME, facts_of, set_foot, set_header
from napari_histcode.export.figures.legend import ColourBar, draw_scale_bar, grey_under
from napari_histcode.export.figures.sheet import Sheet
from napari_histcode.heatmap import Heatmap
from napari_histcode.scores.scores import SlideScores

_LINES_A_SIDE = 48  # lines of base text along the longer side of the picture
_SMALLEST_TYPE = 13.0
_NARROW = 0.62  # width / height below which the legend stands beside the picture
_LEAST_CONTENT = 31.0  # in base sizes; holds scale bar and colour bar side by side
_SIDE_LEGEND = 17.0
_LARGEST_ENLARGEMENT = 4.0
_SMALLEST_PICTURE = 640


@dataclass(frozen=True, kw_only=True)
class OverlayStyle:
    """How a heatmap is shown; what is None follows from the heatmap."""

    alpha: float = 0.5
    """Weight of the heatmap's colours over the tissue, 0 to 1."""
    size: int = 1600
    """Longer side of the slide's picture in pixels."""
    colormap: str | None = None
    """Name of the colour scale."""
    limits: tuple[float, float] | None = None
    """Values at the ends of the colour scale."""


def picture_size(slide_um: tuple[float, float], overview_px: tuple[int, int], size: int) -> tuple[int, int]:
    """Choose width and height in pixels for the picture of a slide.

    The sides relate as on the slide in micrometres, also where its pixels are not square. An overview of
    few pixels is not blown up to the full size.
    """
    longest = min(size, max(int(_LARGEST_ENLARGEMENT * max(overview_px)), _SMALLEST_PICTURE))
    factor = longest / max(slide_um)
    return max(1, round(slide_um[0] * factor)), max(1, round(slide_um[1] * factor))


def draw_overlay_figure(
    scores: SlideScores, heatmap: Heatmap, overview_rgb: NDArray[np.uint8], style: OverlayStyle
) -> NDArray[np.uint8]:
    """Draw the figure.

    Parameters
    ----------
    scores : SlideScores
        Where the heatmap comes from.
    heatmap : Heatmap
        What to show.
    overview_rgb : ndarray of uint8, (height, width, 3)
        The whole slide.
    style : OverlayStyle
        How to show it.

    Returns
    -------
    ndarray of uint8, (height, width, 3)
        The figure.
    """
    mpp = scores.grid.mpp
    slide_um = (heatmap.slide.dimensions[0] * mpp.x, heatmap.slide.dimensions[1] * mpp.y)
    width, height = picture_size(slide_um, (overview_rgb.shape[1], overview_rgb.shape[0]), style.size)
    picture = resize_rgb(overview_rgb, (width, height))
    mixed = blend(picture, heatmap, alpha=style.alpha, colormap=style.colormap, limits=style.limits)

    sheet = Sheet()
    base = max(_SMALLEST_TYPE, max(width, height) / _LINES_A_SIDE)
    margin = round(2 * base)
    is_narrow = width < _NARROW * height
    beside = round((2 + _SIDE_LEGEND) * base) if is_narrow else 0
    content = max(width + beside, round(_LEAST_CONTENT * base))
    top = round(
        set_header(
            sheet, heatmap.label, facts_of(scores), x=margin, y=margin - 0.3 * base, width=content, base=base
        )
        + 0.7 * base
    )
    sheet.rectangle(margin - 1, top - 1, width + 2, height + 2, FRAME)
    sheet.picture(margin, top, mixed)

    bar = ColourBar(
        heatmap=heatmap, base=base, alpha=style.alpha, grey=grey_under(picture, heatmap),
        colormap=style.colormap, limits=style.limits,
    )  # fmt: skip
    um_per_px = slide_um[0] / width
    bottom = top + height
    if is_narrow:
        left = margin + width + round(2 * base)
        y = bar.draw(sheet, left, top, round(_SIDE_LEGEND * base))
        longest = min(0.8 * width, _SIDE_LEGEND * base)
        y = draw_scale_bar(sheet, left, y + 1.5 * base, um_per_px, longest, base)
        bottom = max(bottom, round(y))
    else:
        bar_width = round(min(max(0.5 * content, 17 * base), 26 * base))
        y = bottom + 1.1 * base
        longest = min(0.3 * width, content - bar_width - 3 * base)
        below_scale = draw_scale_bar(sheet, margin, y, um_per_px, longest, base)
        bottom = round(max(below_scale, bar.draw(sheet, margin + content - bar_width, y, bar_width)))
    end = set_foot(sheet, scores, x=margin, y=bottom + 1.1 * base, width=content, base=base)
    return sheet.render(content + 2 * margin, round(end + margin - 0.35 * base))
