"""Say when a model should not be trusted on a slide, and why."""
