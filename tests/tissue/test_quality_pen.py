from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from napari_histcode.slide import open_slide
from napari_histcode.tissue.find import find_tissue
from napari_histcode.tissue.quality import Artefact, PenConfig, QualityConfig
from napari_histcode.tissue.quality_density import glass_colour, optical_density
from napari_histcode.tissue.quality_find import find_artefacts
from napari_histcode.tissue.quality_pen import INKS, find_pen
from tests.array_slide import ArraySlide, glass, with_tissue

HAEMATOXYLIN = ((0.65, 0.70, 0.29), (0.56, 0.72, 0.41))
EOSIN = ((0.07, 0.99, 0.11), (0.22, 0.80, 0.56))
PEN_ONLY = QualityConfig(fold=None, focus=None)
MARKERS = {"green": (40, 150, 130), "blue": (30, 70, 180), "red": (205, 30, 50), "black": (22, 20, 18)}


@given(
    haematoxylin=st.sampled_from(HAEMATOXYLIN),
    eosin=st.sampled_from(EOSIN),
    amounts=st.tuples(st.floats(0, 1.6), st.floats(0, 1.2)),
)
def test_no_mixture_of_haematoxylin_and_eosin_is_ink(haematoxylin, eosin, amounts):
    density = amounts[0] * np.asarray(haematoxylin) + amounts[1] * np.asarray(eosin)
    red, green, blue = (np.full((1, 1), value, np.float32) for value in density)
    assert not any(ink.is_certain(red, green, blue).any() for ink in INKS)


@pytest.mark.parametrize("colour", MARKERS)
@pytest.mark.parametrize("mpp", [0.5, 2.0])
def test_a_stroke_on_glass_is_found_where_it_is(colour, mpp):
    side = round(4000 / mpp)
    pixels = with_tissue(glass(side, side), side // 8, side // 8, side // 3, side // 3)
    stroke = (slice(round(2000 / mpp), round(2400 / mpp)), slice(round(1600 / mpp), round(3600 / mpp)))
    pixels[stroke] = MARKERS[colour]
    slide = ArraySlide(pixels, mpp=mpp)

    mask = find_artefacts(slide, find_tissue(slide), PEN_ONLY)

    assert mask.area_mm2[Artefact.PEN] == pytest.approx(0.8, rel=0.12)
    rows, columns = np.nonzero(mask.is_of(Artefact.PEN))
    assert rows.mean() * mask.scale_px0[1] * mpp == pytest.approx(2200, abs=24)
    assert columns.mean() * mask.scale_px0[0] * mpp == pytest.approx(2600, abs=24)


@settings(max_examples=20)
@given(
    white=st.tuples(*[st.integers(225, 255)] * 3),
    tissue=st.tuples(st.integers(150, 215), st.integers(70, 130), st.integers(140, 190)),
)
def test_tissue_is_no_ink_whatever_the_tint_of_the_glass(white, tissue):
    pixels = np.full((120, 160, 3), white, np.uint8)
    pixels[30:90, 40:110] = np.multiply(tissue, white) // 255
    chosen = np.zeros((120, 160), bool)
    chosen[30:90, 40:110] = True
    density = optical_density(pixels, glass_colour(pixels, chosen), width_px=3)
    assert not find_pen(density, pixel_um=16.0, config=PenConfig()).any()


def test_a_speck_of_ink_and_what_was_never_scanned_are_left_out():
    pixels = glass(200, 200)
    pixels[20:26, 20:26] = MARKERS["green"]  # 0.009 mm2
    pixels[100:180, 100:180] = 0
    density = optical_density(pixels, glass_colour(pixels, np.zeros((200, 200), bool)), width_px=3)
    assert not find_pen(density, pixel_um=16.0, config=PenConfig()).any()


def test_pale_ink_is_found_beside_dense_ink_and_not_alone():
    pixels = glass(200, 100)
    pale = (190, 222, 216)
    pixels[20:40, 20:100] = pale
    pixels[60:80, 20:100] = pale
    pixels[60:80, 20:60] = MARKERS["green"]
    density = optical_density(pixels, glass_colour(pixels, np.zeros((100, 200), bool)), width_px=1)
    found = find_pen(density, pixel_um=16.0, config=PenConfig())
    assert not found[20:40].any()
    assert found[60:80, 20:75].all()
    assert not found[60:80, 80:].any()  # farther than the growth


@pytest.mark.parametrize(("colour", "dice"), [("black", 0.93), ("green", 0.83), ("red", 0.7)])
def test_real_marks_are_found(shared_data, colour, dice):
    with open_slide(shared_data / "qc" / f"pen_{colour}.png", mpp=16.0) as slide:
        found = find_artefacts(slide, find_tissue(slide), PEN_ONLY).is_of(Artefact.PEN)
    with Image.open(shared_data / "qc" / f"pen_{colour}_mask.png") as picture:
        reference = np.asarray(picture.convert("L")) > 0
    assert 2 * (found & reference).sum() / (found.sum() + reference.sum()) > dice
    assert (found & ~reference).sum() / (~reference).sum() < 0.01


def test_real_eosin_bone_and_blood_are_no_ink(shared_data):
    for path in sorted((shared_data / "osteosarcoma").glob("non_tumor__P9*.jpg")):
        with open_slide(path, mpp=1.0) as slide:
            assert find_artefacts(slide, find_tissue(slide), PEN_ONLY).area_mm2[Artefact.PEN] == 0
