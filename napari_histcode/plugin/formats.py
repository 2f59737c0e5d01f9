"""Which files can be slides, by their names."""

from __future__ import annotations

from pathlib import Path

SCANNER_ONLY_SUFFIXES = ("svs", "ndpi", "mrxs", "dcm", "scn", "svslide", "bif", "vms", "vmu")
"""Formats that nothing but a slide has."""

SCANNER_SUFFIXES = (*SCANNER_ONLY_SUFFIXES, "tif", "tiff")
"""Whole-slide formats; OME-TIFF is among the TIFFs."""

IMAGE_SUFFIXES = ("jpg", "jpeg", "png", "bmp")
"""Flat images, which become slides of one level."""


def dialog_filter() -> str:
    """Filter of a file dialog: slides, images, everything."""
    slides = " ".join(f"*.{suffix}" for suffix in SCANNER_SUFFIXES)
    images = " ".join(f"*.{suffix}" for suffix in IMAGE_SUFFIXES)
    return f"Slides ({slides} {images});;All files (*)"


def may_be_slide(path: Path) -> bool:
    """Whether a path looks like a slide: by its suffix, or a folder that holds DICOM files."""
    if path.is_dir():
        return any(child.suffix.lower() == ".dcm" for child in path.iterdir())
    return path.suffix.lower().lstrip(".") in SCANNER_SUFFIXES + IMAGE_SUFFIXES
