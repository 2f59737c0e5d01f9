"""Write what quality control found on a slide: figure, regions for QuPath, and numbers."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_histcode.annotations import write_annotations
from napari_histcode.annotations.quality_regions import quality_regions
from napari_histcode.export.figures.blend import resize_rgb
from napari_histcode.export.figures.sheet import SOFT_INK, Sheet
from napari_histcode.export.notice import RESEARCH_USE
from napari_histcode.export.png import write_png
from napari_histcode.export.provenance import software_versions, timestamp, to_json
from napari_histcode.files import staging
from napari_histcode.slide import Slide
from napari_histcode.tissue.mask import TissueMask
from napari_histcode.tissue.quality import ARTEFACTS, Artefact, QualityMask

DOCUMENT_FILE = "quality.json"
"""Areas, shares and settings; written last."""
REGIONS_FILE = "quality.geojson"
"""Artefacts as regions."""
FIGURE_FILE = "quality.png"
"""The slide with its artefacts."""

COLOURS: dict[Artefact, tuple[int, int, int]] = {
    Artefact.PEN: (0, 158, 115),
    Artefact.FOLD: (230, 159, 0),
    Artefact.BLUR: (0, 114, 178),
}
"""Okabe and Ito's green, orange and blue: colour-blind eyes can tell them apart."""

_FIGURE_PX = 1400
_ALPHA = 0.45
_TYPE = 20.0


def export_quality(
    slide: Slide, tissue: TissueMask, mask: QualityMask, overview_rgb: NDArray[np.uint8], folder: Path
) -> Path:
    """Write figure, regions and numbers into a folder.

    Parameters
    ----------
    slide : Slide
        The slide; QuPath's regions count from the bounds of slides that it crops.
    tissue : TissueMask
        Its tissue.
    mask : QualityMask
        Its artefacts.
    overview_rgb : ndarray of uint8, (height, width, 3)
        The whole slide as a small picture.
    folder : Path
        Where to write; made if missing.

    Raises
    ------
    OutputError
        If something cannot be written.
    """
    document = describe_quality(mask, tissue)
    with staging(folder, last=DOCUMENT_FILE) as stage:
        write_annotations(quality_regions(mask), stage / REGIONS_FILE, slide=slide)
        figure = draw_quality(mask, tissue, overview_rgb)
        title = f"quality control, {mask.slide.alias}"
        write_png(stage / FIGURE_FILE, figure, title=title, provenance=document)
        (stage / DOCUMENT_FILE).write_text(to_json(document, indent=2) + "\n", encoding="utf-8")
    return folder


def describe_quality(mask: QualityMask, tissue: TissueMask) -> dict[str, Any]:
    """Describe a quality mask: the content of ``quality.json``."""
    return {
        "format": "histcode-quality",
        "notice": RESEARCH_USE,
        "created": timestamp(),
        "slide": dataclasses.asdict(mask.slide),
        "tissue_mm2": tissue.area_mm2,
        "artefacts": {
            artefact.label: {
                "area_mm2": mask.area_mm2[artefact],
                "share_of_tissue": mask.tissue_share[artefact],
                "not_assessed": mask.not_assessed.get(artefact),
            }
            for artefact in ARTEFACTS
        },
        "config": dataclasses.asdict(mask.config),
        "tissue_config": dataclasses.asdict(tissue.config),
        "software": software_versions(),
    }


def quality_line(mask: QualityMask, artefact: Artefact) -> str:
    """Say of one artefact how much there is, or why nobody knows."""
    if artefact in mask.not_assessed:
        return f"not assessed: {mask.not_assessed[artefact]}"
    return f"{mask.area_mm2[artefact]:.3g} mm2, {mask.tissue_share[artefact]:.2%} of the tissue"


def draw_quality(mask: QualityMask, tissue: TissueMask, overview_rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Draw the slide with its artefacts in colour, their outlines and a legend.

    Returns
    -------
    ndarray of uint8, (height, width, 3)
        The figure.
    """
    height, width = overview_rgb.shape[:2]
    factor = _FIGURE_PX / max(height, width)
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    picture = resize_rgb(overview_rgb, size)
    sheet = Sheet()
    margin = round(2 * _TYPE)
    content = max(size[0], round(32 * _TYPE))
    y = sheet.paragraph(margin, margin, "Quality control", width=content, size=1.5 * _TYPE, is_bold=True)
    facts = f"{mask.slide.alias} · {tissue.area_mm2:.3g} mm² of tissue"
    y = sheet.paragraph(margin, y, facts, width=content, size=_TYPE, colour=SOFT_INK) + 0.7 * _TYPE
    top = round(y)
    sheet.picture(margin, top, _coloured(mask, picture))
    y = top + size[1] + _TYPE
    for artefact in ARTEFACTS:
        sheet.rectangle(margin, round(y + 0.15 * _TYPE), round(_TYPE), round(_TYPE), COLOURS[artefact])
        text = f"{artefact.label}: {quality_line(mask, artefact).replace('mm2', 'mm²')}"
        y = sheet.paragraph(margin + 1.6 * _TYPE, y, text, width=content - 1.6 * _TYPE, size=_TYPE)
    y = sheet.paragraph(margin, y + 0.6 * _TYPE, RESEARCH_USE, width=content, size=_TYPE, is_bold=True)
    return sheet.render(content + 2 * margin, round(y + margin))


def _coloured(mask: QualityMask, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Lay the classes over a picture of the slide: washed with colour, and outlined."""
    height, width = picture.shape[:2]
    rows = ((np.arange(height) + 0.5) * (mask.classes.shape[0] / height)).astype(np.intp)
    columns = ((np.arange(width) + 0.5) * (mask.classes.shape[1] / width)).astype(np.intp)
    classes = mask.classes[np.ix_(rows, columns)]
    mixed = picture.copy()
    for artefact in ARTEFACTS:
        here = classes == artefact
        colour = np.asarray(COLOURS[artefact], np.float32)
        mixed[here] = ((1 - _ALPHA) * picture[here] + _ALPHA * colour).astype(np.uint8)
        edge = here & ~ndimage.binary_erosion(here, iterations=2)
        mixed[edge] = COLOURS[artefact]
    return mixed
