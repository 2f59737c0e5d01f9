"""The one tree of errors: each says what is wrong, which value, and what to do.

Every leaf also inherits the built-in error a caller would expect, so that ``except ValueError``
works without knowing this package. None is a ``RuntimeError``: worker frameworks swallow those.
"""

from __future__ import annotations


class HistCodeError(Exception):
    """Root of all errors raised on purpose by this package.

    Parameters
    ----------
    message : str
        One or two sentences: what is wrong, with the offending value.
    advice : str, optional
        What the user can do about it.
    """

    def __init__(self, message: str, *, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice

    def __str__(self) -> str:
        return f"{self.message} {self.advice}".strip()


class SlideNotFoundError(HistCodeError, FileNotFoundError):
    """The path does not exist."""


class NotASlideError(HistCodeError, ValueError):
    """The file exists and no reader can open it as a slide."""


class CorruptTileError(HistCodeError, OSError):
    """A region of an open slide cannot be decoded."""


class MissingMppError(HistCodeError, ValueError):
    """The slide does not say its resolution and nobody gave it."""


class ImplausibleMppError(HistCodeError, ValueError):
    """The resolution is outside anything a slide scanner makes."""


class ModalityError(HistCodeError, ValueError):
    """The slide is fluorescence, and what was asked for is made for stained tissue in bright field."""


class NoTissueError(HistCodeError, ValueError):
    """No tissue was found on the slide."""


class NoTilesError(HistCodeError, ValueError):
    """Tissue was found, and no tile of the asked size fits on it."""


class ModelNotFoundError(HistCodeError, FileNotFoundError):
    """No model of that name or at that path."""


class ModelFileError(HistCodeError, ValueError):
    """The model file is damaged or incomplete."""


class ModelMismatchError(HistCodeError, ValueError):
    """Model, features or tiles do not belong together."""


class DeviceError(HistCodeError, ValueError):
    """The compute device that was asked for is not there."""


class OutOfDeviceMemoryError(HistCodeError, MemoryError):
    """Even one tile at a time does not fit into the device's memory."""


class MissingExtraError(HistCodeError, ImportError):
    """An optional package is needed for this; the advice names the extra."""


class FeatureFileError(HistCodeError, ValueError):
    """A feature file is damaged or of an unknown layout."""


class UnknownMapError(HistCodeError, KeyError):
    """No map, class or gene of that name; the message lists those there are."""


class ResultError(HistCodeError, ValueError):
    """A result folder is incomplete or from a newer version."""


class UnknownFormatError(HistCodeError, ValueError):
    """Results cannot be exported in that format; the message lists those there are."""


class AnnotationFileError(HistCodeError, ValueError):
    """An annotation file cannot be understood."""


class TableFileError(HistCodeError, ValueError):
    """A table that the user gave lacks a column or cannot be understood."""


class QueryError(HistCodeError, ValueError):
    """What is asked for cannot be searched: there is no tile, or it has nothing to compare."""


class IndexFileError(HistCodeError, ValueError):
    """An index of tiles is missing or damaged."""


class NewerIndexError(IndexFileError):
    """An index of tiles was written by a newer version: it is neither read nor replaced."""


class MarksError(HistCodeError, ValueError):
    """Marked tiles do not suffice to learn from, or contradict each other."""


class SignatureError(HistCodeError, ValueError):
    """A gene signature cannot be read, or too few of its genes are predicted."""


class RegionError(HistCodeError, ValueError):
    """The region that was asked for is not on the slide."""


class SourceSlideError(HistCodeError, ValueError):
    """The slide is of a kind that this export cannot refer to."""


class TrainingFeaturesError(HistCodeError, ValueError):
    """Training features do not suffice to say what a usual tile looks like."""


class SessionFileError(HistCodeError, ValueError):
    """A session file is missing, damaged, or none."""


class NewerSessionError(SessionFileError):
    """A session was saved by a newer version."""


class MovedSlideError(HistCodeError, FileNotFoundError):
    """A slide of a session is no longer where it was."""


class WrongSlideError(HistCodeError, ValueError):
    """A file is not the slide that a session speaks of."""


class OutputError(HistCodeError, OSError):
    """Results cannot be written: no permission, no space, or a file in the way."""


class AnalysisCancelledError(HistCodeError):
    """The user cancelled; what was finished is kept."""
