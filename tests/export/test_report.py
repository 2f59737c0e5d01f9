import base64
import dataclasses
import io
import re
import shutil
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from napari_histcode.comparison.compare import compare
from napari_histcode.comparison.config import ComparisonConfig
from napari_histcode.errors import AnalysisCancelledError, ResultError
from napari_histcode.export.audit_table import flatten
from napari_histcode.export.comparisons.report import export_comparison
from napari_histcode.export.figures.scale import TIMES
from napari_histcode.export.html_table import cell_text
from napari_histcode.export.index import export_index
from napari_histcode.export.notice import RESEARCH_USE
from napari_histcode.export.options import ExportOptions
from napari_histcode.export.report import export_report, number
from napari_histcode.export.tile_gallery import WITHOUT_SLIDE
from napari_histcode.heatmap import draw_heatmap
from napari_histcode.progress import CancelToken
from tests.builders import make_grid, make_map, make_scores

VOID = {"meta", "img", "br", "hr", "link", "input"}


class Page(HTMLParser):
    """Checks that tags are closed in order, and collects text, tags and attributes."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.text = [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def test_page_is_whole_and_says_what_matters(result_folder, scores):
    page = Page((result_folder / "report.html").read_text(encoding="utf-8"))
    text = " ".join(page.text)
    for word in (
        scores.grid.slide.alias, RESEARCH_USE, f"0.37 {TIMES} 0.37 µm/px (from file)", "viable tumour",
        "0.924", "log2 fold change", "effective number of tiles", "planted 1.2.0", "planted-encoder",
        "24 of 224 µm", scores.grid.slide.digest, "12.3 s", "mm²", "3, left out",
    ):  # fmt: skip
        assert word in text, word
    assert sum(tag == "img" for tag, _ in page.tags) == 1 + len(scores.maps)


def test_page_needs_nothing_from_elsewhere(result_folder):
    page = Page((result_folder / "report.html").read_text(encoding="utf-8"))
    assert not [tag for tag, _ in page.tags if tag in ("script", "link", "iframe", "object", "a")]
    for _, attributes in page.tags:
        for name, value in attributes.items():
            assert not name.startswith("on")
            assert name != "src" or value.startswith("data:image/jpeg;base64,")
    policies = [a["content"] for t, a in page.tags if t == "meta" and a.get("http-equiv")]
    assert policies == ["default-src 'none'; img-src data:; style-src 'unsafe-inline'"]
    assert "url(" not in (result_folder / "report.html").read_text(encoding="utf-8")


def test_pictures_decode_and_carry_no_metadata(result_folder):
    page = Page((result_folder / "report.html").read_text(encoding="utf-8"))
    for tag, attributes in page.tags:
        if tag == "img":
            with Image.open(io.BytesIO(base64.b64decode(attributes["src"].split(",")[1]))) as image:
                image.load()
                assert not image.getexif()
                assert "comment" not in image.info
            assert attributes["alt"]


def test_labels_are_escaped(tmp_path):
    evil = '<script>alert("x")</script><img src=x onerror=y>'
    scores = make_scores(grid=make_grid(1, 1), maps=(make_map("a.attention", [1], label=evil),))
    prediction = dataclasses.replace(scores.predictions[0], label=evil, head=evil, quantity=evil, unit=evil)
    slide = dataclasses.replace(scores.grid.slide, vendor=evil)
    grid = dataclasses.replace(scores.grid, slide=slide)
    scores = dataclasses.replace(
        scores, predictions=(prediction,), model_name=evil, grid=grid, effective_tiles={evil: 1.0}
    )
    heatmap = draw_heatmap(scores, "a.attention")
    path = export_report(scores, [heatmap], np.zeros((9, 9, 3), np.uint8), tmp_path / "r.html")
    page = Page(path.read_text(encoding="utf-8"))
    assert not [tag for tag, _ in page.tags if tag == "script"]
    assert sum(tag == "img" for tag, _ in page.tags) == 2
    assert evil in " ".join(page.text)


def test_page_without_predictions_and_maps(tmp_path):
    scores = dataclasses.replace(make_scores(1, 1), predictions=(), effective_tiles={}, maps=(), n_corrupt=0)
    path = export_report(scores, [], np.zeros((9, 9, 3), np.uint8), tmp_path / "r.html")
    text = " ".join(Page(path.read_text(encoding="utf-8")).text)
    assert "predicts nothing" in text
    assert "corrupt tiles" not in text


def test_partial_slides_say_so(tmp_path):
    scores = make_scores(grid=dataclasses.replace(make_grid(2, 2), is_partial=True))
    path = export_report(scores, [], np.zeros((9, 9, 3), np.uint8), tmp_path / "r.html")
    assert "region of interest" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1, "0.100"), (0.0, "0"), (-2.1972, "\N{MINUS SIGN}2.20"), (12345.6, "12,346"),
        (float("nan"), "undefined"), (3.2e-9, "3.2e\N{MINUS SIGN}09"), (99.97, "100"),
    ],
)  # fmt: skip
def test_numbers(value, text):
    assert number(value) == text


def test_record_is_flattened_readably():
    record = {"a": {"b": None, "c": [1, 2]}, "d": [[1, 2], [3, 4]], "e": True}
    assert dict(flatten(record)) == {
        "a.b": "none",
        "a.c": "1, 2",
        "d": f"1 {TIMES} 2, 3 {TIMES} 4",
        "e": "yes",
    }


def test_cover_page_leads_to_the_reports(result_folder, tmp_path, scores):
    for name in ("one", "two & <three>"):
        shutil.copytree(result_folder, tmp_path / name)
    path = export_index([tmp_path / "one", tmp_path / "two & <three>"], tmp_path / "index.html")
    page = Page(path.read_text(encoding="utf-8"))
    links = [attributes["href"] for tag, attributes in page.tags if tag == "a"]
    assert links == ["one/report.html", "two%20%26%20%3Cthree%3E/report.html"]
    text = " ".join(page.text)
    assert text.count(scores.grid.slide.alias) == 2
    assert "viable tumour: 0.924 probability" in text
    assert RESEARCH_USE in text
    assert re.search(r"2 slides", text)


def test_cover_page_refuses_what_it_cannot_link(result_folder, tmp_path):
    with pytest.raises(ResultError, match="cover page"):
        export_index([result_folder], tmp_path / "sub" / "index.html")
    with pytest.raises(ResultError, match="no finished result"):
        export_index([tmp_path], tmp_path / "index.html")
    assert not (tmp_path / "index.html").exists()


def report_of(scores, path, **more):
    heatmaps = [draw_heatmap(scores, name) for name in scores.map_names]
    path = export_report(scores, heatmaps, np.zeros((90, 130, 3), np.uint8), path, **more)
    text = path.read_text(encoding="utf-8")
    return text, Page(text)


def test_page_with_the_slide_shows_its_tiles(slide, slide_scores, tmp_path):
    text, page = report_of(slide_scores, tmp_path / "r.html", slide=slide)
    n_maps = len(slide_scores.maps)
    assert WITHOUT_SLIDE not in text
    # eleven tiles: six highest and five lowest of every map
    assert sum(tag == "img" for tag, _ in page.tags) == 1 + n_maps + 11 * n_maps
    without, page = report_of(slide_scores, tmp_path / "s.html")
    assert WITHOUT_SLIDE in without
    assert sum(tag == "img" for tag, _ in page.tags) == 1 + n_maps


def test_page_draws_a_bounded_choice_of_many_maps(tmp_path):
    names = [f"genes.G{k}.single_tile" for k in range(200)]
    maps = [make_map("genes.attention", [0.2, 0.8])]
    maps += [make_map(name, [k, -k], label=f"G{k}", is_signed=True) for k, name in enumerate(names)]
    scores = make_scores(2, 1, maps=maps)
    options = ExportOptions(most_maps=3, first_maps=("genes.G150.single_tile",))
    text, page = report_of(scores, tmp_path / "r.html", options=options)
    assert sum(tag == "img" for tag, _ in page.tags) == 1 + 3
    assert "198 more maps" in text
    assert 'alt="G150"' in text


def test_page_takes_up_the_comparison_with_the_same_numbers(slide_scores, regions, tmp_path):
    config = ComparisonConfig(positive=("Tumor",), is_exhaustive=True, n_resamples=0, n_shifts=0)
    comparison = compare(slide_scores, regions, config)
    text, page = report_of(
        slide_scores, tmp_path / "r.html", comparison=comparison, comparison_page="comparison.html"
    )
    export_comparison(tmp_path, comparison, slide=slide_scores.grid.slide.alias)
    whole = (tmp_path / "comparison.html").read_text(encoding="utf-8")
    for one in comparison.maps:
        number_shown = cell_text(one.ranking.auroc)
        assert f">{number_shown}<" in text
        assert f">{number_shown}<" in whole
    assert [attributes["href"] for tag, attributes in page.tags if tag == "a"] == ["comparison.html"]
    assert "Where they agree" in text
    assert not [tag for tag, _ in report_of(slide_scores, tmp_path / "s.html")[1].tags if tag == "a"]


def test_cancelled_page_is_not_written(slide_scores, tmp_path):
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(AnalysisCancelledError):
        report_of(slide_scores, tmp_path / "r.html", cancel=cancel)
    assert not list(tmp_path.iterdir())
