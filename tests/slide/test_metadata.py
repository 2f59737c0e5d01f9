from __future__ import annotations

import subprocess
import sys

import pytest

from napari_histcode.slide.backend import StatedMpp
from napari_histcode.slide.ome_xml import stated_mpp
from napari_histcode.slide.resolution import judge

OME = """<?xml version="1.0" encoding="UTF-8"?>
<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06">
  <Image ID="Image:0" Name="label"><Pixels SizeX="50" SizeY="60" PhysicalSizeX="9" PhysicalSizeY="9"/></Image>
  <Image ID="Image:1"><Pixels SizeX="1000" SizeY="900" {size}/></Image>
</OME>"""


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ('PhysicalSizeX="0.25" PhysicalSizeY="0.26"', (0.25, 0.26)),
        (
            'PhysicalSizeX="0.25" PhysicalSizeXUnit="µm" PhysicalSizeY="0.25" PhysicalSizeYUnit="µm"',
            (0.25, 0.25),
        ),
        (
            'PhysicalSizeX="250" PhysicalSizeXUnit="nm" PhysicalSizeY="250" PhysicalSizeYUnit="nm"',
            (0.25, 0.25),
        ),
        (
            'PhysicalSizeX="0.0005" PhysicalSizeXUnit="mm" PhysicalSizeY="0.0005" PhysicalSizeYUnit="mm"',
            (0.5, 0.5),
        ),
        ('PhysicalSizeX="1" PhysicalSizeXUnit="pixel" PhysicalSizeY="1" PhysicalSizeYUnit="pixel"', None),
        ('PhysicalSizeX="0.25"', None),
        ('PhysicalSizeX="wide" PhysicalSizeY="high"', None),
        ("", None),
    ],
)
def test_ome_physical_size(size: str, expected: tuple[float, float] | None) -> None:
    stated = stated_mpp(OME.format(size=size), (1000, 900))
    if expected is None:
        assert stated is None
    else:
        assert stated is not None
        assert (stated.x, stated.y) == pytest.approx(expected)
        assert stated.source == "OME-XML"


def test_ome_of_another_image_does_not_count() -> None:
    assert stated_mpp(OME.format(size=""), (50, 61)) is None


@pytest.mark.parametrize(
    "xml",
    [
        "",
        "no xml",
        "<OME><Image>",
        '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><OME>&b;</OME>',
        '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><OME>&a;</OME>',
    ],
)
def test_broken_and_hostile_xml_states_nothing(xml: str) -> None:
    assert stated_mpp(xml, (1000, 900)) is None


@pytest.mark.parametrize(
    ("mpp", "source", "is_believed"),
    [
        (0.25, "file", True),
        (10.0, "file", True),
        (352.8, "file", False),
        (0.25, "TIFF resolution", True),
        (0.05, "TIFF resolution", True),
        (8.0, "TIFF resolution", True),
        (10.0, "TIFF resolution", False),
        (0.03, "TIFF resolution", False),
        (0.001, "OME-XML", False),
    ],
)
def test_what_is_believed(mpp: float, source: str, is_believed: bool) -> None:
    judged, complaint = judge(StatedMpp(x=mpp, y=mpp, source=source))
    assert (judged is not None) == is_believed
    assert (complaint == "") == is_believed
    if not is_believed:
        assert f"{mpp:g}" in complaint
        assert source in complaint


def test_oblong_pixels_are_not_believed() -> None:
    assert judge(StatedMpp(x=0.25, y=1.0, source="file"))[0] is None


def test_nothing_stated_is_nothing_to_complain_about() -> None:
    assert judge(None) == (None, "")


def test_importing_the_stage_is_cheap() -> None:
    code = "import sys, napari_histcode.slide, napari_histcode.slide.overview; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"tiffslide", "openslide", "dask", "tifffile", "zarr", "PIL", "torch"} & set(loaded)
