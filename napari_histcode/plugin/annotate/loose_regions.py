"""Regions in the viewer that no dock holds: a registry for the life of the process.

The reader and the samples work without the dock. The layer that they make shows a picture; the regions
themselves stay here under a random key, until a dock takes them over or the layer goes.
"""

from __future__ import annotations

import uuid
from weakref import WeakValueDictionary

from napari_histcode.annotations import QUPATH_CLASSES, Annotation
from napari_histcode.plugin.annotate.colours import colour_of, with_classes_of
from napari_histcode.plugin.annotate.paint import Pen
from napari_histcode.plugin.annotate.picture import RegionPicture
from napari_histcode.plugin.annotate.scene import Scene
from napari_histcode.plugin.layers import LayerData, regions_layer_data
from napari_histcode.slide import SlideRecord

_pictures: WeakValueDictionary[str, RegionPicture] = WeakValueDictionary()


def loose_layer(regions: tuple[Annotation, ...], record: SlideRecord) -> LayerData:
    """Make a layer of regions that nobody edits yet; the dock takes them over when it is there."""
    classes = with_classes_of(QUPATH_CLASSES, regions)
    scene = Scene(regions, lambda region: colour_of(region, classes))
    picture = RegionPicture(record.dimensions, scene, Pen())
    key = uuid.uuid4().hex
    _pictures[key] = picture
    return regions_layer_data(picture.levels, record, key=key)


def find(key: str) -> tuple[Annotation, ...]:
    """Regions of this key; none if their layer has gone."""
    picture = _pictures.get(key)
    return () if picture is None else picture.scene.regions
