"""Multiple-instance learning on bags from any source: poolings, losses, training, ensembles, export."""
