from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from napari_histcode.tissue.quality import FoldConfig
from napari_histcode.tissue.quality_fold import find_folds, fold_ratio, local_quantile

STROMA = np.array([0.25, 0.70, 0.45], np.float32)
SHAPE = (140, 180)


def textured(density=STROMA, seed=0):
    """Tissue whose density varies by a tenth, alike in all colours."""
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=SHAPE), 1.0)
    return np.asarray(density * (1 + 0.1 * noise / noise.std())[..., None], np.float32)


def everywhere():
    return np.ones(SHAPE, bool)


@pytest.mark.parametrize("factor", [1.9, 2.0, 2.5])
def test_a_second_layer_is_a_fold(factor):
    density = textured()
    band = np.zeros(SHAPE, bool)
    band[60:72] = True
    density[band] *= factor
    found = find_folds(density, everywhere(), pixel_um=16.0, config=FoldConfig())
    assert found[band].mean() > 0.95
    assert found[~band].mean() < 0.005


def test_detection_grows_with_the_density_of_the_second_layer():
    shares = []
    for factor in (1.0, 1.3, 1.6, 2.0):
        density = textured()
        density[60:72] *= factor
        found = find_folds(density, everywhere(), pixel_um=16.0, config=FoldConfig())
        shares.append(found[60:72].mean())
    assert shares[0] == 0
    assert shares == sorted(shares)


@settings(max_examples=30)
@given(nuclei=st.floats(0.3, 1.5), row=st.integers(20, 100))
def test_more_nuclei_are_no_fold_however_dark(nuclei, row):
    density = textured()
    density[row : row + 20] += nuclei * np.array([0.65, 0.70, 0.10], np.float32)
    assert not find_folds(density, everywhere(), pixel_um=16.0, config=FoldConfig()).any()


def test_a_whole_section_of_dense_tissue_is_no_fold():
    density = textured(2 * STROMA)
    assert not find_folds(density, everywhere(), pixel_um=16.0, config=FoldConfig()).any()


def test_no_tissue_has_no_folds():
    assert not find_folds(textured(), ~everywhere(), pixel_um=16.0, config=FoldConfig()).any()


@given(factor=st.floats(0.5, 2.0))
def test_the_ratio_does_not_depend_on_the_strength_of_the_stain(factor):
    density = np.clip(textured(), 0.1, 1.5)
    options = {"reach_px": 40.0, "quantile": 0.75}
    plain = fold_ratio(density, everywhere(), **options)
    scaled = fold_ratio(density * np.float32(factor), everywhere(), **options)
    np.testing.assert_allclose(scaled, plain, rtol=0.12)  # a bin is 0.025 wide


@pytest.mark.parametrize("quantile", [0.25, 0.5, 0.75])
def test_the_local_quantile_is_numpys_where_the_reach_covers_everything(quantile):
    values = np.random.default_rng(1).gamma(2, 0.3, (60, 80)).astype(np.float32)
    chosen = values > 0.1
    found = local_quantile(values, chosen, reach_px=400, quantile=quantile)
    assert found == pytest.approx(np.quantile(values[chosen], quantile), abs=0.026)


def test_the_local_quantile_follows_the_place():
    values = np.full((100, 400), 0.3, np.float32)
    values[:, 200:] = 1.2
    found = local_quantile(values, np.ones(values.shape, bool), reach_px=40, quantile=0.5)
    assert found[:, :140] == pytest.approx(0.3, abs=0.026)
    assert found[:, 260:] == pytest.approx(1.2, abs=0.026)
