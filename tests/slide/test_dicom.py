from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import openslide
import pydicom
import pytest
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, generate_uid

from napari_histcode.errors import NotASlideError
from napari_histcode.slide import open_slide
from napari_histcode.slide.dicom_series import series_in, series_of, series_uid


def write_dicom(path: Path, uid: str, *, syntax: str, has_undefined_lengths: bool) -> None:
    """Write a file whose nested sequences name other series, before its own."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = syntax
    meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.77.1.6"
    meta.MediaStorageSOPInstanceUID = generate_uid()
    data = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    nested = Dataset()
    nested.SeriesInstanceUID = "9.9.9.9"
    nested.is_undefined_length_sequence_item = has_undefined_lengths
    data.ReferencedSeriesSequence = Sequence([nested, nested])
    data["ReferencedSeriesSequence"].is_undefined_length = has_undefined_lengths
    data.PatientName = "Doe^Jane"
    data.SeriesInstanceUID = uid
    data.SeriesNumber = 3
    data.save_as(path, enforce_file_format=True)


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
@pytest.mark.parametrize("has_undefined_lengths", [False, True])
def test_series_uid_is_the_files_own(tmp_path: Path, syntax: str, has_undefined_lengths: bool) -> None:
    write_dicom(tmp_path / "a.dcm", "1.2.34", syntax=syntax, has_undefined_lengths=has_undefined_lengths)
    assert series_uid(tmp_path / "a.dcm") == "1.2.34"
    assert series_uid(tmp_path / "a.dcm") == pydicom.dcmread(tmp_path / "a.dcm").SeriesInstanceUID


def test_files_are_grouped_by_series(tmp_path: Path) -> None:
    for name, uid in (("a.dcm", "1.2.3"), ("b.dcm", "1.2.34"), ("c", "1.2.3")):
        write_dicom(tmp_path / name, uid, syntax=ExplicitVRLittleEndian, has_undefined_lengths=False)
    (tmp_path / "readme.txt").write_text("no DICOM")
    (tmp_path / "short.dcm").write_bytes(b"\0" * 128 + b"DICM\x08")
    assert series_in(tmp_path) == [[tmp_path / "a.dcm", tmp_path / "c"], [tmp_path / "b.dcm"]]
    assert series_of(tmp_path / "b.dcm") == [tmp_path / "b.dcm"]
    assert series_of(tmp_path / "readme.txt") == [tmp_path / "readme.txt"]


def test_a_folder_and_its_files_are_the_same_slide(shared_data: Path) -> None:
    folder = shared_data / "slides" / "boxes_dicom"
    with openslide.OpenSlide(folder / "boxes_0.dcm") as theirs:
        expected = np.asarray(theirs.read_region((0, 0), 0, theirs.dimensions))[..., :3]
    for path in (folder, folder / "boxes_0.dcm", folder / "boxes_1.dcm"):
        with open_slide(path) as slide:
            assert slide.record.vendor == "dicom"
            assert slide.require_mpp().x == pytest.approx(0.499)
            read = slide.read_level(0, (0, 0), slide.dimensions)
            assert np.abs(read.astype(int) - expected).max() <= 3  # its colour profile is nearly sRGB
            assert slide.associated_image_names == ("thumbnail",)
            assert slide.read_associated_image("thumbnail").shape == (16, 16, 3)


def test_a_folder_of_two_slides_asks_which(shared_data: Path, tmp_path: Path) -> None:
    for file in (shared_data / "slides" / "boxes_dicom").iterdir():
        shutil.copyfile(file, tmp_path / file.name)
        data = pydicom.dcmread(file)
        data.SeriesInstanceUID = "1.2.3.4"
        data.save_as(tmp_path / f"other-{file.name}")
    with pytest.raises(NotASlideError, match=r"2 DICOM slides.*one \.dcm file"):
        open_slide(tmp_path)
    with open_slide(tmp_path / "boxes_0.dcm") as slide:
        assert slide.level_count == 1
