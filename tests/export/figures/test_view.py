import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_histcode.errors import AnalysisCancelledError, RegionError
from napari_histcode.export.figures import view as view_module
from napari_histcode.export.figures.view import View, clipped_box, cut_view, read_view, whole_box
from napari_histcode.progress import CancelToken
from tests.array_slide import ArraySlide
from tests.builders import make_slide_record
from tests.slide.tiffs import painted

RAMP = np.repeat((np.arange(200) % 256).astype(np.uint8)[None, :, None], 80, 0).repeat(3, 2)


def test_one_to_one_is_a_copy(slide):
    box = (101.0, 57.0, 300.0, 200.0)
    expected = slide.read_level(0, (101, 57), (300, 200))
    np.testing.assert_array_equal(read_view(slide, View(box_px0=box, size_px=(300, 200))), expected)


@settings(max_examples=40, deadline=None)
@given(
    left=st.floats(5, 60), width=st.floats(20, 100), size=st.integers(8, 90),
    downsamples=st.sampled_from([(1.0,), (1.0, 2.0), (1.0, 2.9)]),
)  # fmt: skip
def test_pixels_lie_where_they_should(left, width, size, downsamples):
    """On a ramp of one grey value a pixel, the value of a pixel is the place of its centre."""
    slide = ArraySlide(RAMP, downsamples=downsamples)
    picture = read_view(slide, View(box_px0=(left, 10.0, width, 20.0), size_px=(size, 12)))
    centres = left + (np.arange(size) + 0.5) * width / size - 0.5
    np.testing.assert_allclose(picture[5, :, 0], centres, atol=1.0 if len(downsamples) == 1 else 2.0)


@pytest.mark.parametrize("downsamples", [(1.0,), (1.0, 2.0)])
def test_neighbours_fit_without_a_seam(downsamples):
    slide = ArraySlide(painted(400, 300), downsamples=downsamples)
    whole = read_view(slide, View(box_px0=(0, 0, 400, 300), size_px=(160, 120)))
    halves = [read_view(slide, View(box_px0=(x, 0, 200, 300), size_px=(80, 120))) for x in (0.0, 200.0)]
    difference = np.abs(np.hstack(halves).astype(int) - whole)
    assert difference.max() <= 1


def test_bands_give_the_same_picture(monkeypatch):
    slide = ArraySlide(painted(301, 401))
    view = View(box_px0=(3.5, 4.25, 250, 390), size_px=(97, 151))
    whole = read_view(slide, view)
    monkeypatch.setattr(view_module, "_BAND_BYTES", 20_000)
    n_reads = slide.n_reads
    np.testing.assert_allclose(read_view(slide, view).astype(int), whole, atol=1)
    assert slide.n_reads > n_reads + 5


def test_beyond_the_slide_is_white_and_the_edge_does_not_fade():
    slide = ArraySlide(np.zeros((100, 100, 3), np.uint8))
    inside = read_view(slide, View(box_px0=(0, 0, 100, 100), size_px=(33, 33)))
    assert (inside == 0).all()
    over = read_view(slide, View(box_px0=(50, 50, 100, 100), size_px=(50, 50)))
    assert (over[:24, :24] == 0).all()
    assert (over[26:] == 255).all()


def test_damage_is_white():
    slide = ArraySlide(np.zeros((400, 400, 3), np.uint8), corrupt_px0=(0, 0, 100, 100))
    picture = read_view(slide, View(box_px0=(0, 0, 400, 400), size_px=(400, 400)))
    assert picture[50, 50, 0] == 255
    assert picture[350, 350, 0] == 0


def test_cancelled_between_bands():
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(AnalysisCancelledError):
        read_view(ArraySlide(RAMP), View(box_px0=(0, 0, 10, 10), size_px=(5, 5)), cancel=cancel)


def test_cut_out_of_an_overview():
    record = make_slide_record((400, 300))
    overview = painted(200, 150)
    assert cut_view(overview, record, View(box_px0=whole_box(record), size_px=(200, 150))) is overview
    part = cut_view(overview, record, View(box_px0=(100, 60, 200, 120), size_px=(100, 60)))
    np.testing.assert_array_equal(part, overview[30:90, 50:150])


def test_regions_are_clipped_to_the_slide():
    record = make_slide_record((400, 300))
    assert clipped_box((-10, 20, 60, 500), record) == (0, 20, 50, 280)
    for nothing in ((400, 0, 10, 10), (-20, 0, 20, 10), (5, 5, 0, 3)):
        with pytest.raises(RegionError, match="400 x 300"):
            clipped_box(nothing, record)
