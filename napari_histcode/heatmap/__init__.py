"""From one value a tile to a raster that can be laid over the slide."""

from napari_histcode.heatmap.draw import default_config, draw_heatmap, draw_tile_map
from napari_histcode.heatmap.heatmap import Heatmap, HeatmapConfig

__all__ = ["Heatmap", "HeatmapConfig", "default_config", "draw_heatmap", "draw_tile_map"]
