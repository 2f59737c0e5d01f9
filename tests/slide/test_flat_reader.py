from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from napari_histcode.errors import NotASlideError
from napari_histcode.slide import flat_reader, open_slide
from tests.slide.tiffs import painted


@pytest.mark.parametrize(
    ("suffix", "options", "tolerance"),
    [
        (".png", {}, 0),
        (".bmp", {}, 0),
        (".jpg", {"quality": 95}, 3),
        (".webp", {"lossless": True}, 0),
        (".jp2", {}, 0),
        (".tif", {}, 0),
    ],
)
def test_formats(tmp_path: Path, suffix: str, options: dict[str, object], tolerance: int) -> None:
    image = painted(301, 2055)  # more than two bands high
    Image.fromarray(image).save(tmp_path / f"Doe{suffix}", dpi=(300, 300), **options)
    with open_slide(tmp_path / f"Doe{suffix}") as slide:
        assert slide.level_dimensions == ((301, 2055),)
        assert slide.mpp is None
        read = slide.read_level(0, (100, 900), (150, 1100)).astype(int)
        assert np.abs(read - image[900:2000, 100:250]).mean() <= tolerance
        assert "Doe" not in repr(slide.record)
        assert slide.associated_image_names == ()


def test_grey_16_bit_palette_and_cmyk(tmp_path: Path) -> None:
    image = painted(60, 40)
    grey = image[..., 0]
    Image.fromarray(grey).save(tmp_path / "grey.png")
    Image.fromarray(grey.astype(np.uint16) * 257).save(tmp_path / "wide.png")
    Image.fromarray(grey).convert("P").save(tmp_path / "palette.png")
    for name in ("grey", "wide", "palette"):
        with open_slide(tmp_path / f"{name}.png") as slide:
            read = slide.read_level(0, (0, 0), (60, 40))
        np.testing.assert_array_equal(read, np.repeat(grey[..., np.newaxis], 3, axis=2), err_msg=name)
    Image.fromarray(image).convert("CMYK").save(tmp_path / "cmyk.tif")
    with open_slide(tmp_path / "cmyk.tif") as slide:
        assert slide.record.reader.startswith("pillow")
        assert np.abs(slide.read_level(0, (0, 0), (60, 40)).astype(int) - image).max() <= 2


def test_transparency_is_white(tmp_path: Path) -> None:
    image = painted(60, 40)
    alpha = np.full((40, 60, 1), 255, np.uint8)
    alpha[:, :30] = 0
    Image.fromarray(np.concatenate([image, alpha], axis=2)).save(tmp_path / "a.png")
    with open_slide(tmp_path / "a.png") as slide:
        read = slide.read_level(0, (0, 0), (60, 40))
    assert (read[:, :30] == 255).all()
    np.testing.assert_array_equal(read[:, 30:], image[:, 30:])


def test_too_large_an_image_is_refused_before_it_is_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.fromarray(painted(200, 100)).save(tmp_path / "a.png")
    monkeypatch.setattr(flat_reader, "MAX_FLAT_PIXELS", 19_999)
    with pytest.raises(NotASlideError, match=r"200 x 100 px is too large.*vips"):
        open_slide(tmp_path / "a.png")


def test_pillows_own_limit_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.fromarray(painted(200, 100)).save(tmp_path / "a.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 5_000)
    with open_slide(tmp_path / "a.png") as slide:
        assert slide.dimensions == (200, 100)
    assert Image.MAX_IMAGE_PIXELS == 5_000


def test_a_truncated_photo_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    Image.fromarray(painted(500, 500)).save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(NotASlideError, match="truncated"):
        open_slide(path)


def test_the_preview_of_a_slide_without_its_data_is_refused(tmp_path: Path) -> None:
    Image.fromarray(painted(100, 100)).save(tmp_path / "a.jpg")
    (tmp_path / "a.jpg").rename(tmp_path / "a.mrxs")  # a MIRAX file is a small JPEG beside a folder
    with pytest.raises(NotASlideError):
        open_slide(tmp_path / "a.mrxs")
