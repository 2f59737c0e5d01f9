"""Paint maps as rasters."""
