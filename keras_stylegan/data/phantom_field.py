"""Sampling grid and smooth random fields of the brain phantom, both in millimetres."""

from dataclasses import dataclass

import numpy as np

ROWS_PER_BLOCK = 8
"""Rows of a field computed by one matrix product; sizes of a grid must be multiples of it."""


@dataclass(frozen=True)
class Grid:
    """Square sampling grid, its points given in the frame of the brain; row 0 is the image's upper edge."""

    steps_mm: np.ndarray
    """(3, 2): `(x, y)` of the first sample, their change per column and their change per row."""
    size: int
    """Samples along each side, a multiple of `ROWS_PER_BLOCK`."""
    spacing_mm: float
    """Distance between neighbouring samples."""

    def coordinates(self):
        """Distance to the right and in front of the brain centre in mm, two (size, size) float32 arrays."""
        index = np.arange(self.size)[:, None]
        columns = (self.steps_mm[0] + index * self.steps_mm[1]).astype("float32")
        rows = (index * self.steps_mm[2]).astype("float32")
        return columns[:, 0] + rows[:, :1], columns[:, 1] + rows[:, 1:]


def sampling_grid(factors, size, field_of_view_mm):
    """Lays a square of sample points over the field of view, seen from the brain.

    Args:
        factors: `PhantomFactors`, of which the rotation and the shifts are used.
        size: Samples along each side, a multiple of `ROWS_PER_BLOCK`.
        field_of_view_mm: Side of the square image.

    Returns:
        `Grid`.
    """
    spacing = field_of_view_mm / size
    first = 0.5 * (spacing - field_of_view_mm)
    angle = np.deg2rad(factors.rotation_degrees)
    to_brain = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    origin = (first - factors.shift_right_mm, -first - factors.shift_up_mm)
    return Grid(np.array([origin, (spacing, 0.0), (0.0, -spacing)]) @ to_brain.T, size, spacing)


def smooth_field(grid, rng, wavelength_mm, height_mm=0.0, parity=0, waves=8):
    """Random smooth function of position, with mean 0 and variance 1 over seeds.

    A sum of plane waves with random directions and phases (Shinozuka and Deodatis, Applied Mechanics Reviews
    44, 1991). Waves know no pixels, so all resolutions and neighbouring slices show the same field.

    Args:
        grid: `Grid`.
        rng: `numpy.random.Generator`.
        wavelength_mm: Typical wavelength; single waves lie between 0.7 and 1.5 times of it.
        height_mm: Position across slices.
        parity: 1 for a field nearly even in x, -1 for nearly odd, 0 for no symmetry.
        waves: Number of plane waves.

    Returns:
        (size, size) float32 array.
    """
    number = 2.0 * np.pi / (wavelength_mm * rng.uniform(0.7, 1.5, waves))
    angle = rng.uniform(0.0, 2.0 * np.pi, waves)
    phase = rng.uniform(0.0, 2.0 * np.pi, waves)
    # Slower across slices than within one, so that neighbouring slices of a subject resemble each other.
    phase = phase + rng.normal(0.0, 0.4, waves) * number * height_mm
    vectors = number * np.stack([np.cos(angle), np.sin(angle)])  # (2, waves)
    amplitude = np.full(waves, np.sqrt(2.0 / waves))
    if parity:
        # A wave plus its mirror image is symmetric; the phase difference makes the two sides differ a little.
        vectors = np.concatenate([vectors, vectors * [[-1.0], [1.0]]], axis=1)
        phase = np.concatenate([phase, phase + rng.normal(0.0, 0.6, waves)])
        amplitude = np.concatenate([amplitude, parity * amplitude]) / np.sqrt(2.0)
    start, per_column, per_row = grid.steps_mm @ vectors  # each (waves,), or (2 * waves,) with parity
    index = np.arange(grid.size)[:, None]
    rows = (index * per_row + start + phase).astype("float32")
    columns = (index * per_column).astype("float32")
    amplitude = amplitude.astype("float32")
    # cos(r + c) = cos(r) cos(c) - sin(r) sin(c) turns the sum over waves into one matrix product.
    left = np.concatenate([amplitude * np.cos(rows), -amplitude * np.sin(rows)], axis=1)
    right = np.concatenate([np.cos(columns), np.sin(columns)], axis=1)
    # Blocks of rows stay below the size at which BLAS starts threads, which cost more than they save here.
    blocks = left.reshape(-1, ROWS_PER_BLOCK, left.shape[1]) @ right.T
    return blocks.reshape(grid.size, grid.size)
