"""From scores and heatmaps to files that others can read, and back."""
