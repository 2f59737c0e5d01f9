"""Augmentation of histology tiles as operations on whole batches, on the device that trains."""
