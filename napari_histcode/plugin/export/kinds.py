"""What can be taken home, in a reader's words."""

from __future__ import annotations

from dataclasses import dataclass

from napari_histcode.plugin.session import Choice

EVERYTHING = "everything"
"""The whole result folder, which the pipeline writes, not one of the export's formats."""

CONTACT_SHEET = "contact-sheet"
"""The format of the gallery of tiles."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One thing that can be written."""

    name: str
    """`EVERYTHING`, or a format of `export_result`."""
    label: str
    """What the user reads."""
    tooltip: str
    """More about it."""
    has_maps: bool = True
    """Whether one chooses which maps."""
    has_part: bool = False
    """Whether it can show a part of the slide."""
    has_panels: bool = False
    """Whether the plain slide and the regions can stand beside the maps."""

    @property
    def choice(self) -> Choice:
        """Make a line of the menu."""
        return Choice(name=self.name, label=self.label, tooltip=self.tooltip)


def _figure(kind: str, tooltip: str) -> Kind:
    return Kind(
        name=f"figure-{kind}",
        label=f"Figure ({kind.upper()})",
        tooltip=tooltip,
        has_part=True,
        has_panels=True,
    )


KINDS = (
    Kind(
        name=EVERYTHING,
        label="Everything (result folder)",
        tooltip="Tables, heatmaps (OME-TIFF), overlays (PNG), tiles for QuPath and a report page",
        has_maps=False,
    ),
    _figure("pdf", "For print: legend, scale bar and outlines stay sharp at any size"),
    _figure("svg", "As the PDF, to be edited in a drawing program"),
    _figure("png", "A picture of 300 pixels per inch"),
    Kind(
        name="report",
        label="Report page (HTML)",
        tooltip="Predictions, maps, highest and lowest tiles, the comparison if there is one, in one file",
    ),
    Kind(
        name=CONTACT_SHEET,
        label="Contact sheet of tiles (PNG)",
        tooltip="The ten highest and lowest tiles of each map at the resolution of the scan, a sheet a map",
    ),
    Kind(
        name="overlay-tiff",
        label="Slide with the map painted on (OME-TIFF)",
        tooltip="A pyramid of pictures that any viewer opens; large slides take minutes",
        has_part=True,
    ),
    Kind(name="ome-tiff", label="Values of maps (OME-TIFF)", tooltip="One channel a map, one pixel a tile"),
    Kind(name="ome-zarr", label="Values of maps (OME-Zarr)", tooltip="As the OME-TIFF, in chunks"),
    Kind(
        name="tiles-geojson",
        label="Tiles for QuPath (GeoJSON)",
        tooltip="One tile object each, with every value as a measurement",
    ),
    Kind(name="csv", label="Table of tiles (CSV)", tooltip="One row a tile, one column a map"),
    Kind(name="parquet", label="Table of tiles (Parquet)", tooltip="As the CSV, smaller and exact"),
    Kind(
        name="anndata",
        label="Tiles as AnnData (h5ad)",
        tooltip="Tiles by maps, with coordinates, for scanpy and squidpy",
    ),
    Kind(
        name="dicom-pm",
        label="DICOM Parametric Map",
        tooltip="For slides that are DICOM themselves; needs the optional package highdicom",
    ),
    Kind(
        name="dicom-seg",
        label="DICOM Segmentation",
        tooltip="Tiles above the map's threshold; for slides that are DICOM themselves; needs highdicom",
    ),
)


def kind_of(name: str) -> Kind:
    """Find a kind by its name."""
    return next(kind for kind in KINDS if kind.name == name)
