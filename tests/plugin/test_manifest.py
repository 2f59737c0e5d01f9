"""What napari learns of the plugin, and the reader that it finds there."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path

import pytest

npe2 = pytest.importorskip("npe2")

from napari_histcode.errors import (  # noqa: E402
    AnnotationFileError,
    NotASlideError,
    SessionFileError,
    SlideNotFoundError,
)
from napari_histcode.plugin.annotate.inbox import SUFFIXES  # noqa: E402
from napari_histcode.plugin.formats import IMAGE_SUFFIXES, SCANNER_SUFFIXES, may_be_slide  # noqa: E402
from napari_histcode.plugin.layers import slide_key_of  # noqa: E402
from napari_histcode.plugin.open_slides import find  # noqa: E402
from napari_histcode.plugin.reader import get_reader, get_regions_reader, get_session_reader  # noqa: E402
from napari_histcode.plugin.saving import inbox  # noqa: E402
from napari_histcode.saved.places import SUFFIX  # noqa: E402

MANIFEST = Path(__file__).parents[2] / "napari_histcode" / "napari.yaml"


@pytest.fixture(scope="module")
def manifest() -> npe2.PluginManifest:
    found = npe2.PluginManifest.from_file(MANIFEST)
    found.validate_imports()
    return found


def test_manifest_is_found_at_the_top_level_too() -> None:
    assert (MANIFEST.parents[1] / "napari.yaml").read_text() == MANIFEST.read_text()


def test_manifest_names_every_format(manifest: npe2.PluginManifest) -> None:
    reader, of_sessions, of_regions = manifest.contributions.readers
    assert of_sessions.filename_patterns == [f"*{SUFFIX}"]
    for suffix in SUFFIXES:
        assert any(fnmatch(f"a{suffix}", pattern) for pattern in of_regions.filename_patterns)
    assert {f"*.{suffix}" for suffix in SCANNER_SUFFIXES + IMAGE_SUFFIXES} == set(reader.filename_patterns)
    assert reader.accepts_directories
    assert any(fnmatch("slide.ome.tif", pattern) for pattern in reader.filename_patterns)


def test_manifest_has_samples_and_the_dock(manifest: npe2.PluginManifest) -> None:
    assert [sample.key for sample in manifest.contributions.sample_data] == [
        "osteosarcoma_mosaic",
        "slide_without_resolution",
    ]
    assert [widget.display_name for widget in manifest.contributions.widgets] == ["HistCode"]


def test_reader_opens_slides(slide_path: Path) -> None:
    reader = get_reader(str(slide_path))
    assert reader is not None
    ((data, keywords, kind),) = reader(str(slide_path))
    assert kind == "image"
    assert keywords["scale"] == (0.5, 0.5)
    assert [level.shape for level in data] == [(1024, 1280, 3), (512, 640, 3), (256, 320, 3)]
    assert find(slide_key_of(keywords["metadata"]) or "").path == slide_path


def test_reader_takes_several(slide_path: Path, slide_without_mpp: Path) -> None:
    paths = [str(slide_path), str(slide_without_mpp)]
    reader = get_reader(paths)
    assert reader is not None
    assert [keywords["units"][0] for _, keywords, _ in reader(paths)] == ["micrometer", "pixel"]


def test_slide_is_closed_with_its_layer(slide_path: Path) -> None:
    import gc

    layers = get_reader(str(slide_path))(str(slide_path))
    key = slide_key_of(layers[0][1]["metadata"]) or ""
    assert find(key) is not None
    del layers
    gc.collect()
    assert find(key) is None


def test_regions_need_a_slide_or_the_dock(tmp_path: Path) -> None:
    assert get_regions_reader(str(tmp_path / "a.svs")) is None
    reader = get_regions_reader([str(tmp_path / "a.geojson"), str(tmp_path / "b.ndpa")])
    assert reader is not None
    with pytest.raises(AnnotationFileError, match="none is open"):
        reader(str(tmp_path / "a.geojson"))


def test_a_session_goes_to_the_dock_and_is_no_file_of_regions(tmp_path: Path) -> None:
    path = tmp_path / "one.histcode.json"
    assert get_regions_reader(str(path)) is None
    assert get_session_reader(str(tmp_path / "one.json")) is None
    taken: list[Path] = []
    end = inbox.receive(taken.append)
    try:
        assert get_session_reader(str(path))(str(path)) == [(None,)]
    finally:
        end()
    assert taken == [path]
    with pytest.raises(SessionFileError, match="in the window"):
        get_session_reader(str(path))(str(path))


def test_reader_leaves_other_things_alone(tmp_path: Path) -> None:
    assert get_reader(str(tmp_path)) is None, "a folder without DICOM files"
    assert get_reader("notes.txt") is None
    (tmp_path / "a.dcm").touch()
    assert may_be_slide(tmp_path)


@pytest.mark.parametrize("content", [None, b"", b"nothing like a slide"])
def test_reader_says_what_is_wrong(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "bad.svs"
    if content is not None:
        path.write_bytes(content)
    reader = get_reader(str(path))
    assert reader is not None
    with pytest.raises(SlideNotFoundError if content is None else NotASlideError):
        reader(str(path))


@pytest.mark.shared
def test_bad_slides_are_refused(shared_data: Path) -> None:
    for path in sorted((shared_data / "slides" / "bad").iterdir()):
        reader = get_reader(str(path))
        if reader is not None:
            with pytest.raises(NotASlideError):
                reader(str(path))


def test_samples_open() -> None:
    from napari_histcode import resources
    from napari_histcode.plugin.sample_data import osteosarcoma_mosaic, slide_without_resolution

    if not resources.SAMPLE_SLIDE.exists():
        pytest.skip("the samples are not in this checkout")
    slide, regions = osteosarcoma_mosaic()
    assert [slide[2], regions[2]] == ["image", "image"]
    assert regions[0][0].shape == (*slide[0][0].shape[:2], 4)
    ((_, keywords, _),) = slide_without_resolution()
    assert keywords["units"] == ("pixel", "pixel")
