import getpass
import json
import socket
import uuid

import pytest
from PIL import Image

from napari_histcode.export.formats import FORMATS, export_result
from napari_histcode.export.index import export_index
from napari_histcode.export.notice import RESEARCH_USE


def contents(path):
    """Everything a reader could find in a file, compressed texts of pictures included."""
    yield path.read_bytes()
    if path.suffix == ".png":
        with Image.open(path) as image:
            image.load()
            for key, value in image.info.items():
                yield f"{key}={value}".encode()


@pytest.fixture(scope="module")
def everything(result_folder, tmp_path_factory):
    """All files that this package writes, below folders that are called like a patient."""
    folder = tmp_path_factory.mktemp("JaneDoe_1950-01-01_out")
    for fmt in FORMATS:
        export_result(result_folder, fmt, folder / fmt)
    return [path for root in (folder, result_folder) for path in root.rglob("*") if path.is_file()]


def test_no_file_names_the_patient_the_folder_or_the_machine(everything, result_folder):
    secrets = ["JaneDoe", "1950-01-01", str(result_folder.parent), f"{uuid.getnode():012x}"]
    secrets += [name for name in (socket.gethostname(), getpass.getuser()) if len(name) > 4]
    assert len(everything) > 20
    for path in everything:
        for data in contents(path):
            for secret in secrets:
                assert secret.encode() not in data, (path.name, secret)


def test_every_file_says_research_use_and_names_slide_and_model(everything, scores):
    digest = scores.grid.slide.digest.encode()
    for path in everything:
        if path.suffix == ".csv":
            path = path.with_name(f"{path.name}.provenance.json")
        data = b"\n".join(contents(path))
        for word in (RESEARCH_USE.encode(), digest, scores.model_digest.encode()):
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
