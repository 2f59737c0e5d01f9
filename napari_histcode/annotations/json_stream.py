"""Read a JSON file member by member, so that a file of any size takes the memory of one object.

The parts themselves are decoded by the standard library's scanner (compiled, as fast as ``json.load``);
this module only finds where they begin.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from json.decoder import JSONDecodeError
from typing import Any, NoReturn, TextIO

from napari_histcode.errors import AnnotationFileError

CHUNK_CHARACTERS = 1 << 20
LARGEST_VALUE_CHARACTERS = 256 * 2**20
"""One object that is longer is refused: 256 MB of text are ten million corners."""

_SPACE = re.compile(r"[ \t\n\r]*")
_ADVICE = "The file may be incomplete: export or copy it again."
_TOO_EARLY = "it ends too early"
_LONGEST_TOKEN = 32
"""An error, or a number, this near to the end of the text at hand may come of a token that was cut."""


@dataclass(frozen=True, slots=True)
class Member:
    """One part of the top level of a JSON file."""

    key: str | None
    """Member of the object; None if the file is a list."""
    position: int | None
    """Place in a streamed list, from 0; None if `value` is all of the member, as of an empty list."""
    value: Any
    """The decoded part."""


def stream_members(file: TextIO, name: str, *, streamed: frozenset[str]) -> Iterator[Member]:
    """Yield the parts of a JSON file.

    Parameters
    ----------
    file : TextIO
        The text.
    name : str
        Name of the file, for messages.
    streamed : frozenset of str
        Members of a top-level object whose lists are given element by element; other members come whole. A
        top-level list is always given element by element.

    Yields
    ------
    Member
        In the order of the file.

    Raises
    ------
    AnnotationFileError
        If it is not JSON, or ends too early.
    """
    text = _Text(file, name)
    if text.peek() == "[":
        yield from _elements(text, None)
    elif text.peek() == "{":
        text.take("{")
        is_first = True
        while text.peek() != "}":
            if not is_first:
                text.take(",")
            is_first = False
            if text.peek() != '"':
                text.fail("a name in quotes is expected")
            key = text.value()
            text.take(":")
            if key in streamed and text.peek() == "[":
                yield from _elements(text, key)
            else:
                yield Member(key, None, text.value())
        text.take("}")
    else:
        text.fail("a list or an object is expected")
    if text.peek():
        text.fail("there is more after the end")


def _elements(text: _Text, key: str | None) -> Iterator[Member]:
    text.take("[")
    position = 0
    while text.peek() != "]":
        if position:
            text.take(",")
        yield Member(key, position, text.value())
        position += 1
    text.take("]")
    if not position:
        yield Member(key, None, [])


class _Text:
    """A window on the text that moves forward."""

    def __init__(self, file: TextIO, name: str) -> None:
        self._file = file
        self._name = name
        self._scan = json.JSONDecoder(strict=False).raw_decode
        self._window = ""
        self._at = 0
        self._n_passed = 0
        self._is_over = False

    def peek(self) -> str:
        """Return the next character that is no space; "" at the end."""
        while True:
            match = _SPACE.match(self._window, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._window):
                return self._window[self._at]
            if not self._more(CHUNK_CHARACTERS):
                return ""

    def take(self, character: str) -> None:
        """Step over a character."""
        found = self.peek()
        if found != character:
            self.fail(f'"{character}" is expected')
        self._at += 1

    def value(self) -> Any:
        """Decode the value that begins here."""
        self.peek()
        while True:
            try:
                value, end = self._scan(self._window, self._at)
            except JSONDecodeError as error:
                self._extend_or_fail(error)
                continue
            except RecursionError:
                self.fail("it is nested too deeply")
            except ValueError as error:  # a number of thousands of digits
                self.fail(str(error))
            may_go_on = isinstance(value, int | float) and len(self._window) - end < _LONGEST_TOKEN
            if may_go_on and self._more(CHUNK_CHARACTERS):
                continue  # a number that was cut reads as a shorter one
            self._at = end
            return value

    def _extend_or_fail(self, error: JSONDecodeError) -> None:
        """Get more text if the value may merely have been cut; else it is wrong."""
        is_cut = error.pos >= len(self._window) - _LONGEST_TOKEN or error.msg.startswith(
            "Unterminated string"
        )
        n_left = len(self._window) - self._at
        if is_cut and n_left > LARGEST_VALUE_CHARACTERS:
            self.fail(f"one object has more than {LARGEST_VALUE_CHARACTERS // 2**20} MB")
        if not is_cut or not self._more(max(CHUNK_CHARACTERS, n_left)):  # doubling keeps retries cheap
            is_over = error.pos >= len(self._window.rstrip()) or error.msg.startswith("Unterminated string")
            self.fail(_TOO_EARLY if is_over else error.msg, at=error.pos)

    def _more(self, n_characters: int) -> bool:
        if self._is_over:
            return False
        added = self._file.read(n_characters)
        if not added:
            self._is_over = True
            return False
        self._n_passed += self._at
        self._window = self._window[self._at :] + added
        self._at = 0
        return True

    def fail(self, reason: str, *, at: int | None = None) -> NoReturn:
        """Raise what is wrong, and where."""
        if at is None and self._is_over and self._at >= len(self._window):
            reason = _TOO_EARLY
        place = self._n_passed + (self._at if at is None else at)
        raise AnnotationFileError(
            f"The annotation file {self._name} is not valid JSON: {reason} (near character {place:,}).",
            advice=_ADVICE,
        )
