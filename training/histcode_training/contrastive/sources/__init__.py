"""Where training tiles come from, and how they are kept: one file a kind of source."""
