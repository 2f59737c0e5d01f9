"""Train and evaluate the encoders and heads that napari-histcode shows."""
