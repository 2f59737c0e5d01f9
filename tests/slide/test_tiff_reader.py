from __future__ import annotations

from pathlib import Path

import numpy as np
import openslide
import pytest
import tifffile
import tiffslide

from napari_histcode.errors import NotASlideError
from napari_histcode.slide import open_slide
from napari_histcode.slide.openslide_reader import OpenslideReader
from tests.slide.tiffs import painted, shrunk, write_ome, write_pyramid

FACTORS = [
    pytest.param((2, 4), id="whole"),
    pytest.param((2.7, 7.3), id="broken"),
    pytest.param((), id="one"),
]


@pytest.mark.parametrize("factors", FACTORS)
@pytest.mark.parametrize("compression", ["jpeg", "deflate", "zstd", None])
def test_levels_hold_what_was_written(
    tmp_path: Path, factors: tuple[float, ...], compression: str | None
) -> None:
    written = write_pyramid(tmp_path / "a.tif", painted(1000, 900), factors, compression=compression)
    with open_slide(tmp_path / "a.tif") as slide:
        assert slide.level_dimensions == tuple((level.shape[1], level.shape[0]) for level in written)
        assert slide.record.reader.startswith("tiffslide")
        for number, level in enumerate(written):
            read = slide.read_level(number, (0, 0), slide.level_dimensions[number]).astype(int)
            assert np.abs(read - level).mean() <= (2 if compression == "jpeg" else 0)
        assert slide.level_downsamples[-1] == (1000 / written[-1].shape[1], 900 / written[-1].shape[0])


def test_fast_path_equals_tiffslide_and_openslide(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    write_pyramid(path, painted(1000, 900), (2, 4), tile=(256, 256))
    with (
        open_slide(path) as slide,
        tiffslide.TiffSlide(path) as theirs,
        openslide.OpenSlide(path) as others,
    ):
        for level, (width, height) in enumerate(slide.level_dimensions):
            ours = slide.read_level(level, (0, 0), (width, height))
            np.testing.assert_array_equal(
                ours, theirs.read_region((0, 0), level, (width, height), as_array=True)
            )
            other = np.asarray(others.read_region((0, 0), level, (width, height)))[..., :3]
            assert np.abs(ours.astype(int) - other).max() <= 8  # chroma is interpolated differently
        for xy in ((0, 0), (17, 251), (600, 500)):
            np.testing.assert_array_equal(
                slide.read_region(xy, 0, (325, 325)),
                theirs.read_region(xy, 0, (325, 325), as_array=True),
            )


def test_openslide_reader_agrees_with_the_fast_path(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    write_pyramid(path, painted(1000, 900), (2, 4), compression="deflate")
    reader = OpenslideReader(path)
    with open_slide(path) as slide:
        assert reader.level_dimensions == slide.level_dimensions
        for level in range(3):
            for xy in ((0, 0), (3, 5), (101, 57)):
                np.testing.assert_array_equal(
                    reader.read(level, xy, (120, 90)), slide.read_level(level, xy, (120, 90))
                )
    reader.close()


def test_openslide_reader_keeps_within_half_a_level_0_pixel_at_broken_downsamples(tmp_path: Path) -> None:
    image = painted(1000, 900)
    _, small = write_pyramid(tmp_path / "a.tif", image, (2.7,), compression="deflate")
    reader = OpenslideReader(tmp_path / "a.tif")
    read = reader.read(1, (101, 57), (120, 90)).astype(float)
    reader.close()
    steepest = np.abs(np.diff(small.astype(float), axis=1)).max()
    assert np.abs(read - small[57:147, 101:221]).mean() < 0.5 / 2.7 * steepest


@pytest.mark.parametrize("rows_per_strip", [1, 16, 300])
def test_strips_are_tiles_as_wide_as_the_image(tmp_path: Path, rows_per_strip: int) -> None:
    image = painted(400, 300)
    write_pyramid(tmp_path / "a.tif", image, tile=None, compression="deflate", rowsperstrip=rows_per_strip)
    with open_slide(tmp_path / "a.tif") as slide:
        assert slide.record.reader.startswith("tiffslide")
        np.testing.assert_array_equal(slide.read_level(0, (37, 41), (100, 200)), image[41:241, 37:137])


def test_sparse_tiles_are_white(tmp_path: Path) -> None:
    image = painted(512, 384)

    def tiles() -> object:
        for row in range(3):
            for column in range(4):
                part = image[row * 128 : row * 128 + 128, column * 128 : column * 128 + 128]
                yield None if (row, column) == (1, 2) else part

    tifffile.imwrite(
        tmp_path / "a.tif",
        tiles(),
        shape=image.shape,
        dtype="uint8",
        photometric="rgb",
        tile=(128, 128),
        compression="deflate",
        metadata=None,
    )
    expected = image.copy()
    expected[128:256, 256:384] = 255
    with open_slide(tmp_path / "a.tif") as slide:
        np.testing.assert_array_equal(slide.read_level(0, (0, 0), (512, 384)), expected)
    reader = OpenslideReader(tmp_path / "a.tif")
    np.testing.assert_array_equal(reader.read(0, (0, 0), (512, 384)), expected)
    reader.close()


class TestOmeTiff:
    def test_subifd_pyramid_and_physical_size(self, tmp_path: Path) -> None:
        written = write_ome(tmp_path / "a.ome.tif", painted(1000, 900), (2, 4), physical_size_um=0.5)
        with open_slide(tmp_path / "a.ome.tif") as slide:
            assert slide.level_count == 3
            assert slide.mpp is not None
            assert (slide.mpp.x, slide.mpp.y, slide.mpp.source) == (0.5, 0.5, "OME-XML")
            assert slide.record.vendor == "ome-tiff"
            coarse = slide.read_level(2, (0, 0), slide.level_dimensions[2]).astype(int)
            assert np.abs(coarse - written[2]).mean() <= 2
            assert "PATIENT" not in repr(slide.record) + repr(slide.associated_image_names)

    def test_without_physical_size_the_resolution_is_missing(self, tmp_path: Path) -> None:
        write_ome(tmp_path / "a.ome.tif", painted(300, 200))
        with open_slide(tmp_path / "a.ome.tif") as slide:
            assert slide.mpp is None

    @pytest.mark.parametrize("options", [{"photometric": "minisblack"}, {"planarconfig": "separate"}])
    def test_three_channels_as_planes_or_pages_are_rgb(self, tmp_path: Path, options: dict[str, str]) -> None:
        image = painted(300, 200)
        write_ome(
            tmp_path / "a.ome.tif",
            np.ascontiguousarray(image.transpose(2, 0, 1)),
            axes="CYX",
            **{"compression": "deflate", "photometric": "rgb", **options},
        )
        with open_slide(tmp_path / "a.ome.tif") as slide:
            np.testing.assert_array_equal(slide.read_level(0, (150, 100), (64, 80)), image[100:180, 150:214])


class TestPixelForms:
    @pytest.mark.parametrize("photometric", ["minisblack", "miniswhite"])
    def test_grey_becomes_three_equal_channels(self, tmp_path: Path, photometric: str) -> None:
        grey = painted(300, 200)[..., 0]
        write_pyramid(tmp_path / "a.tif", grey, compression="deflate", photometric=photometric)
        expected = grey if photometric == "minisblack" else 255 - grey
        with open_slide(tmp_path / "a.tif") as slide:
            read = slide.read_level(0, (0, 0), (300, 200))
        np.testing.assert_array_equal(read, np.repeat(expected[..., np.newaxis], 3, axis=2))

    def test_16_bits_are_scaled_from_their_full_range(self, tmp_path: Path) -> None:
        image = painted(300, 200)
        wide = image.astype(np.uint16) * 257
        wide[::2] += 100  # rounds back
        write_pyramid(tmp_path / "a.tif", wide, compression="deflate")
        with open_slide(tmp_path / "a.tif") as slide:
            np.testing.assert_array_equal(slide.read_level(0, (0, 0), (300, 200)), image)

    def test_bilevel(self, tmp_path: Path) -> None:
        checks = np.indices((200, 300)).sum(axis=0) % 2 == 1
        write_pyramid(tmp_path / "a.tif", checks, compression="deflate", photometric="minisblack")
        with open_slide(tmp_path / "a.tif") as slide:
            np.testing.assert_array_equal(slide.read_level(0, (0, 0), (300, 200))[..., 1], checks * 255)

    def test_palette(self, tmp_path: Path) -> None:
        rng = np.random.default_rng(0)
        indices = rng.integers(0, 256, (200, 300), dtype=np.uint8)
        colours = rng.integers(0, 256, (3, 256), dtype=np.uint16)
        write_pyramid(
            tmp_path / "a.tif", indices, compression="deflate", photometric="palette", colormap=colours * 257
        )
        with open_slide(tmp_path / "a.tif") as slide:
            np.testing.assert_array_equal(slide.read_level(0, (0, 0), (300, 200)), colours.T[indices])

    @pytest.mark.parametrize("kind", ["unassalpha", "assocalpha"])
    def test_opacity_is_flattened_on_white(self, tmp_path: Path, kind: str) -> None:
        image = painted(300, 200)
        alpha = np.full((200, 300, 1), 255, np.uint8)
        alpha[:, :100], alpha[:, 100:200] = 0, 128
        stored = image if kind == "unassalpha" else np.round(image * (alpha / 255)).astype(np.uint8)
        write_pyramid(
            tmp_path / "a.tif", np.concatenate([stored, alpha], 2), compression="deflate", extrasamples=[kind]
        )
        with open_slide(tmp_path / "a.tif") as slide:
            read = slide.read_level(0, (0, 0), (300, 200)).astype(float)
        expected = image * (alpha / 255) + 255 * (1 - alpha / 255)
        assert np.abs(read - expected).max() <= 1
        assert (read[:, :100] == 255).all()

    def test_an_unspecified_fourth_sample_is_ignored(self, tmp_path: Path) -> None:
        image = painted(300, 200)
        four = np.concatenate([image, np.zeros((200, 300, 1), np.uint8)], 2)
        write_pyramid(tmp_path / "a.tif", four, compression="deflate", extrasamples=["unspecified"])
        with open_slide(tmp_path / "a.tif") as slide:
            np.testing.assert_array_equal(slide.read_level(0, (0, 0), (300, 200)), image)

    def test_floating_point_is_refused(self, tmp_path: Path) -> None:
        write_pyramid(
            tmp_path / "a.tif", np.zeros((200, 300), np.float32), compression=None, photometric="minisblack"
        )
        with pytest.raises(NotASlideError, match="float32"):
            open_slide(tmp_path / "a.tif")


class TestTiffResolution:
    @pytest.mark.parametrize(
        ("resolution", "unit", "expected"),
        [
            ((20000, 20000), "CENTIMETER", 0.5),
            ((50800, 50800), "INCH", 0.5),
            ((20000, 20000), "NONE", None),
            ((72, 72), "INCH", None),
            ((300, 300), "INCH", None),
            ((1, 1), "CENTIMETER", None),
        ],
    )
    def test_counts_only_where_it_is_a_microscopes(
        self, tmp_path: Path, resolution: tuple[int, int], unit: str, expected: float | None
    ) -> None:
        write_pyramid(tmp_path / "a.tif", painted(300, 200), resolution=resolution, resolutionunit=unit)
        with open_slide(tmp_path / "a.tif") as slide:
            if expected is None:
                assert slide.mpp is None
            else:
                assert slide.mpp is not None
                assert slide.mpp.x == pytest.approx(expected)
                assert slide.mpp.source == "TIFF resolution"


def test_one_huge_strip_is_read_as_a_flat_image(tmp_path: Path) -> None:
    image = np.zeros((5000, 5000, 3), np.uint8)
    image[4000:4100, 3000:3100] = 200
    write_pyramid(tmp_path / "a.tif", image, tile=None, compression="deflate", rowsperstrip=5000)
    with open_slide(tmp_path / "a.tif") as slide:
        assert slide.record.reader.startswith("pillow")
        np.testing.assert_array_equal(
            slide.read_level(0, (2990, 3990), (200, 200)), image[3990:4190, 2990:3190]
        )


def test_a_label_is_no_level(tmp_path: Path) -> None:
    image = painted(1000, 900)
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        for page in (image, shrunk(image, 2), painted(400, 500)):
            writer.write(page, photometric="rgb", tile=(128, 128), compression="jpeg", metadata=None)
    with open_slide(tmp_path / "a.tif") as slide:
        assert slide.level_dimensions == ((1000, 900), (500, 450))
