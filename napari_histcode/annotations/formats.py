"""The annotation formats there are, by name, and what a file's name says of them."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from napari_histcode.errors import UnknownFormatError


class SourceFormat(StrEnum):
    """Formats that can be read; all but NDPA can be written."""

    GEOJSON = "geojson"
    """QuPath's GeoJSON, or plain GeoJSON."""
    ASAP = "asap"
    """ASAP's XML."""
    IMAGESCOPE = "imagescope"
    """Aperio ImageScope's XML."""
    NDPA = "ndpa"
    """Hamamatsu's NDP.view."""
    HISTOMICS = "histomicsui"
    """HistomicsUI's JSON."""

    @property
    def label(self) -> str:
        """Its name in a sentence."""
        return _TITLES[self]


_TITLES = {
    SourceFormat.GEOJSON: "QuPath GeoJSON",
    SourceFormat.ASAP: "ASAP XML",
    SourceFormat.IMAGESCOPE: "ImageScope XML",
    SourceFormat.NDPA: "Hamamatsu NDPA",
    SourceFormat.HISTOMICS: "HistomicsUI JSON",
}

WRITTEN_FORMATS = (
    SourceFormat.GEOJSON,
    SourceFormat.ASAP,
    SourceFormat.IMAGESCOPE,
    SourceFormat.HISTOMICS,
)
"""Formats that can be written."""

_SUFFIXES = {".geojson": SourceFormat.GEOJSON, ".json": SourceFormat.GEOJSON}


def format_to_write(path: Path, name: str | None = None) -> SourceFormat:
    """Return the format that was asked for, or that the file's name means.

    Raises
    ------
    UnknownFormatError
        If there is none of that name, or the file's name does not tell.
    """
    names = ", ".join(WRITTEN_FORMATS)
    if name is not None:
        if name not in WRITTEN_FORMATS:
            raise UnknownFormatError(
                f"Annotations cannot be written as {name!r}.", advice=f"Formats: {names}."
            )
        return SourceFormat(name)
    suffix = Path(path.stem).suffix if path.suffix.lower() == ".gz" else path.suffix
    if suffix.lower() not in _SUFFIXES:
        raise UnknownFormatError(
            f"The name {path.name!r} does not say which format is meant.", advice=f"Give one of: {names}."
        )
    return _SUFFIXES[suffix.lower()]
