"""Fidelity, diversity and memorisation of generated images, measured against held-out subjects. Numpy on arrays."""
