"""Real files of every kind at hand, one reader against another."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import openslide
import pytest
import tiffslide
from PIL import Image

from napari_histcode.errors import MissingMppError, NotASlideError
from napari_histcode.slide import open_slide
from napari_histcode.slide.overview import read_overview

SLIDES = {
    # name: (reader, vendor, levels, mpp)
    "CMU-1-Small-Region.svs": ("tiffslide", "aperio", 1, 0.499),
    "TCGA-CR-7395-01A-01-TS1.svs": ("tiffslide", "aperio", 2, None),
    "boxes.tiff": ("tiffslide", "generic-tiff", 4, None),
    "small.svs": ("tiffslide", "aperio", 1, 0.499),
    "yb10kx5k.zstd.tiff": ("tiffslide", "generic-tiff", 5, None),
    "test3-DAPI-2.ndpi": ("openslide", "hamamatsu", 7, 0.228175),
    "boxes_dicom": ("openslide", "dicom", 1, 0.499),
}


@pytest.mark.parametrize("name", SLIDES)
def test_opens_and_reads_every_level(shared_data: Path, name: str) -> None:
    reader, vendor, n_levels, mpp = SLIDES[name]
    path = shared_data / "slides" / name
    with open_slide(path) as slide:
        assert slide.record.reader.startswith(reader)
        assert slide.record.vendor == vendor
        assert slide.level_count == n_levels
        if mpp is None:
            assert slide.mpp is None
            with pytest.raises(MissingMppError):
                slide.require_mpp()
        else:
            assert slide.require_mpp().x == pytest.approx(mpp, rel=1e-4)
            assert slide.require_mpp().source == "file"
        for level, (width, height) in enumerate(slide.level_dimensions):
            for xy in ((0, 0), (width // 2, height // 2), (width - 5, height - 5)):
                assert slide.read_level(level, xy, (64, 64)).shape == (64, 64, 3)
        assert path.stem not in repr(slide.record)
        assert path.stem not in repr(slide.pyramid())
        assert max(slide.pyramid()[-1].shape) <= 4096


@pytest.mark.parametrize("name", ["CMU-1-Small-Region.svs", "TCGA-CR-7395-01A-01-TS1.svs", "small.svs"])
def test_equals_tiffslide_and_openslide(shared_data: Path, name: str) -> None:
    path = shared_data / "slides" / name
    with open_slide(path) as slide, tiffslide.TiffSlide(path) as theirs, openslide.OpenSlide(path) as others:
        assert slide.level_dimensions == others.level_dimensions == theirs.level_dimensions
        level = slide.level_count - 1
        width, height = slide.level_dimensions[level]
        ours = slide.read_level(level, (0, 0), (width, height))
        np.testing.assert_array_equal(ours, theirs.read_region((0, 0), level, (width, height), as_array=True))
        other = np.asarray(others.read_region((0, 0), level, (width, height)))[..., :3].astype(int)
        difference = np.abs(ours - other)
        assert difference.max() <= 24  # two decoders interpolate chroma differently
        assert difference.mean() < 1
        if min(width, height) > 900:
            for xy in ((333, 471), (512, 240)):
                np.testing.assert_array_equal(
                    slide.read_region(xy, 0, (325, 325)), theirs.read_region(xy, 0, (325, 325), as_array=True)
                )


@pytest.mark.parametrize("level", range(4))
def test_boxes_equal_tiffslide_in_srgb(shared_data: Path, level: int) -> None:
    path = shared_data / "slides" / "boxes.tiff"
    with open_slide(path) as slide, tiffslide.TiffSlide(path) as theirs:
        size = slide.level_dimensions[level]
        plain = theirs.read_region((0, 0), level, size, as_array=True)
        from PIL import ImageCms

        expected = ImageCms.profileToProfile(
            Image.fromarray(plain), theirs.color_profile, ImageCms.createProfile("sRGB")
        )
        read = slide.read_level(level, (0, 0), size).astype(int)
        assert np.abs(read - np.asarray(expected)).max() <= 1


def test_ndpi_equals_openslide(shared_data: Path) -> None:
    path = shared_data / "slides" / "test3-DAPI-2.ndpi"
    with open_slide(path) as slide, openslide.OpenSlide(path) as theirs:
        for level in range(7):
            x, y = (d // 2 for d in slide.level_dimensions[level])
            downsample = round(theirs.level_downsamples[level])
            size = slide.level_dimensions[level][0] - x, slide.level_dimensions[level][1] - y
            other = np.asarray(theirs.read_region((x * downsample, y * downsample), level, size))[..., :3]
            np.testing.assert_array_equal(slide.read_level(level, (x, y), size), other)
        assert slide.associated_image_names == ("macro",)


def test_label_and_macro_only_by_name(shared_data: Path) -> None:
    path = shared_data / "slides" / "CMU-1-Small-Region.svs"
    with open_slide(path) as slide, openslide.OpenSlide(path) as theirs:
        assert set(slide.associated_image_names) == {"label", "macro", "thumbnail"}
        for name in slide.associated_image_names:
            other = np.asarray(theirs.associated_images[name])[..., :3].astype(int)
            assert np.abs(slide.read_associated_image(name) - other).mean() < 1
        with pytest.raises(KeyError, match="label"):
            slide.read_associated_image("x-ray")
        assert slide.record.objective == 20


@pytest.mark.parametrize("name", ["broken.svs", "unopenable.tiff", "unreadable.svs"])
def test_bad_files_are_refused(shared_data: Path, name: str) -> None:
    with pytest.raises(NotASlideError, match=name) as caught:
        open_slide(shared_data / "slides" / "bad" / name)
    assert caught.value.advice


def test_a_large_photo_is_a_slide_of_one_level(shared_data: Path) -> None:
    path = shared_data / "her2st" / "C2" / "section.jpg"
    with open_slide(path, mpp=0.69) as slide:
        assert slide.level_count == 1
        assert slide.require_mpp().source == "user"
        pyramid = slide.pyramid()
        assert [a.shape for a in pyramid] == [(9911, 9274, 3), (2478, 2319, 3)]
        overview = read_overview(slide, (16, 16)).astype(int)
        assert overview.shape == (619, 580, 3)
        top = pyramid[-1].compute()
        again = np.asarray(Image.fromarray(top).resize((580, 619), Image.Resampling.BOX))
        assert np.abs(overview - again).mean() < 2


def test_an_overview_shows_the_tissue_where_openslide_does(shared_data: Path) -> None:
    path = shared_data / "slides" / "TCGA-CR-7395-01A-01-TS1.svs"
    with open_slide(path) as slide, openslide.OpenSlide(path) as theirs:
        ours = read_overview(slide, (16, 16)).astype(int)
        other = theirs.get_thumbnail((ours.shape[1], ours.shape[0])).convert("RGB")
        assert np.abs(ours - np.asarray(other.resize(ours.shape[1::-1]))).mean() < 4
