"""A session with something in each of its places."""

from __future__ import annotations

from napari_histcode.annotations import AnnotationClass, ClassList
from napari_histcode.saved.reading import Opinion, Reading
from napari_histcode.saved.seen import SeenArea
from napari_histcode.saved.session import (
    SavedCamera,
    SavedCompare,
    SavedImport,
    SavedLook,
    SavedMaps,
    SavedModel,
    SavedPen,
    SavedRegions,
    SavedResult,
    SavedSession,
    SavedSlide,
)
from napari_histcode.slide.record import Mpp

DIGEST = "1f3a" * 16


def full_session() -> SavedSession:
    """No value in it is a default."""
    slide = SavedSlide(
        path="../slides/sample_03.svs",
        digest=DIGEST,
        mpp=Mpp(x=0.5, y=0.51, source="user"),
        camera=SavedCamera(centre_px0=(1000.5, 2000.25), px0_per_screen_px=4.75),
        result=SavedResult(
            folder="one.histcode/slide-1f3a1f3a-result-00ff00ff", model_name="bundled", model_version="2",
            model_digest="ab" * 32, features="1f3a/resnet18-abababab.h5",
        ),
        maps=SavedMaps(
            visible=("tissue.attention", "tissue.tumour.contribution"), selected="tissue.attention",
            kind="contribution", made="one.histcode/slide-1f3a1f3a-maps-89abcdef.npz",
            windows={"tissue.attention/percentile": (5.0, 95.5)},
        ),
        regions=SavedRegions(
            file="one.histcode/slide-1f3a1f3a-regions-01234567.geojson",
            imported=SavedImport(title="3 regions from ASAP XML", frame="from the corner", origin="bounds",
                                 n_lost=2),
        ),
        seen=SeenArea(width=4, height=2, runs=(1, 3, 4)),
        compare=SavedCompare(
            map="tissue.attention", positive=("Tumor",), class_of_output=(("viable_tumour", "Tumor"),),
            is_exhaustive=True, is_every_map=True, threshold=0.25, rule="top", share=0.1,
            readers=("one.histcode/r.geojson",),
        ),
        reading=Reading(
            opened="2026-11-22T10:00:00Z", first_opinion="2026-11-22T10:01:00Z",
            revealed="2026-11-22T10:02:00Z",
            opinion=Opinion(class_name="necrosis", confidence="high", words="pale", is_region=True),
        ),
    )  # fmt: skip
    return SavedSession(
        saved="2026-11-22T10:31:07Z",
        slides=(slide, SavedSlide(path="D:/other.svs", digest="2b" * 32)),
        current=1,
        page="Compare",
        model=SavedModel(folder="../models/mine"),
        where="regions",
        look=SavedLook(
            opacity=0.25, normalisation="z", sequential="magma", diverging="PuOr_r", hides_outside=True,
            is_smooth=True,
        ),
        n_quarters=3,
        shows_seen=True,
        pen=SavedPen(
            classes=ClassList(classes=(AnnotationClass(name="Ödem", colour=(1, 2, 3)),)), class_name="Ödem",
            radius_um=12.5, fill=0.5, is_visible=False,
        ),
        is_blind_first=True,
    )  # fmt: skip
