from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_histcode.errors import NoTilesError
from napari_histcode.tiling.tile_quality import tile_quality, without_artefacts
from napari_histcode.tissue.mask import TissueConfig, TissueMask
from napari_histcode.tissue.quality import ARTEFACTS, Artefact, QualityConfig, QualityMask
from napari_histcode.tissue.quality_find import make_mask
from tests.builders import make_grid, make_slide_record

SCALE = 32.0


def quality_of(grid, found):
    height, width = (round(side / SCALE) for side in reversed(grid.slide.dimensions))
    tissue = TissueMask(
        mask=np.ones((height, width), bool), scale_px0=(SCALE, SCALE), threshold=0.05, slide=grid.slide,
        config=TissueConfig(),
    )  # fmt: skip
    masks = {artefact: np.zeros((height, width), bool) for artefact in found}
    for artefact, place in found.items():
        masks[artefact][place] = True
    return make_mask(masks, tissue, QualityConfig(), {})


@pytest.fixture
def grid():
    return make_grid(5, 4)  # tiles of 448 px0, 14 mask pixels


def test_fractions_are_areas(grid):
    mask = quality_of(grid, {Artefact.PEN: np.s_[0:14, 0:7], Artefact.BLUR: np.s_[14:28, 14:28]})
    quality = tile_quality(grid, mask)
    assert quality.fraction[0].tolist() == pytest.approx([0.5, 0, 0])
    assert quality.fraction[6].tolist() == pytest.approx([0, 0, 1])
    assert quality.fraction.sum() == pytest.approx(1.5)
    assert quality.classes[[0, 1, 6]].tolist() == [Artefact.PEN, Artefact.NONE, Artefact.BLUR]


@given(st.lists(st.tuples(st.integers(0, 55), st.integers(0, 69), st.integers(1, 3)), max_size=30))
def test_fractions_add_up_to_the_area_of_the_mask(points):
    grid = make_grid(5, 4)
    mask = quality_of(grid, {})
    classes = mask.classes.copy()
    for row, column, artefact in points:
        classes[row, column] = artefact
    mask = QualityMask(
        classes=classes, scale_px0=mask.scale_px0, area_mm2=mask.area_mm2, tissue_share=mask.tissue_share,
        not_assessed={}, slide=mask.slide, config=mask.config,
    )  # fmt: skip
    fraction = tile_quality(grid, mask).fraction
    assert (fraction >= 0).all()
    assert (fraction.sum(axis=1) <= 1 + 1e-5).all()
    areas = fraction.sum(axis=0) * 14 * 14
    assert areas.tolist() == pytest.approx([(classes == artefact).sum() for artefact in ARTEFACTS], abs=0.05)


def test_tiles_that_are_mostly_artefact_are_left_out_and_counted(grid):
    mask = quality_of(
        grid,
        {Artefact.PEN: np.s_[0:14, 0:8], Artefact.FOLD: np.s_[0:14, 14:20], Artefact.BLUR: np.s_[28:, :]},
    )
    kept, exclusion = without_artefacts(grid, mask)
    assert len(kept) + exclusion.n_excluded == len(grid)
    assert exclusion.by_artefact == {Artefact.PEN: 1, Artefact.FOLD: 0, Artefact.BLUR: 10}
    assert kept.stride_px0 == grid.stride_px0
    assert [0, 0] not in kept.index.tolist()
    assert [1, 0] in kept.index.tolist()


def test_an_earlier_artefact_hides_a_later_one(grid):
    everywhere = np.s_[:, :]
    mask = quality_of(grid, {Artefact.BLUR: everywhere, Artefact.PEN: np.s_[:10]})
    assert set(np.unique(mask.classes)) == {Artefact.PEN, Artefact.BLUR}
    assert mask.tissue_share[Artefact.PEN] + mask.tissue_share[Artefact.BLUR] == pytest.approx(1)
    pixel_mm2 = (SCALE * 0.5) ** 2 / 1e6
    assert mask.area_mm2[Artefact.PEN] == pytest.approx((mask.classes == 1).sum() * pixel_mm2)


def test_a_slide_of_nothing_but_artefacts_is_an_error(grid):
    with pytest.raises(NoTilesError, match="mostly ink"):
        without_artefacts(grid, quality_of(grid, {Artefact.BLUR: np.s_[:, :]}))


def test_another_slides_mask_is_refused(grid):
    other = make_grid(5, 4)
    mask = quality_of(other, {})
    record = make_slide_record(other.slide.dimensions, digest="9c" * 32)
    with pytest.raises(ValueError, match="quality mask of"):
        tile_quality(grid, QualityMask(**{**vars(mask), "slide": record}))
