from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import numpy as np
import openslide
import pytest
import tiffslide
from hypothesis import given
from hypothesis import strategies as st

from histcode_training.errors import CohortError
from histcode_training.mosaic import GLASS, lay_mosaic, paint_mosaic, pyramid_of
from histcode_training.recipe import Companion, SampleConfig
from histcode_training.sample import build_sample, copy_companions, shuffled
from napari_histcode import resources
from napari_histcode.annotations import read_geojson
from napari_histcode.slide import open_slide
from tests.training.material import COLOURS, make_cohort, make_recipe, write_fields

FIELD_PX = 64


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sample")
    cohort = write_fields(folder / "fields", make_cohort(2), size_px=FIELD_PX)
    recipe = replace(make_recipe(), mpp=0.75)
    layout = build_sample(cohort, recipe, folder / "out" / "mosaic.tif")
    return folder / "out" / "mosaic.tif", cohort, recipe, layout


def test_every_region_is_exactly_its_field(sample):
    path, cohort, recipe, _ = sample
    annotations = read_geojson(path.with_suffix(".geojson"))
    fields = shuffled(cohort.fields, recipe.sample.seed)
    by_label = {tissue.label: tissue for tissue in recipe.classes}

    assert len(annotations) == len(fields)
    with open_slide(path) as slide:
        for annotation, field in zip(annotations, fields, strict=True):
            left, top, right, bottom = map(int, annotation.geometry.bounds)
            assert (right - left, bottom - top) == (FIELD_PX, FIELD_PX)
            assert annotation.geometry.area == FIELD_PX**2
            assert annotation.class_name == by_label[field.label].region
            assert annotation.name == by_label[field.label].shown
            assert annotation.colour == by_label[field.label].colour
            pixels = slide.read_region((left - 8, top - 8), 0, (FIELD_PX + 16, FIELD_PX + 16)).astype(int)
            is_field = np.abs(pixels - GLASS).max(axis=2) > 25
            # the border between field and glass lies on the region's edge, on all four sides
            inside = np.zeros(is_field.shape, bool)
            inside[8:-8, 8:-8] = True
            assert is_field[inside].mean() > 0.999
            assert is_field[~inside].mean() < 0.05
            colour = pixels[8:-8, 8:-8].mean(axis=(0, 1))
            np.testing.assert_allclose(colour, COLOURS[field.label], atol=4)


def test_every_reader_finds_resolution_and_levels(sample):
    path, _, recipe, layout = sample
    width, height = layout.size_px
    levels = tuple((width // 2**k, height // 2**k) for k in range(recipe.sample.levels))

    with open_slide(path) as slide:
        assert slide.mpp is not None
        assert (slide.mpp.x, slide.mpp.y) == (pytest.approx(0.75), pytest.approx(0.75))
        assert slide.level_dimensions == levels
    with tiffslide.TiffSlide(path) as other:
        assert other.properties["tiffslide.mpp-x"] == pytest.approx(0.75)
        assert other.level_dimensions == levels
        tiff_pixels = np.asarray(other.read_region((10, 10), 0, (80, 80)))[..., :3]
    with openslide.OpenSlide(path) as third:
        assert float(third.properties["openslide.mpp-x"]) == pytest.approx(0.75)
        open_pixels = np.asarray(third.read_region((10, 10), 0, (80, 80)))[..., :3]
    assert np.abs(tiff_pixels.astype(int) - open_pixels).max() <= 2


def test_levels_show_the_same_picture(sample):
    path, *_ = sample
    with open_slide(path) as slide:
        levels = [slide.read_level(k, (0, 0), slide.level_dimensions[k]) for k in range(slide.level_count)]
    coarse = pyramid_of(levels[0], len(levels))
    for level, expected in zip(levels, coarse, strict=True):
        distance = np.abs(level.astype(int) - expected).mean()
        assert distance < 6  # JPEG of a small picture
        for shift in ((0, 1), (0, -1), (1, 0), (-1, 0)):
            assert distance <= np.abs(level.astype(int) - np.roll(expected, shift, axis=(0, 1))).mean()


def test_the_same_fields_give_the_same_bytes(sample, tmp_path):
    path, cohort, recipe, _ = sample
    build_sample(cohort, recipe, tmp_path / "mosaic.tif")

    for name in ("mosaic.tif", "mosaic.geojson", "ATTRIBUTION.md"):
        ours, theirs = ((folder / name).read_bytes() for folder in (tmp_path, path.parent))
        assert hashlib.sha256(ours).digest() == hashlib.sha256(theirs).digest()


def test_no_name_of_a_file_slide_or_patient_is_inside(sample):
    path, cohort, recipe, _ = sample
    secrets = {f.path.stem for f in cohort.fields} | set(cohort.slides) | set(cohort.patients)

    for file in path.parent.iterdir():
        content = file.read_bytes()
        assert not [secret for secret in secrets if secret.encode() in content]
    assert recipe.source.doi in (path.parent / "ATTRIBUTION.md").read_text()
    assert recipe.source.doi.encode() in path.read_bytes()


def test_regions_are_as_qupath_writes_them(sample):
    path, *_ = sample
    content = json.loads(path.with_suffix(".geojson").read_text())

    assert content["type"] == "FeatureCollection"
    names = []
    for feature in content["features"]:
        properties = feature["properties"]
        ring = feature["geometry"]["coordinates"][0]
        assert ring[0] == ring[-1]
        assert properties["objectType"] == "annotation"
        assert set(properties["classification"]) == {"name", "color"}
        names.append(properties["metadata"]["field"])
    assert names == [f"field-{n:02d}" for n in range(1, len(names) + 1)]
    assert len({feature["id"] for feature in content["features"]}) == len(names)


def test_fields_of_two_sizes_are_refused(tmp_path):
    cohort = write_fields(tmp_path, make_cohort(1), size_px=32)
    smaller = write_fields(tmp_path / "small", make_cohort(1), size_px=16)
    mixed = replace(cohort, fields=(*cohort.fields, *smaller.fields))

    with pytest.raises(CohortError, match="2 sizes"):
        build_sample(mixed, make_recipe(), tmp_path / "mosaic.tif")


def test_a_field_that_is_no_image_is_named(tmp_path):
    cohort = write_fields(tmp_path, make_cohort(1), size_px=32)
    cohort.fields[1].path.write_text("not an image")

    with pytest.raises(CohortError, match=r"Patient-Name-1\.png"):
        build_sample(cohort, make_recipe(), tmp_path / "mosaic.tif")


def test_companions_are_copied_as_they_are(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "real.svs").write_bytes(b"pixels")
    companions = (Companion(file="real.svs", attribution="From somewhere."),)
    recipe = make_recipe(sample=SampleConfig(companions=companions))

    copies = copy_companions(recipe, tmp_path / "data", tmp_path / "out")

    assert [copy.read_bytes() for copy in copies] == [b"pixels"]
    with pytest.raises(CohortError, match=r"real\.svs"):
        copy_companions(recipe, tmp_path / "elsewhere", tmp_path / "out")


@given(
    st.integers(1, 20), st.integers(1, 6), st.integers(0, 20), st.integers(1, 5), st.integers(1, 50),
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
)  # fmt: skip
def test_images_never_touch_and_every_level_is_half_of_the_one_before(n, columns, gap, levels, whole, size):
    layout = lay_mosaic(n, size, columns=columns, gap_px=gap, levels=levels, whole_px=whole)

    assert len(set(layout.corners_px0)) == n
    covered = np.zeros(layout.size_px[::-1], int)
    for x, y in layout.corners_px0:
        covered[y : y + size[1], x : x + size[0]] += 1
    assert covered.max() == 1
    assert covered.sum() == n * size[0] * size[1]
    assert all(extent % 2 ** (levels - 1) == extent % whole == 0 for extent in layout.size_px)


def test_a_pyramid_averages_areas():
    image = np.arange(4 * 4 * 3, dtype=np.uint8).reshape(4, 4, 3)

    pyramid = pyramid_of(image, 3)

    assert [level.shape for level in pyramid] == [(4, 4, 3), (2, 2, 3), (1, 1, 3)]
    np.testing.assert_array_equal(pyramid[2][0, 0], np.rint(image.mean(axis=(0, 1))))
    with pytest.raises(ValueError, match="halved"):
        pyramid_of(image[:3], 2)


def test_images_of_another_size_do_not_fit_the_layout():
    layout = lay_mosaic(1, (4, 4), columns=1, gap_px=0, levels=1)

    with pytest.raises(ValueError, match="shape"):
        paint_mosaic([np.zeros((3, 4, 3), np.uint8)], layout)


def test_the_bundled_sample_says_its_resolution_and_holds_three_classes():
    annotations = read_geojson(resources.SAMPLE_ANNOTATIONS)

    with open_slide(resources.SAMPLE_SLIDE) as slide:
        assert slide.mpp is not None
        assert slide.mpp.mean == pytest.approx(1.0)
        width, height = slide.dimensions
    assert {annotation.class_name for annotation in annotations} == {"Tumor", "Necrosis", "Other"}
    for annotation in annotations:
        left, top, right, bottom = annotation.geometry.bounds
        assert 0 < left < right < width
        assert 0 < top < bottom < height
