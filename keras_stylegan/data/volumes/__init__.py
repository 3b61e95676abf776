"""Volumes as scanners write them, to a dataset of slices that training reads."""
