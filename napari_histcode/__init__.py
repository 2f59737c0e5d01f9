"""See what a contrastive encoder and attention-MIL heads see on a whole-slide image."""
