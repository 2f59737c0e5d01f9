"""Build the sample slide: held-out fields as one pyramidal slide, with the pathologists' labels.

The result is three files: ``NAME.tif``, ``NAME.geojson`` (QuPath regions, one a field) and
``ATTRIBUTION.md``. The same fields and settings give the same bytes. No name of a file, slide or
patient of the source is in them: fields are called field-01, field-02 ... in reading order.
"""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from PIL import Image

from histcode_training.cohort import Cohort, Field
from histcode_training.errors import CohortError
from histcode_training.mosaic import MosaicLayout, RgbImage, lay_mosaic, paint_mosaic, pyramid_of
from histcode_training.recipe import Companion, Recipe, SampleConfig, Source, TissueClass
from napari_histcode.files import replacing

FIELD_IDS = uuid.UUID("8f1a6a1e-3a43-5a0b-9d3b-0d4f8e4c2c11")
"""Name space of the regions' ids, so that they are the same in every build."""

TIFF_TILE_PX = 256


def build_sample(cohort: Cohort, recipe: Recipe, out: Path) -> MosaicLayout:
    """Write the sample slide, its regions and its attribution.

    Parameters
    ----------
    cohort : Cohort
        The held-out fields, all of one size.
    recipe : Recipe
        Classes, source, resolution and layout.
    out : Path
        The slide's file; the regions get the same name with ``.geojson``, and ``ATTRIBUTION.md`` lies
        beside it.

    Returns
    -------
    MosaicLayout
        Where the fields stand.

    Raises
    ------
    CohortError
        If a field is no readable image, or fields differ in size.
    OutputError
        If the files cannot be written.
    """
    config = recipe.sample
    fields = shuffled(cohort.fields, config.seed)
    images = [read_image(field) for field in fields]
    sizes = {image.shape for image in images}
    if len(sizes) != 1:
        raise CohortError(
            f"The fields of the sample have {len(sizes)} sizes: {sorted(sizes)}.",
            advice="Choose fields of one size.",
        )
    height, width = images[0].shape[:2]
    layout = lay_mosaic(
        len(fields), (width, height), columns=config.columns, gap_px=config.gap_px, levels=config.levels,
        whole_px=config.whole_px,
    )  # fmt: skip
    title = f"Mosaic of {len(fields)} fields. {_credit(recipe.source)}"
    write_pyramid(out, pyramid_of(paint_mosaic(images, layout), config.levels), recipe.mpp, title, config)
    regions = regions_of(fields, layout, recipe.classes)
    _write_text(out.with_suffix(".geojson"), json.dumps(regions, indent=1) + "\n")
    _write_text(out.parent / "ATTRIBUTION.md", attribution(recipe, out.name, cohort))
    return layout


def copy_companions(recipe: Recipe, data: Path, folder: Path) -> tuple[Path, ...]:
    """Copy the slides that ship beside the sample, unchanged.

    Parameters
    ----------
    recipe : Recipe
        Names them.
    data : Path
        Folder of the data.
    folder : Path
        Where the sample lies.

    Raises
    ------
    CohortError
        If one is missing.
    OutputError
        If it cannot be written.
    """
    copies = []
    for companion in recipe.sample.companions:
        source = data / companion.file
        if not source.is_file():
            raise CohortError(
                f"There is no slide {companion.file} in the data folder.", advice="Give the right --data."
            )
        target = folder / source.name
        with replacing(target) as temporary:
            shutil.copyfile(source, temporary)
        copies.append(target)
    return tuple(copies)


def shuffled(fields: Sequence[Field], seed: int) -> list[Field]:
    """Put fields into an order in which the classes are mixed, the same for the same seed."""
    order = np.random.default_rng(seed).permutation(len(fields))
    return [fields[position] for position in order]


def read_image(field: Field) -> RgbImage:
    """Read a field as uint8 RGB, (height, width, 3).

    Raises
    ------
    CohortError
        If it is no readable image.
    """
    try:
        with Image.open(field.path) as image:
            return np.asarray(image.convert("RGB"))
    except (OSError, ValueError) as error:
        raise CohortError(
            f"The field {field.path.name} is no readable image: {error}.", advice="Copy it again."
        ) from error


def write_pyramid(
    path: Path, pyramid: Sequence[RgbImage], mpp: float, description: str, config: SampleConfig
) -> None:
    """Write a pyramid as tiled TIFF with its resolution in every level.

    Parameters
    ----------
    path : Path
        Where to write.
    pyramid : sequence of ndarray of uint8, (height, width, 3)
        The finest level first, each half of the one before.
    mpp : float
        Micrometres per level-0 pixel.
    description : str
        Goes into the file: origin and licence travel with the pixels.
    config : SampleConfig
        JPEG quality.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    with replacing(path) as temporary, tifffile.TiffWriter(temporary) as tiff:
        for level, image in enumerate(pyramid):
            px_per_cm = 1e4 / (mpp * 2**level)
            tiff.write(
                image,
                photometric="rgb",  # "ycbcr" would store RGB under a false name
                compression="jpeg",
                compressionargs={"level": config.jpeg_quality},
                tile=(TIFF_TILE_PX, TIFF_TILE_PX),
                subfiletype=1 if level else 0,
                resolution=(px_per_cm, px_per_cm),
                resolutionunit="CENTIMETER",
                description=description if level == 0 else None,
                metadata=None,
                software=False,
            )


def regions_of(
    fields: Sequence[Field], layout: MosaicLayout, classes: Sequence[TissueClass]
) -> dict[str, Any]:
    """Write the label of every field as a QuPath region that is exactly the field.

    Parameters
    ----------
    fields : sequence of Field
        In the order of the layout.
    layout : MosaicLayout
        Where they stand, in level-0 pixels.
    classes : sequence of TissueClass
        What the labels are called and how they are painted.

    Returns
    -------
    dict
        GeoJSON feature collection in level-0 pixels.
    """
    by_label = {tissue.label: tissue for tissue in classes}
    width, height = layout.image_px
    features = []
    for number, (field, (x, y)) in enumerate(zip(fields, layout.corners_px0, strict=True), start=1):
        name = f"field-{number:02d}"
        tissue = by_label[field.label]
        ring = [[x, y], [x + width, y], [x + width, y + height], [x, y + height], [x, y]]
        features.append(
            {
                "type": "Feature",
                "id": str(uuid.uuid5(FIELD_IDS, name)),
                "geometry": {"type": "Polygon", "coordinates": [ring]},
                "properties": {
                    "objectType": "annotation",
                    "name": tissue.shown,
                    "classification": {"name": tissue.region, "color": list(tissue.colour)},
                    "isLocked": True,
                    "metadata": {"field": name},
                },
            }
        )
    return {"type": "FeatureCollection", "features": features}


def attribution(recipe: Recipe, slide_name: str, cohort: Cohort) -> str:
    """Say whose pixels these are, under which licence, and what was changed."""
    source = recipe.source
    per_class = ", ".join(f"{cohort.counts()[c.label]} {c.shown}" for c in recipe.classes)
    return f"""# Where the sample slides come from

## {slide_name}

{source.authors}. *{source.title}* [data set]. {source.publisher}.
https://doi.org/{source.doi}

Licence: {source.licence} ({source.licence_url}).

Changed: {len(cohort)} fields of the data set ({per_class}) at {recipe.mpp:g} um/px
were placed side by side on a background of the colour of glass, renumbered (field-01 to
field-{len(cohort):02d} in reading order), compressed again as JPEG (quality {recipe.sample.jpeg_quality})
and reduced to a pyramid. They are no neighbours in the tissue.
`{Path(slide_name).with_suffix(".geojson")}` holds the pathologists' label of each whole field as a
QuPath region; within a field, single tiles may show something else (bone, glass, blood).
The authors of the data set do not endorse this use.
{"".join(_companion_text(companion) for companion in recipe.sample.companions)}"""


def _companion_text(companion: Companion) -> str:
    return f"\n## {Path(companion.file).name}\n\n{companion.attribution.strip()}\n"


def _credit(source: Source) -> str:
    origin = f"{source.authors}: {source.title}. https://doi.org/{source.doi}"
    return f"{origin}. {source.licence}. Changed: see ATTRIBUTION.md."


def _write_text(path: Path, text: str) -> None:
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")
