import dataclasses
import getpass
import json
import socket
import uuid

import h5py
import pytest
from PIL import Image

from napari_histcode.export.formats import FORMATS, export_result
from napari_histcode.export.index import export_index
from napari_histcode.export.notice import RESEARCH_USE
from napari_histcode.export.options import ExportOptions
from napari_histcode.slide import open_slide
from tests.builders import make_grid, make_scores
from tests.export.dicom.dicom_slides import SECRETS, write_dicom_slide
from tests.slide.tiffs import painted


def contents(path):
    """Everything a reader could find in a file, compressed texts of pictures included."""
    yield path.read_bytes()
    if path.suffix == ".h5ad":
        with h5py.File(path) as file:
            yield file["uns/histcode/provenance"][()]
            yield file["uns/histcode/notice"][()]
    if path.suffix == ".png":
        with Image.open(path) as image:
            image.load()
            for key, value in image.info.items():
                yield f"{key}={value}".encode()


@pytest.fixture(scope="module")
def everything(slide_result, slide, regions, dicom_files, tmp_path_factory):
    """All files that this package writes; slides, folders and regions are called like a patient."""
    folder = tmp_path_factory.mktemp("JaneDoe_1950-01-01_out")
    options = ExportOptions(dpi=72, width_mm=60, panels=("slide", "map", "reference"))
    for fmt in FORMATS:
        if not fmt.startswith("dicom"):
            export_result(
                slide_result,
                fmt,
                folder / fmt,
                maps=["tissue.attention"],
                slide=slide,
                annotations=regions,
                options=options,
            )
    written = [path for root in (folder, slide_result) for path in root.rglob("*") if path.is_file()]
    return [*written, *dicom_files]


@pytest.fixture(scope="module")
def dicom_files(tmp_path_factory):
    """A map and a segmentation of a DICOM slide, or nothing without the packages."""
    try:
        import highdicom  # noqa: F401
    except ImportError:
        return []
    source = write_dicom_slide(tmp_path_factory.mktemp("JaneDoe"), painted(1024, 768))
    folder = tmp_path_factory.mktemp("JaneDoe_out")
    with open_slide(source) as slide:
        grid = dataclasses.replace(make_grid(2, 1, mpp=0.5), slide=slide.record)
        scores = make_scores(grid=grid)
        for fmt in ("dicom-pm", "dicom-seg"):
            export_result(scores, fmt, folder / fmt, maps=["tissue.necrosis.contribution"], slide=slide)
    return [path for path in folder.rglob("*") if path.is_file()]


def test_no_file_names_the_patient_the_folder_or_the_machine(everything, slide_result):
    secrets = ["JaneDoe", "Jane Doe", "1950-01-01", str(slide_result.parent), f"{uuid.getnode():012x}"]
    secrets += [secret for secret in SECRETS if len(secret) > 3]
    secrets += [name for name in (socket.gethostname(), getpass.getuser()) if len(name) > 4]
    assert len(everything) > 20
    assert {path.suffix for path in everything} >= {".svg", ".pdf", ".png", ".tif", ".h5ad", ".html", ".json"}
    for path in everything:
        for secret in secrets:
            assert secret not in path.name
        for data in contents(path):
            for secret in secrets:
                assert secret.encode() not in data, (path.name, secret)


def test_every_file_says_research_use_and_names_slide_and_model(everything, slide_scores):
    digests = slide_scores.grid.slide.digest.encode(), b'"digest": "'
    for path in everything:
        if path.suffix == ".csv":
            path = path.with_name(f"{path.name}.provenance.json")
        if any(parent.suffix == ".zarr" for parent in path.parents):
            path = next(parent for parent in path.parents if parent.suffix == ".zarr") / ".zattrs"
        data = b"\n".join(contents(path))
        # DICOM objects are of another slide
        digest = digests[1] if path.suffix == ".dcm" else digests[0]
        for word in (RESEARCH_USE.encode(), digest, slide_scores.model_digest.encode()):
            assert word in data, (path.name, word)


def test_records_are_read_by_strict_json(result_folder):
    for name in ("analysis.json", "tiles.geojson"):
        text = (result_folder / name).read_text(encoding="utf-8")
        json.loads(text, parse_constant=pytest.fail)


def test_cover_page_shows_aliases_only(result_folder):
    path = export_index([result_folder], result_folder.parent / "index.html")
    text = path.read_text(encoding="utf-8")
    link = f"{result_folder.name}/report.html"
    assert text.count("JaneDoe") == text.count(link) == 1
    path.unlink()
