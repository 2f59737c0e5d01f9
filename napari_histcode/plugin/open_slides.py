"""Which slide a layer shows: a registry for the life of the process.

Layer metadata can be saved and shared, so that it holds a random key and no slide or path. The registry
does not keep slides open: a slide lives as long as its layer's pyramid, a job or a session refers to it.
"""

from __future__ import annotations

import uuid
from weakref import WeakValueDictionary

from napari_histcode.slide import Slide

_slides: WeakValueDictionary[str, Slide] = WeakValueDictionary()


def register(slide: Slide) -> str:
    """Remember an open slide and return the key for its layer's metadata."""
    key = uuid.uuid4().hex
    _slides[key] = slide
    return key


def find(key: str) -> Slide | None:
    """Return the slide of this key, or None if it has been closed."""
    return _slides.get(key)


def replace(key: str, slide: Slide) -> None:
    """Let the key stand for another opening of the same file, such as one with its resolution given."""
    _slides[key] = slide
