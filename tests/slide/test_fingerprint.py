from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from napari_histcode.slide.fingerprint import alias_of, digest_of

MIB = 2**20


@pytest.fixture
def content() -> bytes:
    return np.random.default_rng(3).bytes(5 * MIB)


def test_the_name_does_not_matter(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "Doe.svs").write_bytes(content)
    (tmp_path / "b.tif").write_bytes(content)
    digest = digest_of(tmp_path / "Doe.svs")
    assert digest == digest_of(tmp_path / "b.tif")
    assert len(digest) == 64
    assert alias_of(digest) == f"slide-{digest[:8]}"


@pytest.mark.parametrize("place", [0, MIB - 1, 5 * MIB * 30 // 65 + 5, 4 * MIB + 1, 5 * MIB - 1])
def test_a_changed_sample_shows(tmp_path: Path, content: bytes, place: int) -> None:
    (tmp_path / "a").write_bytes(content)
    changed = bytearray(content)
    changed[place] ^= 1
    (tmp_path / "b").write_bytes(changed)
    assert digest_of(tmp_path / "a") != digest_of(tmp_path / "b")


@pytest.mark.parametrize("size", [0, 1, MIB, MIB + 1, 2 * MIB])
def test_every_byte_counts_in_small_files(tmp_path: Path, content: bytes, size: int) -> None:
    (tmp_path / "a").write_bytes(content[:size])
    reference = digest_of(tmp_path / "a")
    (tmp_path / "b").write_bytes(content[: size + 1])
    assert digest_of(tmp_path / "b") != reference
    if size:
        changed = bytearray(content[:size])
        changed[size // 2] ^= 1
        (tmp_path / "b").write_bytes(changed)
        assert digest_of(tmp_path / "b") != reference


def test_a_mirax_slide_counts_its_folder(tmp_path: Path) -> None:
    for name, data in (("a", b"1"), ("b", b"2")):
        (tmp_path / f"{name}.mrxs").touch()  # the named file may be empty
        (tmp_path / name).mkdir()
        (tmp_path / name / "Data0000.dat").write_bytes(data)
    assert digest_of(tmp_path / "a.mrxs") != digest_of(tmp_path / "b.mrxs")


def test_a_vms_slide_counts_its_images(tmp_path: Path) -> None:
    (tmp_path / "a.vms").write_bytes(b"ini")
    alone = digest_of(tmp_path / "a.vms")
    (tmp_path / "a-0.jpg").write_bytes(b"pixels")
    assert digest_of(tmp_path / "a.vms") != alone


def test_a_dicom_series_is_one_slide_whichever_file_is_named(shared_data: Path, tmp_path: Path) -> None:
    source = shared_data / "slides" / "boxes_dicom"
    digest = digest_of(source)
    assert digest_of(source / "boxes_0.dcm") == digest
    assert digest_of(source / "boxes_1.dcm") == digest
    shutil.copy(source / "boxes_0.dcm", tmp_path / "z.dcm")
    shutil.copy(source / "boxes_1.dcm", tmp_path / "a.dcm")
    (tmp_path / "notes.txt").write_text("not part of it")
    assert digest_of(tmp_path) == digest
