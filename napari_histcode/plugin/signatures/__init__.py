"""Gene signatures in the window: published ones and the user's own."""
