from __future__ import annotations

import io
import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_histcode.annotations import json_stream
from napari_histcode.annotations.json_stream import stream_members
from napari_histcode.errors import AnnotationFileError

STREAMED = frozenset(("features",))
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def gathered(text: str) -> Any:
    """Put a streamed document together again."""
    members = list(stream_members(io.StringIO(text), "a.json", streamed=STREAMED))
    if any(member.key is None for member in members):
        return [member.value for member in members if member.position is not None]
    document: dict[str, Any] = {}
    for member in members:
        assert member.key is not None
        if member.position is None:
            document[member.key] = member.value
        else:
            document.setdefault(member.key, []).append(member.value)
            assert len(document[member.key]) == member.position + 1
    return document


@settings(max_examples=200, deadline=None)
@given(
    document=st.lists(plain, max_size=6)
    | st.dictionaries(st.text() | st.just("features"), plain, max_size=4),
    chunk=st.integers(1, 40),
    indent=st.none() | st.integers(0, 2),
    is_ascii=st.booleans(),
)
def test_streaming_gives_what_json_gives(
    document: Any, chunk: int, indent: int | None, is_ascii: bool
) -> None:
    text = json.dumps(document, indent=indent, ensure_ascii=is_ascii)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_stream, "CHUNK_CHARACTERS", chunk)
        assert gathered(text) == document


@settings(max_examples=100, deadline=None)
@given(document=st.dictionaries(st.text(), plain, min_size=1, max_size=3), share=st.floats(0, 0.999))
def test_whatever_is_cut_is_refused(document: Any, share: float) -> None:
    text = json.dumps(document)
    with pytest.raises(AnnotationFileError, match="not valid JSON"):
        gathered(text[: int(len(text) * share)])


def test_the_place_of_an_error_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_stream, "CHUNK_CHARACTERS", 50)
    good = '{"features": [' + ", ".join(["[1, 2]"] * 100)
    with pytest.raises(AnnotationFileError, match=rf"near character {len(good) + 2}\b"):
        gathered(good + ", nonsense" + " " * 200 + "]}")


def test_an_endless_object_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_stream, "CHUNK_CHARACTERS", 1000)
    monkeypatch.setattr(json_stream, "LARGEST_VALUE_CHARACTERS", 10_000)
    with pytest.raises(AnnotationFileError, match="one object has more than"):
        gathered('["' + "x" * 100_000 + '"]')


def test_memory_does_not_grow_with_the_file() -> None:
    one = json.dumps({"a": [[float(i), 0.5] for i in range(50)]})
    text = io.StringIO('{"features": [' + ",".join([one] * 20_000) + "]}")
    tracemalloc.start()
    try:
        n = sum(1 for _ in stream_members(text, "a.json", streamed=STREAMED))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert n == 20_000
    assert len(one) * 20_000 > 10 * 2**20
    assert peak < 12 * 2**20
