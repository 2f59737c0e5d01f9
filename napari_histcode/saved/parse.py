"""From the JSON of a session file to its values."""

from __future__ import annotations

from typing import Any, get_args

from napari_histcode.annotations import AnnotationClass, ClassList
from napari_histcode.annotations.frame import OriginChoice
from napari_histcode.heatmap.heatmap import Normalisation
from napari_histcode.saved.keys import Keys
from napari_histcode.saved.reading import Confidence, Opinion, Reading
from napari_histcode.saved.seen import SeenArea
from napari_histcode.saved.session import (
    Rule,
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
    Where,
)
from napari_histcode.scores.scores import MapKind
from napari_histcode.slide.record import Mpp


def session_of(keys: Keys) -> SavedSession:
    """Make a session of its file's object.

    Raises
    ------
    SessionFileError
        If something in it does not fit.
    """
    return SavedSession(
        saved=keys.text("saved"),
        slides=keys.all_made("slides", _slide),
        current=keys.of("current", int) if "current" in keys else None,
        page=keys.text("page", ""),
        model=keys.made("model", _model) or SavedModel(),
        where=keys.choice("where", get_args(Where), "slide"),
        look=keys.made("look", _look) or SavedLook(),
        n_quarters=keys.of("n_quarters", int, 0),
        shows_seen=keys.of("shows_seen", bool, False),  # noqa: FBT003 - a default
        pen=keys.made("pen", _pen) or SavedPen(),
        is_blind_first=keys.of("is_blind_first", bool, False),  # noqa: FBT003
    )


def _slide(keys: Keys) -> SavedSlide:
    return SavedSlide(
        path=keys.text("path"),
        digest=keys.text("digest"),
        mpp=keys.made("mpp", lambda k: Mpp(x=k.number("x"), y=k.number("y"), source=k.text("source"))),
        camera=keys.made("camera", _camera),
        result=keys.made("result", _result),
        maps=keys.made("maps", _maps),
        regions=keys.made("regions", _regions),
        seen=keys.made("seen", _seen),
        compare=keys.made("compare", _compare),
        reading=keys.made("reading", _reading),
    )


def _camera(keys: Keys) -> SavedCamera:
    x, y = keys.numbers("centre_px0", 2)
    return SavedCamera(centre_px0=(x, y), px0_per_screen_px=keys.number("px0_per_screen_px"))


def _result(keys: Keys) -> SavedResult:
    return SavedResult(
        folder=keys.text_or_none("folder"),
        model_name=keys.text("model_name"),
        model_version=keys.text("model_version"),
        model_digest=keys.text("model_digest"),
        features=keys.text_or_none("features"),
    )


def _maps(keys: Keys) -> SavedMaps:
    windows = keys.inside("windows")
    return SavedMaps(
        visible=keys.texts("visible"),
        selected=keys.text_or_none("selected"),
        kind=keys.choice("kind", get_args(MapKind), "single_tile"),
        made=keys.text_or_none("made"),
        windows={name: _range(windows, name) for name in keys.of("windows", dict, {})},
    )


def _range(windows: Keys, name: str) -> tuple[float, float]:
    low, high = windows.numbers(name, 2)
    return low, high


def _regions(keys: Keys) -> SavedRegions:
    return SavedRegions(file=keys.text("file"), imported=keys.made("imported", _imported))


def _imported(keys: Keys) -> SavedImport:
    return SavedImport(
        title=keys.text("title"),
        frame=keys.text("frame"),
        origin=keys.choice("origin", get_args(OriginChoice), "auto"),
        n_lost=keys.of("n_lost", int, 0),
    )


def _seen(keys: Keys) -> SeenArea:
    runs = keys.sequence("runs")
    if not all(isinstance(run, int) for run in runs):
        raise keys.fault("runs", "is not a list of whole numbers")
    return SeenArea(width=keys.of("width", int), height=keys.of("height", int), runs=tuple(runs))


def _compare(keys: Keys) -> SavedCompare:
    return SavedCompare(
        map=keys.text_or_none("map"),
        positive=keys.texts("positive") if "positive" in keys else None,
        class_of_output=keys.pairs_of_texts("class_of_output") if "class_of_output" in keys else None,
        is_exhaustive=keys.of("is_exhaustive", bool, False),  # noqa: FBT003
        is_every_map=keys.of("is_every_map", bool, False),  # noqa: FBT003
        threshold=keys.number("threshold") if "threshold" in keys else None,
        rule=_choice_or_none(keys, "rule", get_args(Rule)),
        share=keys.number("share") if "share" in keys else None,
        readers=keys.texts("readers"),
    )


def _reading(keys: Keys) -> Reading:
    return Reading(
        opened=keys.text("opened"),
        opinion=keys.made("opinion", _opinion),
        first_opinion=keys.text_or_none("first_opinion"),
        revealed=keys.text_or_none("revealed"),
    )


def _opinion(keys: Keys) -> Opinion:
    return Opinion(
        class_name=keys.text_or_none("class_name"),
        confidence=_choice_or_none(keys, "confidence", get_args(Confidence)),
        words=keys.text("words", ""),
        is_region=keys.of("is_region", bool, False),  # noqa: FBT003
    )


def _choice_or_none(keys: Keys, key: str, choices: tuple[str, ...]) -> Any:
    return keys.choice(key, choices, choices[0]) if key in keys else None


def _model(keys: Keys) -> SavedModel:
    return SavedModel(name=keys.text_or_none("name"), folder=keys.text_or_none("folder"))


def _look(keys: Keys) -> SavedLook:
    default = SavedLook()
    opacity = keys.number("opacity", default.opacity)
    if not 0 <= opacity <= 1:
        raise keys.fault("opacity", f"is {opacity:g}, not 0 to 1")
    return SavedLook(
        opacity=opacity,
        normalisation=_choice_or_none(keys, "normalisation", get_args(Normalisation)),
        sequential=keys.text("sequential", ""),
        diverging=keys.text("diverging", ""),
        hides_outside=keys.of("hides_outside", bool, False),  # noqa: FBT003
        is_smooth=keys.of("is_smooth", bool, False),  # noqa: FBT003
    )


def _pen(keys: Keys) -> SavedPen:
    default = SavedPen()
    inside = keys.inside("classes")
    classes = inside.all_made("classes", _class)
    return SavedPen(
        classes=ClassList(classes=classes) if classes else default.classes,
        class_name=keys.text_or_none("class_name"),
        radius_um=keys.number("radius_um", default.radius_um),
        fill=keys.number("fill", default.fill),
        is_visible=keys.of("is_visible", bool, True),  # noqa: FBT003
    )


def _class(keys: Keys) -> AnnotationClass:
    red, green, blue = (int(part) for part in keys.numbers("colour", 3))
    if not all(0 <= part <= 255 for part in (red, green, blue)):
        raise keys.fault("colour", "is not three numbers from 0 to 255")
    return AnnotationClass(name=keys.text("name"), colour=(red, green, blue))
