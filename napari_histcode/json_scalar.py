"""Single values as strict JSON knows them."""

from __future__ import annotations

import math

import numpy as np


def json_scalar(value: object) -> bool | int | float | str | None:
    """Turn a number, a text or None into what JSON knows; whatever is not finite becomes null.

    Raises
    ------
    TypeError
        If JSON has no place for it.
    """
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    if value is None or isinstance(value, str):
        return value
    raise TypeError(f"JSON has no place for {type(value).__name__} {value!r}.")
