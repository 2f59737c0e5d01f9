"""Manifest commands: the slides that come with the package, under File > Open Sample."""

from __future__ import annotations

from napari_histcode import resources
from napari_histcode.annotations import read_geojson
from napari_histcode.plugin import open_slides
from napari_histcode.plugin.annotate.edits import with_ids
from napari_histcode.plugin.annotate.loose_regions import loose_layer
from napari_histcode.plugin.layers import LayerData, slide_layer_data
from napari_histcode.plugin.reader import read_slides, show_scale_bar
from napari_histcode.slide import open_slide


def osteosarcoma_mosaic() -> list[LayerData]:
    """Open the mosaic of osteosarcoma fields with the pathologists' label of every field."""
    slide = open_slide(resources.SAMPLE_SLIDE)
    annotations = read_geojson(resources.SAMPLE_ANNOTATIONS)
    show_scale_bar()
    return [
        slide_layer_data(slide, key=open_slides.register(slide)),
        loose_layer(with_ids(annotations), slide.record),
    ]


def slide_without_resolution() -> list[LayerData]:
    """Open a real slide that does not state its resolution, so that the window asks."""
    return read_slides(resources.SAMPLE_WITHOUT_MPP)
