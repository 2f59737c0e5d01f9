from __future__ import annotations

import io
import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from PIL import Image, ImageCms

from napari_histcode.slide import colour, open_slide
from napari_histcode.slide.colour import srgb_converter
from napari_histcode.slide.openslide_reader import OpenslideReader
from tests.slide.tiffs import painted, write_pyramid

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
ADOBE_RGB = bytes(imagecodecs.cms_profile("adobergb"))
GREY = bytes(imagecodecs.cms_profile("gray", gamma=1.8))


def converted(image: np.ndarray, profile: bytes) -> np.ndarray:
    """What Pillow's own one-call conversion gives."""
    result = ImageCms.profileToProfile(
        Image.fromarray(image), ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB")
    )
    assert result is not None
    return np.asarray(result)


def test_converts_as_pillow_does() -> None:
    convert = srgb_converter(ADOBE_RGB)
    assert convert is not None
    image = painted(80, 60)
    before = image.copy()
    np.testing.assert_array_equal(convert(image), converted(image, ADOBE_RGB))
    np.testing.assert_array_equal(image, before)
    assert np.abs(convert(image).astype(int) - image).max() > 5
    assert srgb_converter(bytes(ADOBE_RGB)) is convert  # kept


@pytest.mark.parametrize("profile", [None, b"", SRGB])
def test_nothing_to_convert(profile: bytes | None) -> None:
    assert srgb_converter(profile) is None


@pytest.mark.parametrize("profile", [b"damaged", GREY])
def test_unusable_profiles_are_logged_once_and_ignored(
    profile: bytes, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(colour, "_converters", {})
    with caplog.at_level(logging.WARNING):
        assert srgb_converter(profile) is None
        assert srgb_converter(profile) is None
    assert len(caplog.records) == 1


@pytest.mark.parametrize("compression", ["deflate", "jpeg"])
def test_tiff_and_openslide_apply_the_profile(tmp_path: Path, compression: str) -> None:
    image = painted(300, 200)
    write_pyramid(tmp_path / "plain.tif", image, compression=compression)
    write_pyramid(tmp_path / "a.tif", image, compression=compression, iccprofile=ADOBE_RGB)
    with open_slide(tmp_path / "plain.tif") as slide:
        plain = slide.read_level(0, (0, 0), (300, 200))
    expected = converted(plain, ADOBE_RGB)
    with open_slide(tmp_path / "a.tif") as slide:
        np.testing.assert_array_equal(slide.read_level(0, (0, 0), (300, 200)), expected)
        np.testing.assert_array_equal(slide.pyramid()[0].compute(), expected)
        assert (slide.read_level(0, (-10, 0), (10, 10)) == 255).all()
    reader = OpenslideReader(tmp_path / "a.tif")
    assert np.abs(reader.read(0, (0, 0), (300, 200)).astype(int) - expected).max() <= 12
    reader.close()


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_flat_images_apply_the_profile(tmp_path: Path, suffix: str) -> None:
    image = painted(300, 200)
    Image.fromarray(image).save(tmp_path / f"a{suffix}", icc_profile=ADOBE_RGB)
    with Image.open(tmp_path / f"a{suffix}") as stored:
        expected = converted(np.asarray(stored), ADOBE_RGB)
    with open_slide(tmp_path / f"a{suffix}") as slide:
        np.testing.assert_array_equal(slide.read_level(0, (0, 0), (300, 200)), expected)


def test_many_threads_convert_as_one_does() -> None:
    convert = srgb_converter(ADOBE_RGB)
    assert convert is not None
    images = [np.random.default_rng(i).integers(0, 256, (64, 64, 3), dtype=np.uint8) for i in range(40)]
    with ThreadPoolExecutor(8) as threads:
        for image, result in zip(images, threads.map(convert, images), strict=True):
            np.testing.assert_array_equal(result, converted(image, ADOBE_RGB))
