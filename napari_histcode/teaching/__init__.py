"""Learn a new map from a few marked tiles, and say how good it is."""
