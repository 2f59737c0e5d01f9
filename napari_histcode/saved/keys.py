"""The keys of one object of a session file, read one by one as what they have to be."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from napari_histcode.errors import SessionFileError

T = TypeVar("T")

ADVICE = (
    "Open the slides one by one: regions that you drew are kept by themselves, and features of tiles are in "
    "the cache, so that an analysis takes seconds."
)


class Keys:
    """A JSON object; keys that nobody asks for are left alone, those that are missing have their default.

    Parameters
    ----------
    data : object
        What the file has there.
    where : str
        What it is, for messages: "slides[0].camera".
    """

    def __init__(self, data: Any, where: str) -> None:
        if not isinstance(data, Mapping):
            raise SessionFileError(f"The session is damaged: {where} is not an object.", advice=ADVICE)
        self._data = data
        self._where = where

    def __contains__(self, key: str) -> bool:
        return self._data.get(key) is not None

    def fault(self, key: str, what: str) -> SessionFileError:
        """Make the error about a key."""
        place = f"{self._where}.{key}" if self._where else key
        return SessionFileError(f"The session is damaged: {place} {what}.", advice=ADVICE)

    def of(self, key: str, kind: type[T], default: T | None = None) -> T:
        """Return a value of a type; the default where it is missing, if there is one."""
        value = self._data.get(key, default)
        if key not in self._data and default is None:
            raise self.fault(key, "is missing")
        is_wrong_truth = isinstance(value, bool) and kind is not bool
        if not isinstance(value, kind) or is_wrong_truth:
            raise self.fault(key, f"is {value!r:.60}")
        return value

    def text(self, key: str, default: str | None = None) -> str:
        """Return a text."""
        return self.of(key, str, default)

    def text_or_none(self, key: str) -> str | None:
        """Return a text, or None where there is none."""
        return self.text(key) if key in self else None

    def number(self, key: str, default: float | None = None) -> float:
        """Return a finite number."""
        return self._number(key, self._data.get(key, default))

    def numbers(self, key: str, count: int) -> tuple[float, ...]:
        """Return so many finite numbers."""
        values = self.sequence(key)
        if len(values) != count:
            raise self.fault(key, f"is not {count} numbers")
        return tuple(self._number(key, value) for value in values)

    def choice(self, key: str, choices: tuple[str, ...], default: str) -> Any:
        """Return one of several words."""
        value = self.text(key, default)
        if value not in choices:
            raise self.fault(key, f"is {value!r:.60}, not one of {', '.join(choices)}")
        return value

    def sequence(self, key: str) -> list[Any]:
        """Return a list; an empty one where there is none."""
        return self.of(key, list, [])

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts."""
        values = self.sequence(key)
        if not all(isinstance(value, str) for value in values):
            raise self.fault(key, "is not a list of texts")
        return tuple(values)

    def pairs_of_texts(self, key: str) -> tuple[tuple[str, str], ...]:
        """Return a list of pairs of texts."""
        values = self.sequence(key)
        if not all(
            isinstance(v, list) and len(v) == 2 and all(isinstance(t, str) for t in v) for v in values
        ):
            raise self.fault(key, "is not a list of pairs of texts")
        return tuple((first, second) for first, second in values)

    def inside(self, key: str) -> Keys:
        """Return the object of a key; an empty one where there is none."""
        return Keys(self._data.get(key, {}), self._path(key))

    def made(self, key: str, make: Callable[[Keys], T]) -> T | None:
        """Make a value of the object of a key; None where there is none."""
        return self._make(self._data[key], self._path(key), make) if key in self else None

    def all_made(self, key: str, make: Callable[[Keys], T]) -> tuple[T, ...]:
        """Make a value of each object of a list."""
        return tuple(
            self._make(data, f"{self._path(key)}[{place}]", make)
            for place, data in enumerate(self.sequence(key))
        )

    def _make(self, data: Any, where: str, make: Callable[[Keys], T]) -> T:
        keys = Keys(data, where)
        try:
            return make(keys)
        except SessionFileError:
            raise
        except ValueError as error:  # what a value refuses to be
            reason = str(error).rstrip(".")
            raise SessionFileError(f"The session is damaged: {where}: {reason}.", advice=ADVICE) from error

    def _path(self, key: str) -> str:
        return f"{self._where}.{key}" if self._where else key

    def _number(self, key: str, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise self.fault(key, "is missing" if value is None else f"is {value!r:.60}, not a number")
        return float(value)
