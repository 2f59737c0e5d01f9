"""The page Ask: how faithful, what if, and whether to trust it."""
