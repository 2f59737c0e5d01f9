"""Turn features into predictions and maps."""
