"""What can be wrong with the material of a training run; leaves of the package's one tree of errors."""

from __future__ import annotations

from napari_histcode.errors import HistCodeError


class CohortError(HistCodeError, ValueError):
    """The table of a cohort is incomplete or says something impossible."""


class SplitError(HistCodeError, ValueError):
    """Parts of a cohort that must be apart are not, or a part lacks a class."""


class RecipeError(HistCodeError, ValueError):
    """A recipe is missing, unreadable, or has a wrong entry."""


class PredictionsError(HistCodeError, ValueError):
    """Predictions of a run are missing, damaged, or do not fit together."""


class ExpressionError(HistCodeError, ValueError):
    """A table of expression is incomplete or says something impossible."""


class ResumeError(HistCodeError, ValueError):
    """A folder holds another run than the one that shall go on there."""


class CollapseError(HistCodeError, ArithmeticError):
    """All tiles look the same to the network that is trained."""


class DivergedError(HistCodeError, ArithmeticError):
    """The loss or the weights are no numbers any more."""
