from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_histcode.slide import open_slide
from napari_histcode.slide.overview import read_overview
from napari_histcode.trust.facts import slide_facts
from tests.builders import make_slide_record

RECORD = make_slide_record()


def stained(density):
    """Glass with a square of stain whose density (red, green, blue) varies in strength."""
    rgb = np.full((80, 80, 3), 243.0)
    strength = np.linspace(0.5, 1.5, 40)[:, None, None]
    rgb[20:60, 20:60] *= np.exp(-np.asarray(density) * strength)
    return rgb.astype(np.uint8)


@given(haematoxylin=st.floats(0, 1.5), eosin=st.floats(0.3, 1.2))
def test_mixtures_could_be_h_and_e(haematoxylin, eosin):
    density = haematoxylin * np.array([0.65, 0.70, 0.29]) + eosin * np.array([0.15, 0.9, 0.4])
    facts = slide_facts(RECORD, stained(density), organ="bone")
    assert facts.stain == "H&E"
    assert facts.mpp == 0.5
    assert facts.organ == "bone"


@pytest.mark.parametrize("density", [(0.27, 0.57, 0.78), (0.9, 0.5, 0.2), (0.9, 0.3, 0.4)])
def test_brown_and_blue_and_green_are_another_stain(density):
    facts = slide_facts(RECORD, stained(density))
    assert facts.stain == "other"
    assert facts.mixture_share == pytest.approx(0, abs=0.05)


def test_a_dark_picture_is_no_transmitted_light():
    rgb = np.zeros((50, 50, 3), np.uint8)
    rgb[10:20, 10:20, 2] = 250
    facts = slide_facts(RECORD, rgb)
    assert facts.stain == "dark field"
    assert facts.mixture_share is None


def test_glass_says_nothing():
    assert slide_facts(RECORD, np.full((50, 50, 3), 240, np.uint8)).stain == "unknown"


@pytest.mark.parametrize(
    ("path", "stain"),
    [
        ("slides/CMU-1-Small-Region.svs", "H&E"),
        ("slides/TCGA-CR-7395-01A-01-TS1.svs", "H&E"),
        ("her2st/C2/section.jpg", "H&E"),
        ("slides/test3-DAPI-2.ndpi", "dark field"),
    ],
)
def test_real_slides(shared_data, path, stain):
    with open_slide(shared_data / path, mpp=0.5) as slide:
        downsample = max(slide.dimensions) / 800
        assert slide_facts(slide.record, read_overview(slide, (downsample, downsample))).stain == stain
