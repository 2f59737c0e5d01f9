from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from napari_histcode.annotations import is_ignored
from napari_histcode.annotations.quality_regions import quality_regions
from napari_histcode.tissue.quality import ARTEFACTS, Artefact, QualityConfig, QualityMask
from tests.builders import make_slide_record

SLIDE = make_slide_record((330, 250))
SCALE = (330 / 11, 250 / 9)


def mask_of(classes):
    return QualityMask(
        classes=np.asarray(classes, np.uint8), scale_px0=SCALE, area_mm2=dict.fromkeys(ARTEFACTS, 0.0),
        tissue_share=dict.fromkeys(ARTEFACTS, 0.0), not_assessed={}, slide=SLIDE, config=QualityConfig(),
    )  # fmt: skip


@given(st_numpy.arrays(np.uint8, (9, 11), elements=st.integers(0, 3)))
def test_regions_have_the_areas_of_the_mask_and_do_not_overlap(classes):
    regions = quality_regions(mask_of(classes))
    for artefact in ARTEFACTS:
        area = sum(region.geometry.area for region in regions if region.name == artefact.label)
        assert area == pytest.approx((classes == artefact).sum() * SCALE[0] * SCALE[1])
    union = shapely.union_all([region.geometry for region in regions])
    assert union.area == pytest.approx(sum(region.geometry.area for region in regions))
    assert all(region.geometry.is_valid for region in regions)
    assert all(is_ignored(region.class_name) for region in regions)


def test_a_region_lies_where_its_pixels_are_and_keeps_its_hole():
    classes = np.zeros((9, 11), np.uint8)
    classes[2:7, 3:9] = Artefact.FOLD
    classes[4, 5] = Artefact.NONE
    (region,) = quality_regions(mask_of(classes))
    assert region.name == "fold"
    left, top, right, bottom = region.geometry.bounds
    assert (left, right) == pytest.approx((3 * SCALE[0], 9 * SCALE[0]))
    assert (top, bottom) == pytest.approx((2 * SCALE[1], 7 * SCALE[1]))
    assert len(region.geometry.interiors) == 1


def test_nothing_wrong_is_no_region():
    assert quality_regions(mask_of(np.zeros((9, 11)))) == ()
