from __future__ import annotations

import numpy as np
import pytest

from napari_histcode.errors import MissingMppError, NoTissueError
from napari_histcode.tissue import TissueConfig
from napari_histcode.tissue.find import find_tissue, mask_of_overview
from tests.array_slide import TISSUE, ArraySlide, glass, with_tissue


def test_planted_rectangle_is_found_where_it_is() -> None:
    slide = ArraySlide(with_tissue(glass(3000, 2000), 800, 400, 1800, 1200), mpp=1.0)
    tissue = find_tissue(slide)
    rows, columns = np.nonzero(tissue.mask)
    left, top = columns.min() * tissue.scale_px0[0], rows.min() * tissue.scale_px0[1]
    right = (columns.max() + 1) * tissue.scale_px0[0]
    bottom = (rows.max() + 1) * tissue.scale_px0[1]
    assert np.allclose([left, top, right, bottom], [800, 400, 1800, 1200], atol=tissue.scale_px0[0] * 1.5)
    assert tissue.area_mm2 == pytest.approx(0.8, rel=0.03)


@pytest.mark.parametrize("mpp", [0.25, 0.5, 2.0])
def test_area_is_physical_whatever_the_scan(mpp: float) -> None:
    side = round(1000 / mpp)
    slide = ArraySlide(
        with_tissue(glass(2 * side, 2 * side), side // 2, side // 2, side * 3 // 2, side * 3 // 2), mpp=mpp
    )
    assert find_tissue(slide).area_mm2 == pytest.approx(1.0, rel=0.05)


def test_dust_is_dropped_and_small_holes_are_filled() -> None:
    pixels = with_tissue(glass(3000, 2000), 500, 500, 1700, 1500)
    pixels[900:960, 900:960] = 244  # a hole of 0.0036 mm2
    pixels[100:180, 2500:2580] = TISSUE  # a speck of 0.0064 mm2
    tissue = find_tissue(ArraySlide(pixels, mpp=1.0))
    assert tissue.area_mm2 == pytest.approx(1.2, rel=0.03)
    scale_x, scale_y = tissue.scale_px0
    assert not tissue.mask[: int(300 / scale_y), int(2300 / scale_x) :].any()


def test_a_field_full_of_tissue_is_all_tissue() -> None:
    rng = np.random.default_rng(0)
    pixels = np.clip(np.array(TISSUE) + rng.normal(0, 20, (800, 800, 3)), 0, 255).astype(np.uint8)
    assert find_tissue(ArraySlide(pixels, mpp=1.0)).mask.mean() > 0.98


def test_empty_glass_has_no_tissue() -> None:
    noise = np.random.default_rng(0).normal(0, 2, (600, 900, 3))
    pixels = np.clip(244 + noise, 0, 255).astype(np.uint8)
    with pytest.raises(NoTissueError, match="No tissue"):
        find_tissue(ArraySlide(pixels, mpp=1.0))


def test_pale_tissue_beside_dense_tissue_is_tissue() -> None:
    pixels = with_tissue(glass(3000, 1500), 300, 300, 1300, 1300)
    pixels[300:1300, 1600:2600] = (240, 222, 232)  # saturation 0.075
    assert find_tissue(ArraySlide(pixels, mpp=1.0)).area_mm2 == pytest.approx(2.0, rel=0.03)


def test_tinted_glass_is_glass() -> None:
    tint = np.array([238, 221, 236])  # saturation 0.07, as on many scans
    noise = np.random.default_rng(0).normal(0, 1.5, (1500, 2500, 3))
    pixels = np.clip(tint + noise, 0, 255).astype(np.uint8)
    tissue = find_tissue(ArraySlide(with_tissue(pixels, 500, 400, 1500, 1200), mpp=1.0))
    assert tissue.area_mm2 == pytest.approx(0.8, rel=0.03)


def test_a_field_of_pale_tissue_alone_is_not_taken_for_glass() -> None:
    rng = np.random.default_rng(0)
    paleness = rng.uniform(0, 0.25, (100, 100)).repeat(10, axis=0).repeat(10, axis=1)[..., None]
    pixels = (255 - paleness * np.array([60, 255, 120])).astype(np.uint8)
    assert find_tissue(ArraySlide(pixels, mpp=1.0)).mask.mean() > 0.8


def test_black_surroundings_are_no_tissue() -> None:
    pixels = np.full((400, 400, 3), (3, 0, 1), dtype=np.uint8)
    mask, _ = mask_of_overview(pixels, pixel_um=16.0, config=TissueConfig())
    assert not mask.any()


def test_missing_resolution_is_said() -> None:
    with pytest.raises(MissingMppError):
        find_tissue(ArraySlide(glass(100, 100), mpp=None))
