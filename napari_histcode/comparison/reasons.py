"""Why a statistic of a comparison has no value, in words."""

from __future__ import annotations

NO_POSITIVE = "no tile is positive"
NO_NEGATIVE = "no tile is negative"
NO_REGION = "no region is positive"
EMPTY = "no tile counts"


def why_no_ranking(n_positive: int, n_negative: int) -> str:
    """Say why tiles cannot be ranked, or nothing where they can."""
    if not n_positive and not n_negative:
        return EMPTY
    return NO_POSITIVE if not n_positive else NO_NEGATIVE if not n_negative else ""
