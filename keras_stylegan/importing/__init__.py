"""Weights of other implementations, read without running anything that a file says, into a run folder."""
