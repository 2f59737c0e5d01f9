from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import box

from napari_histcode.errors import MissingMppError, NoTilesError
from napari_histcode.tiling import TilingConfig
from napari_histcode.tiling.lay import lay_tiles
from napari_histcode.tissue import TissueConfig, TissueMask
from tests.array_slide import ArraySlide, glass


def mask_over(slide: ArraySlide, mask: np.ndarray) -> TissueMask:
    height, width = mask.shape
    return TissueMask(
        mask=mask,
        scale_px0=(slide.dimensions[0] / width, slide.dimensions[1] / height),
        threshold=0.1,
        slide=slide.record,
        config=TissueConfig(),
    )


class SizedSlide(ArraySlide):
    """Any size without any pixels."""

    def __init__(self, width: int, height: int, mpp: tuple[float, float]) -> None:
        super().__init__(glass(1, 1), mpp=mpp)
        self.record = replace(self.record, dimensions=(width, height), level_dimensions=((width, height),))
        self.dimensions = (width, height)


@settings(deadline=None, max_examples=150)
@given(
    width=st.integers(300, 60_000),
    height=st.integers(300, 60_000),
    mpp=st.floats(0.2, 1.2),
    aspect=st.floats(0.9, 1.1),
    tile_px=st.integers(64, 256),
    overlap=st.sampled_from([0.0, 0.25, 0.5, 0.9]),
)
def test_tiles_cover_the_slide_and_never_leave_it(
    width: int, height: int, mpp: float, aspect: float, tile_px: int, overlap: float
) -> None:
    slide = SizedSlide(width, height, (mpp, mpp * aspect))
    config = TilingConfig(tile_px=tile_px, target_mpp=1.0, overlap=overlap)
    tissue = mask_over(slide, np.ones((7, 11), dtype=np.bool_))
    size = (config.tile_um / mpp, config.tile_um / (mpp * aspect))
    if size[0] > width or size[1] > height:
        with pytest.raises(NoTilesError, match="smaller than one tile"):
            lay_tiles(slide, tissue, config)
        return
    grid = lay_tiles(slide, tissue, config)
    assert (grid.xy_px0 >= 0).all()
    assert (grid.xy_px0 + grid.size_px0 <= np.array([width, height]) + 0.01).all()
    assert np.allclose((grid.xy_px0 + grid.size_px0).max(axis=0), [width, height], atol=0.01)
    assert (np.array(grid.stride_px0) <= np.array(size) * (1 - overlap) + 0.01).all()
    assert len(grid) == grid.lattice_shape[0] * grid.lattice_shape[1]
    assert np.allclose(grid.tissue_fraction, 1)


def test_footprints_do_not_drift() -> None:
    slide = SizedSlide(100_000, 1_000, (0.2527, 0.2527))
    config = TilingConfig(tile_px=224, target_mpp=0.5)
    grid = lay_tiles(slide, mask_over(slide, np.ones((4, 4), dtype=np.bool_)), config)
    assert grid.xy_px0[:, 0].max() == pytest.approx(100_000 - 112.0 / 0.2527, abs=1e-6)
    assert 0.2527 * grid.stride_px0[0] == pytest.approx(112.0, rel=0.01)


@settings(deadline=None, max_examples=50)
@given(st.data())
def test_tissue_fraction_equals_the_area_counted_pixel_by_pixel(data: st.DataObject) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 10_000)))
    mask = rng.random((data.draw(st.integers(3, 20)), data.draw(st.integers(3, 20)))) > 0.5
    slide = SizedSlide(2000, 1600, (1.0, 1.0))
    tissue = mask_over(slide, mask)
    config = TilingConfig(tile_px=data.draw(st.integers(100, 500)), target_mpp=1.0, min_tissue=0.0)
    rows = np.arange(1600) * mask.shape[0] // 1600
    columns = np.arange(2000) * mask.shape[1] // 2000
    fine = mask[rows][:, columns]
    try:
        grid = lay_tiles(slide, tissue, config)
    except NoTilesError:
        return
    for (x, y), fraction in zip(grid.xy_px0.astype(int), grid.tissue_fraction, strict=True):
        counted = fine[y : y + config.tile_px, x : x + config.tile_px].mean()
        assert fraction == pytest.approx(counted, abs=0.03)


def test_only_tiles_with_enough_tissue_are_kept() -> None:
    slide = SizedSlide(400, 200, (1.0, 1.0))
    mask = np.zeros((2, 40), dtype=np.bool_)
    mask[:, :15] = True  # tissue from x = 0 to 150: tile 0 full, tile 1 half, 2 and 3 empty
    config = TilingConfig(tile_px=100, target_mpp=1.0, min_tissue=0.5)
    grid = lay_tiles(slide, mask_over(slide, mask), config)
    assert grid.index.tolist() == [[0, 0], [1, 0], [0, 1], [1, 1]]
    assert grid.tissue_fraction.tolist() == pytest.approx([1, 0.5, 1, 0.5])


def test_region_of_interest_shares_the_lattice_of_the_whole_slide() -> None:
    slide = SizedSlide(1000, 1000, (1.0, 1.0))
    tissue = mask_over(slide, np.ones((5, 5), dtype=np.bool_))
    config = TilingConfig(tile_px=100, target_mpp=1.0)
    whole = lay_tiles(slide, tissue, config)
    part = lay_tiles(slide, tissue, config, roi=box(200, 300, 500, 500))
    assert part.is_partial
    assert not whole.is_partial
    assert len(part) == 6
    assert set(map(tuple, part.index.tolist())) <= set(map(tuple, whole.index.tolist()))
    with pytest.raises(NoTilesError, match="region of interest"):
        lay_tiles(slide, tissue, config, roi=box(2000, 2000, 3000, 3000))


def test_unknown_resolution_is_said() -> None:
    slide = ArraySlide(glass(500, 500), mpp=None)
    with pytest.raises(MissingMppError):
        lay_tiles(
            slide, mask_over(slide, np.ones((5, 5), dtype=np.bool_)), TilingConfig(tile_px=64, target_mpp=1)
        )


@pytest.mark.parametrize(
    "wrong", [{"tile_px": 0}, {"target_mpp": 0.0}, {"overlap": 1.0}, {"overlap": -0.1}, {"min_tissue": 1.5}]
)
def test_impossible_configurations_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        TilingConfig(**{"tile_px": 224, "target_mpp": 0.5, **wrong})  # type: ignore[arg-type]
