"""DICOM objects on a DICOM slide: registered, referring to it, and silent about the patient."""

import builtins
import dataclasses
import json

import numpy as np
import pytest
import shapely

from napari_histcode.annotations import Annotation
from napari_histcode.errors import MissingExtraError, ResultError, SourceSlideError
from napari_histcode.export.dicom.parametric_map import export_dicom_map
from napari_histcode.export.dicom.segmentation import export_dicom_seg
from napari_histcode.export.dicom.segments import class_segments, threshold_segment
from napari_histcode.export.dicom.source import find_source
from napari_histcode.export.figures.view import View
from napari_histcode.export.notice import RESEARCH_USE
from napari_histcode.export.options import ExportOptions
from napari_histcode.export.provenance import provenance_of
from napari_histcode.heatmap import draw_heatmap
from napari_histcode.slide import open_slide
from tests.builders import make_grid, make_map, make_scores
from tests.export.dicom.dicom_slides import CONTAINER, PATIENT, SECRETS, SPECIMEN, write_dicom_slide
from tests.slide.tiffs import painted

REASON = "the optional packages for DICOM are not installed"
hd = pytest.importorskip("highdicom", reason=REASON)
pydicom = pytest.importorskip("pydicom", reason=REASON)

NAME = "tissue.viable_tumour.single_tile"


@pytest.fixture(scope="module", params=["usual", "turned"])
def dicom_slide(request, tmp_path_factory):
    """A slide of 2,048 x 1,536 px at 0.5 um/px, in two orientations on the glass."""
    orientation = {"usual": (0.0, -1.0, 0.0, -1.0, 0.0, 0.0), "turned": (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)}
    folder = tmp_path_factory.mktemp("JaneDoe")
    write_dicom_slide(
        folder, painted(2048, 1536), orientation=orientation[request.param], origin_mm=(20.0, 40.0)
    )
    with open_slide(folder) as slide:
        yield slide


@pytest.fixture(scope="module")
def dicom_scores(dicom_slide):
    chosen = np.ones((2, 3), bool)
    chosen[0, 2] = False
    grid = make_grid(chosen=chosen, first=(1, 1), mpp=0.5, overlap=0.25)
    values = np.array([-2.5, -1.0, 0.0, 3.25, 1.0], np.float32)
    maps = (make_map(NAME, values, label="viable tumour, single tile", is_signed=True, quantity="log-odds"),)
    return make_scores(grid=dataclasses.replace(grid, slide=dicom_slide.record), maps=maps)


def source_positions(slide, xy_px0):
    """Where the source says that level-0 positions (x, y from the corner) are, in millimetres."""
    data = next(
        data
        for path in slide.path.iterdir()
        if (data := pydicom.dcmread(path, stop_before_pixels=True)).TotalPixelMatrixColumns == 2048
    )
    return positions(data, np.asarray(xy_px0) - 0.5), data


def positions(data, indices):
    """Where pixel indices (column, row; whole numbers are centres) of a pixel matrix are, by highdicom."""
    origin = data.TotalPixelMatrixOriginSequence[0]
    transform = hd.spatial.PixelToReferenceTransformer(
        image_position=(
            origin.XOffsetInSlideCoordinateSystem,
            origin.YOffsetInSlideCoordinateSystem,
            origin.get("ZOffsetInSlideCoordinateSystem", 0.0),
        ),
        image_orientation=data.ImageOrientationSlide,
        pixel_spacing=data.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].PixelSpacing,
    )
    rows = np.column_stack([indices, np.zeros(len(indices)), np.ones(len(indices))])
    return (rows @ transform.affine.T)[:, :3]


def write_map(scores, slide, path, **more):
    heatmap = draw_heatmap(scores, NAME)
    return export_dicom_map(scores, heatmap, slide, path, provenance_of(scores), **more)


def write_seg(scores, slide, path, annotations=(), **more):
    return export_dicom_seg(
        scores, draw_heatmap(scores, NAME), slide, path, provenance_of(scores),
        annotations=annotations, options=ExportOptions(**more),
    )  # fmt: skip


def test_map_values_stand_on_their_tiles(dicom_slide, dicom_scores, tmp_path):
    path = write_map(dicom_scores, dicom_slide, tmp_path / "a.dcm")
    data = pydicom.dcmread(path)
    heatmap = draw_heatmap(dicom_scores, NAME)
    np.testing.assert_array_equal(data.pixel_array.reshape(heatmap.raster.shape), heatmap.raster)
    first = dicom_scores.grid.index.min(axis=0)
    expected, source = source_positions(dicom_slide, dicom_scores.grid.centre_px0)
    np.testing.assert_allclose(
        positions(data, dicom_scores.grid.index - first), expected, atol=1e-6
    )  # a thousandth of a pixel is 5e-7 mm
    assert data.FrameOfReferenceUID == source.FrameOfReferenceUID
    (series,) = data.ReferencedSeriesSequence
    assert series.ReferencedInstanceSequence[0].ReferencedSOPInstanceUID == source.SOPInstanceUID
    (mapping,) = data.SharedFunctionalGroupsSequence[0].RealWorldValueMappingSequence
    assert mapping.RealWorldValueSlope == 1
    assert mapping.QuantityDefinitionSequence[0].ConceptCodeSequence[0].CodeMeaning == "log-odds"


def test_segmentation_fits_a_level_of_the_slide(dicom_slide, dicom_scores, tmp_path):
    path = write_seg(dicom_scores, dicom_slide, tmp_path / "a.dcm")
    data = hd.seg.segread(path)
    assert (data.TotalPixelMatrixColumns, data.TotalPixelMatrixRows) == (512, 384)
    mask = data.get_total_pixel_matrix(segment_numbers=[1])[..., 0] > 0
    heatmap = draw_heatmap(dicom_scores, NAME)
    y, x = np.mgrid[0:384, 0:512] * 4.0 + 2.0
    column = np.floor((x - heatmap.origin_px0[0]) / heatmap.pixel_px0[0]).astype(int)
    row = np.floor((y - heatmap.origin_px0[1]) / heatmap.pixel_px0[1]).astype(int)
    inside = (column >= 0) & (column < 3) & (row >= 0) & (row < 2)
    expected = inside & (heatmap.raster[np.clip(row, 0, 1), np.clip(column, 0, 2)] >= 0)
    np.testing.assert_array_equal(mask, expected)
    (segment,) = data.SegmentSequence
    assert segment.SegmentLabel == "viable tumour, single tile >= 0"
    assert segment.SegmentAlgorithmType == "AUTOMATIC"


def test_annotated_classes_become_segments(dicom_slide, dicom_scores, tmp_path):
    regions = [
        Annotation(geometry=shapely.box(401, 201, 1201, 801).difference(shapely.box(601, 401, 801, 601)),
                   class_name="Tumor"),
        Annotation(geometry=shapely.box(651, 451, 701, 501), class_name="Tumor"),
        Annotation(geometry=shapely.box(0, 1001, 401, 1600), class_name="Stroma"),
        Annotation(geometry=shapely.box(0, 0, 2048, 1536), class_name="Region*"),
    ]  # fmt: skip
    path = write_seg(dicom_scores, dicom_slide, tmp_path / "a.dcm", regions, segment="annotations")
    data = hd.seg.segread(path)
    assert [segment.SegmentLabel for segment in data.SegmentSequence] == ["Tumor", "Stroma"]
    assert {segment.SegmentAlgorithmType for segment in data.SegmentSequence} == {"MANUAL"}
    tumour, stroma = (data.get_total_pixel_matrix(segment_numbers=[k])[..., 0] > 0 for k in (1, 2))
    y, x = np.mgrid[0:384, 0:512] * 4.0 + 2.0
    for mask, geometry in (
        (tumour, regions[0].geometry.union(regions[1].geometry)),
        (stroma, regions[2].geometry),
    ):
        np.testing.assert_array_equal(mask, shapely.contains_xy(geometry, x, y))
    with pytest.raises(ResultError, match="regions"):
        write_seg(dicom_scores, dicom_slide, tmp_path / "b.dcm", segment="annotations")


def test_a_slide_without_a_fitting_level_gets_a_grid_of_its_own(
    dicom_slide, dicom_scores, tmp_path, monkeypatch
):
    monkeypatch.setattr("napari_histcode.export.dicom.segmentation._MOST_PIXELS", 10)
    data = hd.seg.segread(write_seg(dicom_scores, dicom_slide, tmp_path / "a.dcm"))
    mask = data.get_total_pixel_matrix(segment_numbers=[1])[..., 0] > 0
    rows, columns = np.nonzero(mask)
    found = positions(data, np.column_stack([columns, rows])).mean(axis=0)
    high = dicom_scores.map(NAME).values >= 0
    expected, _ = source_positions(dicom_slide, dicom_scores.grid.centre_px0[high])
    np.testing.assert_allclose(found, expected.mean(axis=0), atol=0.02)  # a pixel has 0.021 mm
    stride_mm = dicom_scores.grid.stride_px0[0] * 0.0005
    area = mask.sum() * (stride_mm / 8) ** 2
    assert area == pytest.approx(high.sum() * stride_mm**2, rel=0.05)


@pytest.mark.parametrize("write", [write_map, write_seg])
def test_no_identifier_leaves_by_default(dicom_slide, dicom_scores, tmp_path, write):
    path = write(dicom_scores, dicom_slide, tmp_path / "a.dcm")
    content = path.read_bytes()
    for secret in SECRETS:
        if len(secret) > 1:
            assert secret.encode() not in content, secret
    data = pydicom.dcmread(path)
    alias = dicom_slide.record.alias
    assert (data.PatientID, data.PatientSex, data.PatientBirthDate) == (alias, "", "")
    assert data.PatientIdentityRemoved == "YES"
    assert data.ContainerIdentifier == data.SpecimenDescriptionSequence[0].SpecimenIdentifier == alias
    _, source = source_positions(dicom_slide, [(0, 0)])
    assert data.StudyInstanceUID != source.StudyInstanceUID
    assert data.SeriesInstanceUID != source.SeriesInstanceUID
    assert source.SpecimenDescriptionSequence[0].SpecimenUID.encode() not in content
    assert source.StudyInstanceUID.encode() not in content


def test_both_objects_of_a_slide_are_in_one_pseudonymous_study(dicom_slide, dicom_scores, tmp_path):
    paths = [
        write(dicom_scores, dicom_slide, tmp_path / f"{write.__name__}.dcm")
        for write in (write_map, write_seg)
    ]
    first, second = (pydicom.dcmread(path) for path in paths)
    assert first.StudyInstanceUID == second.StudyInstanceUID
    assert first.SOPInstanceUID != second.SOPInstanceUID


@pytest.mark.parametrize("is_map", [True, False])
def test_the_patient_is_kept_where_asked_for(dicom_slide, dicom_scores, tmp_path, is_map):
    write = write_map if is_map else write_seg
    data = pydicom.dcmread(write(dicom_scores, dicom_slide, tmp_path / "a.dcm", keep_patient=True))
    _, source = source_positions(dicom_slide, [(0, 0)])
    for keyword in ("PatientName", "PatientID", "PatientBirthDate", "AccessionNumber", "StudyID"):
        assert str(data[keyword].value) == PATIENT[keyword]
    assert data.StudyInstanceUID == source.StudyInstanceUID
    assert data.ContainerIdentifier == CONTAINER
    assert data.SpecimenDescriptionSequence[0].SpecimenIdentifier == SPECIMEN


@pytest.mark.parametrize("write", [write_map, write_seg])
def test_the_audit_record_is_a_comment(dicom_slide, dicom_scores, tmp_path, write):
    comment = pydicom.dcmread(write(dicom_scores, dicom_slide, tmp_path / "a.dcm")).ImageComments
    line, record = comment.splitlines()
    assert line.startswith(RESEARCH_USE)
    assert json.loads(record)["slide"]["digest"] == dicom_slide.record.digest


def test_other_slides_are_refused(slide, slide_scores, tmp_path):
    with pytest.raises(SourceSlideError, match="no DICOM slide") as caught:
        write_map(slide_scores, slide, tmp_path / "a.dcm")
    assert "JaneDoe" not in str(caught.value)
    assert "OME-TIFF" in caught.value.advice
    assert not list(tmp_path.iterdir())


def test_a_slide_that_lies_nowhere_is_refused(tmp_path):
    folder = write_dicom_slide(tmp_path / "slide", painted(600, 500), downsamples=(1,))
    (path,) = folder.iterdir()
    data = pydicom.dcmread(path)
    del data.FrameOfReferenceUID
    data.save_as(path)
    with open_slide(folder) as opened, pytest.raises(SourceSlideError, match="FrameOfReferenceUID"):
        find_source(opened, keep_patient=False)


def test_missing_packages_are_named(dicom_slide, dicom_scores, tmp_path, monkeypatch):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "highdicom":
            raise ModuleNotFoundError("No module named 'highdicom'", name="highdicom")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtraError, match="highdicom") as caught:
        write_map(dicom_scores, dicom_slide, tmp_path / "a.dcm")
    assert 'pip install "napari-histcode[dicom]"' in caught.value.advice


def test_the_bundled_dicom_fixture(shared_data, tmp_path):
    with open_slide(shared_data / "slides" / "boxes_dicom") as slide:
        grid = dataclasses.replace(make_grid(1, 1, mpp=0.499), slide=slide.record)
        scores = make_scores(grid=grid, maps=(make_map(NAME, [1.5], is_signed=True),))
        data = pydicom.dcmread(write_map(scores, slide, tmp_path / "a.dcm"))
        assert data.pixel_array.ravel().tolist() == [1.5]
        data = hd.seg.segread(write_seg(scores, slide, tmp_path / "b.dcm"))
        assert data.get_total_pixel_matrix(segment_numbers=[1]).all()


def test_thresholds_of_segments():
    scores = make_scores(4, 1, maps=(make_map("a.attention", [0.1, 0.12, 0.8, 0.9]),))
    heatmap = draw_heatmap(scores, "a.attention")
    view = View(box_px0=(0.0, 0.0, 1792.0, 448.0), size_px=(4, 1))
    assert threshold_segment(heatmap, view, None).mask.tolist() == [[False, False, True, True]]
    assert threshold_segment(heatmap, view, 0.85).mask.tolist() == [[False, False, False, True]]
    even = draw_heatmap(make_scores(2, 1, maps=(make_map("a.attention", [0.5, 0.5]),)), "a.attention")
    with pytest.raises(ResultError, match="--threshold"):
        threshold_segment(even, view, None)


def test_an_island_in_a_hole_is_filled():
    ring = shapely.box(0, 0, 90, 90).difference(shapely.box(20, 20, 70, 70))
    regions = [Annotation(geometry=g, class_name="a") for g in (shapely.box(40, 40, 50, 50), ring)]
    (segment,) = class_segments(regions, View(box_px0=(0.0, 0.0, 100.0, 100.0), size_px=(10, 10)))
    assert segment.mask.sum() == 81 - 25 + 1
    assert segment.mask[4, 4]
    assert not segment.mask[3, 3]
