"""Tell tissue from glass."""

from napari_histcode.tissue.mask import TissueConfig, TissueMask

__all__ = ["TissueConfig", "TissueMask"]
