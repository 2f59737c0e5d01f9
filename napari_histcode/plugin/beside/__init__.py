"""A second canvas beside the viewer's own: another map, the bare slide, or another slide."""
