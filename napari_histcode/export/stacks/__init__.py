"""Values and painted slides as pyramids: OME-TIFF and OME-Zarr."""
