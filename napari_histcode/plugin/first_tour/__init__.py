"""Four steps for whoever opens the window for the first time."""
