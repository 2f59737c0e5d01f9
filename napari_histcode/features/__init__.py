"""Turn tiles into features and keep them."""
