import dataclasses
import re
import threading

import matplotlib as mpl
import numpy as np
import pytest
from defusedxml.ElementTree import fromstring
from PIL import Image

from napari_histcode.comparison.compare import compare
from napari_histcode.comparison.config import ComparisonConfig
from napari_histcode.errors import AnalysisCancelledError, RegionError, ResultError
from napari_histcode.export.figures.blend import blend, mix_paint
from napari_histcode.export.figures.figure_file import export_figure
from napari_histcode.export.figures.figure_panels import sentence
from napari_histcode.export.figures.print_figure import lay_out
from napari_histcode.export.figures.view import View, read_view
from napari_histcode.export.notice import RESEARCH_USE
from napari_histcode.export.options import ExportOptions
from napari_histcode.export.png import read_png
from napari_histcode.export.provenance import provenance_of
from napari_histcode.heatmap import default_config, draw_heatmap
from napari_histcode.progress import CancelToken
from tests.builders import make_map

SVG = "{http://www.w3.org/2000/svg}"
TUMOUR = "tissue.viable_tumour.single_tile"
SMALL = ExportOptions(dpi=100, width_mm=85)


def drawn(scores, *names):
    return [draw_heatmap(scores, name, default_config(scores.map(name))) for name in names]


@pytest.fixture(scope="module")
def comparison(slide_scores, regions):
    config = ComparisonConfig(
        positive=("Tumor",), maps=(TUMOUR,), is_exhaustive=True, n_resamples=0, n_shifts=0
    )
    return compare(slide_scores, regions, config)


@pytest.mark.parametrize("dpi", [100, 300])
@pytest.mark.parametrize("width_mm", [85.0, 180.0])
def test_size_and_resolution_are_those_asked_for(slide_scores, slide, tmp_path, dpi, width_mm):
    options = ExportOptions(dpi=dpi, width_mm=width_mm)
    path = export_figure(
        slide_scores, drawn(slide_scores, TUMOUR), tmp_path / "a.png", "png", slide=slide, options=options
    )
    with Image.open(path) as image:
        assert image.width == round(width_mm / 25.4 * dpi)
        assert image.info["dpi"] == pytest.approx((dpi, dpi), abs=0.1)


def test_the_picture_is_the_slide_with_the_map_pixel_for_pixel(slide_scores, slide, tmp_path):
    box = (250.0, 230.0, 640.0, 400.0)
    options = dataclasses.replace(SMALL, region_px0=box)
    (heatmap,) = drawn(slide_scores, TUMOUR)
    path = export_figure(slide_scores, [heatmap], tmp_path / "a.png", "png", slide=slide, options=options)
    layout = lay_out(1, box[2:], width_mm=85, dpi=100)
    expected = mix_paint(heatmap).over(read_view(slide, View(box_px0=box, size_px=layout.picture)), box)
    figure, height, width = read_png(path), *expected.shape[:2]
    places = [
        (row, column)
        for row, column in np.argwhere((figure == expected[0, 0]).all(axis=2))
        if np.array_equal(figure[row : row + height, column : column + width], expected)
    ]
    assert len(places) == 1


def test_a_part_of_the_whole_is_painted_alike(slide_scores, slide):
    """What a region shows is what the whole slide shows there."""
    (heatmap,) = drawn(slide_scores, TUMOUR)
    whole = slide.read_level(0, (0, 0), slide.dimensions)
    expected = blend(whole, heatmap)[100:500, 200:700]
    part = mix_paint(heatmap).over(whole[100:500, 200:700], (200.0, 100.0, 500.0, 400.0))
    np.testing.assert_array_equal(part, expected)


LONG = "a rather long label of a gene signature in a tumour microenvironment " * 2


@pytest.mark.parametrize("width_mm", [40.0, 85.0, 180.0])
@pytest.mark.parametrize("label", ["a", LONG, "word" * 40])
def test_nothing_is_clipped_and_nothing_overlaps_the_margin(
    slide_scores, slide, regions, tmp_path, width_mm, label
):
    values = np.random.default_rng(0).normal(size=len(slide_scores.grid))
    tile_map = make_map("a.b.single_tile", values, label=label, quantity=label[:60], unit="u", is_signed=True)
    scores = dataclasses.replace(slide_scores, maps=(tile_map,))
    options = ExportOptions(dpi=100, width_mm=width_mm, panels=("slide", "map", "reference"))
    path = export_figure(
        scores, drawn(scores, "a.b.single_tile"), tmp_path / "a.png", "png", slide=slide,
        annotations=regions, options=options,
    )  # fmt: skip
    figure = read_png(path)
    for side in (figure[:3], figure[-3:], figure[:, :3], figure[:, -3:]):
        assert (side == 255).all()


def test_svg_has_text_as_text_and_pictures_inside(slide_scores, slide, regions, comparison, tmp_path):
    options = dataclasses.replace(SMALL, panels=("slide", "map", "reference", "agreement"))
    path = export_figure(
        slide_scores, drawn(slide_scores, TUMOUR), tmp_path / "a.svg", "svg", slide=slide,
        annotations=regions, comparison=comparison, options=options,
    )  # fmt: skip
    root = fromstring(path.read_bytes())
    texts = ["".join(element.itertext()) for element in root.iter(f"{SVG}text")]
    for word in (
        slide_scores.grid.slide.alias, RESEARCH_USE, "Slide", "Viable tumour, single tile", "Reference",
        "log-odds", "true positive", "Tumor", "Stroma <&>", "model planted 1.2.0",
    ):  # fmt: skip
        assert word in texts, word
    assert any(re.fullmatch(r"\d+ (µm|mm)", text) for text in texts)
    links = [element.attrib["{http://www.w3.org/1999/xlink}href"] for element in root.iter(f"{SVG}image")]
    assert len(links) == 5  # four panels and a colour bar
    assert all(link.startswith("data:image/png;base64,") for link in links)
    assert root.attrib["width"] == f"{float(root.attrib['width'][:-2]):g}pt"
    assert float(root.attrib["width"][:-2]) == pytest.approx(85 / 25.4 * 72, abs=0.5)
    assert "c80000" in path.read_text(encoding="utf-8"), "the outline of the tumour"


def test_pdf_embeds_its_fonts_and_no_date(slide_scores, slide, tmp_path):
    path = export_figure(
        slide_scores, drawn(slide_scores, TUMOUR), tmp_path / "a.pdf", "pdf", slide=slide, options=SMALL
    )
    data = path.read_bytes()
    assert data.startswith(b"%PDF-")
    assert b"/CIDFontType2" in data
    assert b"/Type3" not in data
    assert b"CreationDate" not in data
    for word in (RESEARCH_USE, slide_scores.grid.slide.digest, slide_scores.model_digest):
        assert word.encode() in data


@pytest.mark.parametrize("fmt", ["svg", "pdf", "png"])
def test_the_same_figure_has_the_same_bytes(slide_scores, slide, tmp_path, fmt):
    record = provenance_of(slide_scores)
    paths = [
        export_figure(
            slide_scores, drawn(slide_scores, TUMOUR), tmp_path / f"{name}.{fmt}", fmt, slide=slide,
            options=SMALL, provenance=record,
        )
        for name in "ab"
    ]  # fmt: skip
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_nobodys_settings_change(slide_scores, slide, tmp_path):
    before = dict(mpl.rcParams)
    heatmaps = drawn(slide_scores, TUMOUR)
    threads = [
        threading.Thread(
            target=export_figure,
            args=(slide_scores, heatmaps, tmp_path / f"{k}.{fmt}", fmt),
            kwargs={"slide": slide, "options": SMALL},
        )
        for k, fmt in enumerate(["svg", "pdf", "png"])
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list(tmp_path.iterdir())) == 3
    assert dict(mpl.rcParams) == before


def test_panels_are_of_one_size_and_wrap_into_rows():
    one = lay_out(1, (3000, 2000), width_mm=180, dpi=300)
    four = lay_out(4, (3000, 2000), width_mm=180, dpi=300)
    column = lay_out(4, (3000, 2000), width_mm=85, dpi=300)
    assert (one.n_columns, four.n_columns, column.n_columns) == (1, 4, 2)
    for layout in (one, four, column):
        assert layout.picture[0] / layout.picture[1] == pytest.approx(1.5, rel=0.01)
        used = layout.n_columns * layout.place + (layout.n_columns - 1) * layout.gap
        assert layout.content - layout.n_columns < used <= layout.content
        assert layout.base / 300 * 72 == pytest.approx(7), "type of 7 pt whatever the width"
    tall = lay_out(1, (1000, 9000), width_mm=180, dpi=300)
    assert tall.is_narrow
    assert tall.picture[1] <= 200 / 25.4 * 300


def test_without_the_slide_the_overview_has_to_do(slide_scores, slide, tmp_path):
    heatmaps = drawn(slide_scores, TUMOUR)
    overview = slide.read_level(1, (0, 0), slide.level_dimensions[1])
    export_figure(slide_scores, heatmaps, tmp_path / "a.png", "png", overview_rgb=overview, options=SMALL)
    with pytest.raises(ResultError, match="overview"):
        export_figure(slide_scores, heatmaps, tmp_path / "b.png", "png", options=SMALL)


def test_wrong_wishes_leave_nothing(slide_scores, slide, tmp_path):
    heatmaps = drawn(slide_scores, TUMOUR)
    cancel = CancelToken()
    cancel.cancel()
    for error, more in (
        (RegionError, {"options": ExportOptions(region_px0=(9999, 0, 5, 5))}),
        (ResultError, {"options": ExportOptions(panels=("reference",))}),
        (ResultError, {"options": ExportOptions(panels=("agreement",))}),
        (AnalysisCancelledError, {"cancel": cancel}),
    ):
        with pytest.raises(error):
            export_figure(slide_scores, heatmaps, tmp_path / "a.pdf", "pdf", slide=slide, **more)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "wrong",
    [
        {"dpi": 20}, {"width_mm": 3}, {"alpha": 1.5}, {"limits": (1.0, 1.0)}, {"overlay_mpp": 0.0},
        {"panels": ()}, {"n_top_tiles": -1},
    ],
)  # fmt: skip
def test_absurd_options_are_refused(wrong):
    with pytest.raises(ValueError, match=r"not|at least"):
        ExportOptions(**wrong)


def test_labels_begin_like_sentences_and_genes_stay():
    assert sentence("viable tumour, single-tile") == "Viable tumour, single-tile"
    assert sentence("CD3E, single-tile") == "CD3E, single-tile"
    assert sentence("") == ""
