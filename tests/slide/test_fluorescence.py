"""Fluorescence: told from bright field, read channel by channel, and refused where tissue is wanted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import openslide
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from napari_histcode.errors import ModalityError, NotASlideError
from napari_histcode.pipeline import analyse_slide
from napari_histcode.slide import SlideRecord, open_slide
from napari_histcode.slide.channel_view import compose
from napari_histcode.slide.channels import COLOURS, channel_colour, known_name
from napari_histcode.slide.illumination import FluorescenceWords, fluorescence_words
from napari_histcode.slide.modality import has_dark_ground, lit_channels, require_bright_field
from napari_histcode.slide.overview import read_overview
from napari_histcode.slide.resample import area_average
from napari_histcode.tissue.find import find_tissue
from tests.builders import make_slide_record
from tests.slide.tiffs import overwrite_tile, painted, write_ome, write_pyramid

WIDTH, HEIGHT = 800, 600


def glowing(n_channels: int, dtype: type[np.integer[Any]] = np.uint8) -> NDArray[Any]:
    """Paint (n_channels, height, width): a dark ground, and a bright square at another place in each."""
    highest = np.iinfo(dtype).max
    ground = np.random.default_rng(0).integers(0, highest // 60, (n_channels, HEIGHT, WIDTH))
    stack = ground.astype(dtype)
    for channel in range(n_channels):
        left = 100 + 90 * channel
        stack[channel, 200:300, left : left + 80] = highest - 100 * channel // 2
    return stack


def write_stack(
    path: Path,
    stack: NDArray[Any],
    *,
    axes: str = "CYX",
    channels: dict[str, list[Any]] | None = None,
    **options: Any,
) -> None:
    """Write an OME-TIFF with one level more, in which every second row and column is left out."""
    coarse = stack[..., ::2, ::2] if axes.endswith("YX") else stack[::2, ::2]
    metadata: dict[str, Any] = {"axes": axes, "PhysicalSizeX": 0.5, "PhysicalSizeY": 0.5}
    if channels is not None:
        metadata["Channel"] = channels
    common = {"photometric": "minisblack", "tile": (128, 128), "compression": "zlib", **options}
    with tifffile.TiffWriter(path, ome=True) as writer:
        writer.write(stack, metadata=metadata, subifds=1, **common)
        writer.write(np.ascontiguousarray(coarse), subfiletype=1, **common)


class TestHamamatsu:
    def test_dapi_scan(self, shared_data: Path) -> None:
        path = shared_data / "slides" / "test3-DAPI-2.ndpi"
        with open_slide(path) as slide, openslide.OpenSlide(path) as theirs:
            assert (slide.record.modality, slide.record.modality_source) == ("fluorescence", "file")
            (channel,) = slide.channels
            assert (channel.name, channel.colour, channel.bits) == ("DAPI", "blue", 8)
            for level in (0, 3):
                width, height = slide.level_dimensions[level]
                size = min(width, 700), min(height, 500)
                other = np.asarray(theirs.read_region((0, 0), level, size))[..., 2]
                np.testing.assert_array_equal(slide.read_channel(0, level, (0, 0), size), other)
            low, high = slide.channel_limits(0)
            assert 0 <= low < 10
            assert 150 < high <= 255
            assert [a.shape for a in slide.channel_pyramid(0)] == [(h, w) for w, h in slide.level_dimensions]
            beyond = slide.read_level(6, (-8, 0), (8, 8))
            assert beyond.max() == 0, "the ground of fluorescence is black"
            with pytest.raises(ModalityError, match="the scanner says so") as caught:
                find_tissue(slide)
            assert "bright-field" in caught.value.advice

    SHADING = (
        "0004\r;ID=4\r;Name=DAPI 2 (387) \r;ExcitationWaveLength=387\r;EmissionWaveLength=455\r"
        ";TransmittanceR=-\r;TransmittanceG=-\r;TransmittanceB=30%"
    )
    KEY = "hamamatsu.;NDP Shading Data\r;Version"

    def test_words(self) -> None:
        assert fluorescence_words({self.KEY: self.SHADING}) == FluorescenceWords(
            name="DAPI", emission_nm=455.0, lit=(False, False, True)
        )

    def test_a_filter_set_of_another_name_is_known_by_its_wavelength(self) -> None:
        named = self.SHADING.replace("DAPI 2 (387)", "Mrs Miller")
        words = fluorescence_words({self.KEY: named})
        assert words == FluorescenceWords(name="", emission_nm=455.0, lit=(False, False, True))

    def test_shading_of_bright_field_is_no_fluorescence(self) -> None:
        assert fluorescence_words({self.KEY: "0004\r;ID=1\r;Name=\r;EmissionWaveLength=0"}) is None
        assert fluorescence_words({"hamamatsu.SourceLens": "40"}) is None


@pytest.mark.parametrize(
    ("key", "glows", "does_not"),
    [
        ("mirax.GENERAL.SLIDE_TYPE", "SLIDE_TYPE_FLUORESCENCE", "SLIDE_TYPE_BRIGHTFIELD"),
        ("dicom.OpticalPathSequence[0].IlluminationTypeCodeSequence[0].CodeValue", "111743", "111744"),
    ],
)
def test_words_of_other_makers(key: str, glows: str, does_not: str) -> None:
    assert fluorescence_words({key: glows}) == FluorescenceWords()
    assert fluorescence_words({key: does_not}) is None


class TestOmeChannels:
    @pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
    @pytest.mark.parametrize("layout", ["pages", "planes", "samples"])
    def test_every_layout_and_depth(self, tmp_path: Path, layout: str, dtype: type[np.integer[Any]]) -> None:
        stack = glowing(4, dtype)
        path = tmp_path / "a.ome.tif"
        if layout == "pages":
            write_stack(path, stack)
        elif layout == "planes":
            write_stack(path, stack, axes="SYX", planarconfig="separate")
        else:
            write_stack(
                path, np.ascontiguousarray(stack.transpose(1, 2, 0)), axes="YXS", planarconfig="contig"
            )
        with open_slide(path) as slide:
            assert (slide.record.modality, slide.record.modality_source) == ("fluorescence", "channels")
            assert [c.name for c in slide.channels] == ["channel 1", "channel 2", "channel 3", "channel 4"]
            assert len({c.colour for c in slide.channels}) == 4
            for channel in range(4):
                read = slide.read_channel(channel, 0, (95, 195), (310, 120))
                assert read.dtype == dtype
                np.testing.assert_array_equal(read, stack[channel, 195:315, 95:405])
                np.testing.assert_array_equal(
                    slide.channel_pyramid(channel)[1].compute(), stack[channel, ::2, ::2]
                )
            edge = slide.read_channel(3, 0, (WIDTH - 5, -5), (10, 10))
            assert edge.dtype == dtype
            assert edge[:5].max() == edge[:, 5:].max() == 0

    def test_words_name_channels_and_colours(self, tmp_path: Path) -> None:
        channels = {
            "Name": ["nuclei of John Doe", "CD8", "Opal 570", "John Doe"],
            "Fluor": ["DAPI", "FITC", "Opal 570", "secret"],
            "EmissionWavelength": [461, 519, 570, 815],
        }
        write_stack(tmp_path / "a.ome.tif", glowing(4, np.uint16), channels=channels)
        with open_slide(tmp_path / "a.ome.tif") as slide:
            assert slide.record.modality_source == "OME-XML"
            assert [(c.name, c.colour) for c in slide.channels] == [
                ("DAPI", "blue"),
                ("FITC", "green"),
                ("Opal 570", "red"),
                ("815 nm", "magenta"),
            ]

    def test_one_channel_with_a_dye(self, tmp_path: Path) -> None:
        write_stack(
            tmp_path / "a.ome.tif", glowing(1)[0], axes="YX", channels={"Name": ["x"], "Fluor": ["Hoechst"]}
        )
        with open_slide(tmp_path / "a.ome.tif") as slide:
            assert [(c.name, c.colour) for c in slide.channels] == [("Hoechst", "blue")]

    def test_three_channels_without_words_are_judged_by_their_pixels(self, tmp_path: Path) -> None:
        write_stack(tmp_path / "dark.ome.tif", glowing(3))
        write_stack(
            tmp_path / "bright.ome.tif", np.ascontiguousarray(painted(WIDTH, HEIGHT).transpose(2, 0, 1))
        )
        with open_slide(tmp_path / "dark.ome.tif") as slide:
            assert (slide.record.modality, slide.record.modality_source) == ("fluorescence", "pixels")
        with open_slide(tmp_path / "bright.ome.tif") as slide:
            assert slide.record.modality == "bright field"
            assert slide.channels == ()
            np.testing.assert_array_equal(
                slide.read_level(0, (0, 0), (WIDTH, HEIGHT)), painted(WIDTH, HEIGHT)
            )

    def test_the_rgb_picture_is_the_sum_of_the_first_channels(self, tmp_path: Path) -> None:
        stack = glowing(2, np.uint16)
        write_stack(tmp_path / "a.ome.tif", stack)
        with open_slide(tmp_path / "a.ome.tif") as slide:
            colours, limits = [c.colour for c in slide.channels], [slide.channel_limits(i) for i in (0, 1)]
            np.testing.assert_array_equal(
                slide.read_level(0, (0, 0), (WIDTH, HEIGHT)), compose(list(stack), colours, limits)
            )
            assert limits[0][1] > 60_000
            overview = read_overview(slide, (4.0, 4.0))
            assert np.median(overview) < 10

    def test_damage_is_black_and_counted(self, tmp_path: Path) -> None:
        stack = glowing(2)
        write_stack(tmp_path / "a.ome.tif", stack)
        x, y = overwrite_tile(tmp_path / "a.ome.tif", 1, 8)
        with open_slide(tmp_path / "a.ome.tif") as slide:
            read = slide.channel_pyramid(1)[0].compute()
            assert read[y : y + 128, x : x + 128].max() == 0
            assert slide.n_corrupt_blocks == 1
            np.testing.assert_array_equal(slide.channel_pyramid(0)[0].compute(), stack[0])

    @pytest.mark.parametrize(
        ("axes", "shape", "dtype", "said"),
        [
            ("ZCYX", (2, 3), np.uint8, "several focal planes"),
            ("TYX", (3,), np.uint8, "several focal planes or times"),
            ("CYX", (2,), np.float32, "float32"),
            ("CYX", (4,), np.uint32, "uint32"),
        ],
    )
    def test_what_is_no_channel_is_refused(
        self, tmp_path: Path, axes: str, shape: tuple[int, ...], dtype: type, said: str
    ) -> None:
        stack = np.zeros((*shape, 200, 300), dtype)
        tifffile.imwrite(
            tmp_path / "a.ome.tif", stack, metadata={"axes": axes}, tile=(128, 128), photometric="minisblack"
        )
        with pytest.raises(NotASlideError, match=said) as caught:
            open_slide(tmp_path / "a.ome.tif")
        assert "Export" in caught.value.advice

    def test_missing_coarse_levels_are_averaged(self, tmp_path: Path) -> None:
        stack = np.zeros((2, 300, 4200), np.uint16)
        stack[1, 100:200, 1000:3000] = 51_234
        stack[1, ::3] += 7
        write_stack(tmp_path / "a.ome.tif", stack, tile=(256, 256))
        with open_slide(tmp_path / "a.ome.tif") as slide:
            assert len(slide.channel_pyramid(1)) == 2
        write_pyramid(tmp_path / "b.tif", stack[1], compression="zlib", photometric="minisblack", metadata={})
        halved = area_average(stack[1][..., np.newaxis], (0, 0, 4200, 300), (2100, 150))
        assert halved.dtype == np.uint16
        blocks = stack[1].reshape(150, 2, 2100, 2).astype(float).mean(axis=(1, 3))
        np.testing.assert_array_equal(halved[..., 0], np.floor(blocks + 0.5))


class TestBrightField:
    @pytest.mark.parametrize("name", ["CMU-1-Small-Region.svs", "TCGA-CR-7395-01A-01-TS1.svs", "boxes_dicom"])
    def test_real_slides_stay_rgb(self, shared_data: Path, name: str) -> None:
        with open_slide(shared_data / "slides" / name) as slide:
            assert slide.record.modality == "bright field"
            assert slide.channels == ()
            require_bright_field(slide.record)

    def test_records_from_before_are_bright_field(self) -> None:
        record = make_slide_record()
        assert (record.modality, record.modality_source) == ("bright field", "assumed")

    def test_analysing_fluorescence_is_refused_before_a_model_is_loaded(self, tmp_path: Path) -> None:
        write_ome(tmp_path / "a.ome.tif", painted(300, 200))
        write_stack(tmp_path / "b.ome.tif", glowing(2))
        with pytest.raises(ModalityError, match="several channels"):
            analyse_slide(tmp_path / "b.ome.tif", tmp_path / "no model")

    def test_the_source_of_the_decision_does_not_tell_records_apart(self) -> None:
        record = make_slide_record()
        fields = {name: getattr(record, name) for name in record.__dataclass_fields__}
        assert SlideRecord(**{**fields, "modality_source": "file"}) == record


class TestPixels:
    @given(ground=st.integers(0, 20), signal=st.integers(100, 255), share=st.floats(0.01, 0.4))
    def test_signal_on_a_dark_ground(self, ground: int, signal: int, share: float) -> None:
        samples = np.full((2000, 3), ground, np.uint8)
        samples[: int(2000 * share), 2] = signal
        assert lit_channels(samples) == (False, False, True)
        assert has_dark_ground(samples)

    @given(glass=st.integers(180, 255), stain=st.integers(100, 170), share=st.floats(0.0, 1.0))
    def test_stain_on_bright_glass(self, glass: int, stain: int, share: float) -> None:
        samples = np.full((2000, 3), glass, np.uint8)
        samples[: int(2000 * share)] = (stain, round(0.7 * stain), stain)
        assert not has_dark_ground(samples)

    def test_nothing_at_all_is_no_signal(self) -> None:
        assert not has_dark_ground(np.zeros((100, 3), np.uint8))


class TestNames:
    @pytest.mark.parametrize(
        ("text", "name"),
        [
            ("DAPI 2 (387)", "DAPI"),
            ("dapi", "DAPI"),
            ("Alexa Fluor 488", "Alexa Fluor 488"),
            ("CD45RO", "CD45RO"),
            ("Ki67", "Ki67"),
            ("John Doe 1951", ""),
            ("CD8 of John Doe", ""),
            ("S23-004711", ""),
            ("", ""),
        ],
    )
    def test_only_dyes_and_markers_are_taken_over(self, text: str, name: str) -> None:
        assert known_name(text) == name

    @given(st.lists(st.one_of(st.none(), st.floats(300, 900)), max_size=12))
    def test_colours_differ_while_there_are_any(self, emissions: list[float | None]) -> None:
        colours: list[str] = []
        for nm in emissions:
            colours.append(channel_colour(nm, colours))
        assert set(colours) <= set(COLOURS)
        assert len(set(colours)) == min(len(colours), len(COLOURS))
