from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from napari_histcode.errors import AnalysisCancelledError
from napari_histcode.progress import CancelToken, ignore_progress
from napari_histcode.slide import open_slide
from napari_histcode.tissue.find import find_tissue
from napari_histcode.tissue.quality import Artefact, FocusConfig, QualityConfig
from napari_histcode.tissue.quality_blur import band_ratio, blur_of_ratio, cell_blur
from napari_histcode.tissue.quality_find import find_artefacts
from napari_histcode.tissue.quality_focus import measure_blur
from tests.array_slide import ArraySlide

FOCUS_ONLY = QualityConfig(pen=None, fold=None)


def dead_leaves(side, *, seed=0, n=900, contrast=60.0):
    """Discs of random grey over one another: nothing but step edges."""
    random = np.random.default_rng(seed)
    image = np.full((side, side), 150.0, np.float32)
    for _ in range(n):
        radius, level = random.integers(6, 30), 150 + random.normal() * contrast / 2
        left, top = random.integers(-radius, side, 2)
        rows, columns = slice(max(top, 0), top + 2 * radius), slice(max(left, 0), left + 2 * radius)
        part = image[rows, columns]
        y, x = np.mgrid[: part.shape[0], : part.shape[1]] - radius
        y, x = y + max(-top, 0), x + max(-left, 0)
        part[x**2 + y**2 < radius**2] = level
    return image


def as_tissue(grey):
    """Grey detail on the colour of tissue."""
    return np.clip(np.array([200, 120, 170]) + (grey[..., None] - 150) * 0.8, 5, 250).astype(np.uint8)


@given(blur=st.floats(0.0, 20.0), finest=st.floats(0.5, 4.0))
def test_the_ratio_is_inverted(blur, finest):
    ratio = band_ratio(np.asarray([blur]), finest=finest)
    assert blur_of_ratio(ratio, finest=finest)[0] == pytest.approx(blur, abs=0.05 * finest + 0.02)


@pytest.mark.parametrize("sigma", [2.0, 3.0, 5.0])
def test_the_blur_of_step_edges_is_measured(sigma):
    image = ndimage.gaussian_filter(dead_leaves(512), sigma)
    blur = cell_blur(image, 128, scale_px=1.0, least_contrast=0.5)
    assert np.median(blur) == pytest.approx(sigma, rel=0.15)


@settings(max_examples=10, deadline=None)
@given(contrast=st.floats(8.0, 120.0))
def test_the_blur_does_not_depend_on_contrast(contrast):
    plain, other = dead_leaves(256), dead_leaves(256, contrast=contrast)
    blurs = [
        cell_blur(ndimage.gaussian_filter(image, 3.0), 128, scale_px=1.0, least_contrast=0.1)
        for image in (plain, other)
    ]
    np.testing.assert_allclose(blurs[0], blurs[1], rtol=0.02, atol=0.02)


def test_few_edges_are_as_sharp_as_many():
    few = cell_blur(dead_leaves(512, n=40), 512, scale_px=1.0, least_contrast=0.5)
    assert few[0, 0] < 1.0


def test_a_plain_square_is_not_judged():
    assert np.isnan(
        cell_blur(np.full((128, 128), 99, np.float32), 128, scale_px=1.0, least_contrast=0.5)
    ).all()


@pytest.mark.parametrize("mpp", [0.5, 1.0])
def test_the_blurred_half_of_a_slide_is_found(mpp):
    side = round(1024 / mpp)
    image = (
        ndimage.zoom(dead_leaves(2048, n=9000), 1 / mpp, order=0) if mpp != 1 else dead_leaves(2048, n=9000)
    )
    image = image[:side, :side]
    image[:, side // 2 :] = ndimage.gaussian_filter(image, 4.0 / mpp)[:, side // 2 :]
    slide = ArraySlide(as_tissue(image), mpp=mpp, downsamples=(1.0, 4.0))
    tissue = find_tissue(slide)
    mask = find_artefacts(slide, tissue, FOCUS_ONLY)
    found = mask.is_of(Artefact.BLUR)
    half = found.shape[1] // 2
    assert found[:, half + 4 :].mean() > 0.97
    assert found[:, : half - 4].mean() < 0.03
    assert mask.tissue_share[Artefact.BLUR] == pytest.approx(0.5, abs=0.04)


def test_a_coarse_slide_is_not_judged_and_says_so():
    slide = ArraySlide(as_tissue(dead_leaves(256)), mpp=4.0)
    mask = find_artefacts(slide, find_tissue(slide), FOCUS_ONLY)
    assert "4 um/px" in mask.not_assessed[Artefact.BLUR]
    assert not mask.has_artefacts


def test_progress_is_told_and_cancelling_stops():
    slide = ArraySlide(as_tissue(dead_leaves(1200, n=300)), mpp=1.0)
    tissue, seen = find_tissue(slide), []
    measure_blur(slide, tissue, FocusConfig(), progress=seen.append, cancel=CancelToken())
    assert seen[-1].done == seen[-1].total > 0
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(AnalysisCancelledError):
        measure_blur(slide, tissue, FocusConfig(), progress=ignore_progress, cancel=cancel)


def test_only_blocks_with_tissue_are_read():
    pixels = np.full((4096, 4096, 3), 244, np.uint8)
    pixels[200:700, 200:700] = as_tissue(dead_leaves(500, n=200))
    slide = ArraySlide(pixels, mpp=1.0)
    tissue = find_tissue(slide)
    before = slide.n_reads
    measure_blur(slide, tissue, FocusConfig(), progress=ignore_progress, cancel=CancelToken())
    assert slide.n_reads - before == 1


def test_real_tissue_is_sharp_and_blurred_when_blurred(shared_data):
    for name in ("necrosis__Case-3-A7-31694-7282_107.jpg", "viable_tumor__Case-4-C28-27016-13463_105.jpg"):
        with open_slide(shared_data / "osteosarcoma" / name, mpp=1.0) as slide:
            rgb = slide.read_level(0, (0, 0), slide.dimensions)
        for sigma, least, most in ((0.0, 0.0, 0.0), (1.0, 0.0, 0.05), (4.0, 0.85, 1.0)):
            soft = ndimage.gaussian_filter(rgb.astype(np.float32), (sigma, sigma, 0)).astype(np.uint8)
            planted = ArraySlide(soft, mpp=1.0)
            mask = find_artefacts(planted, find_tissue(planted), FOCUS_ONLY)
            assert least <= mask.tissue_share[Artefact.BLUR] <= most
