"""From a volume to pictures of its slices, and what is known of each."""

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image

from keras_stylegan.data.decode import RefusedError
from keras_stylegan.data.geometry import NORMALS
from keras_stylegan.data.volumes.options import VolumeOptions
from keras_stylegan.data.volumes.volume import Volume

MARKS = {"sagittal": "SIAP", "coronal": "SIRL", "axial": "APRL"}
"""What is at the top, bottom, left and right of a picture: the patient's right is on the left (radiological)."""
DARKEST, BRIGHTEST = 2, 98
SHARE = 0.1
"""Foreground is above a tenth of the way from the 2nd to the 98th percentile of all voxels (Smith 2002, BET)."""
LEAST_OF_LARGEST = 0.01
"""A slice is of the head if it has this share of the foreground of the fullest slice: specks of noise are not."""
MANY = 2_000_000
"""Percentiles of more voxels than this are taken from every second one along each axis."""
SUPPORT = 3
WHITE = 65_535


@dataclass(frozen=True)
class Slices:
    """The chosen slices of one volume.

    Attributes:
        images: (K, H, W) uint16; black and white are the ends of the window.
        position_mm: (K,) coordinate of the slice in the volume's own space.
        share: (K,) position in the brain: 0 its first slice, 1 its last.
        brain: (K,) share of the picture that is foreground.
        window: The values that became black and white.
        spacing_mm: Of the volume: between rows, between columns, between slices.
        tilt_degrees: See `Volume`.
        middle_mm: Where the middle of the pictures lies in the volume's own space, down and across: the coordinate
            along the axis that their rows follow one another on, and along that of their columns.
    """

    images: np.ndarray
    position_mm: np.ndarray
    share: np.ndarray
    brain: np.ndarray
    window: tuple[float, float]
    spacing_mm: tuple[float, float, float]
    tilt_degrees: float
    middle_mm: tuple[float, float]


def slices_of(volume: Volume, options: VolumeOptions) -> Slices:
    """The slices that `options` ask for.

    Raises:
        RefusedError: The volume is all background, or no slice is left.
    """
    axis = NORMALS[options.plane]
    sample = volume.voxels[::2, ::2, ::2] if volume.voxels.size > MANY else volume.voxels
    threshold = foreground_threshold(sample)
    window = options.window or _window(sample, threshold, options.percentiles)
    counts = _counts(volume.voxels, threshold)
    extents = [_extent(count) for count in counts]
    # Across the slices; the first other axis runs along the columns, the second along the rows, both from right to left
    # and from the top down: the patient's right is on the left, the front or the top of the head is at the top.
    across, down = (other for other in range(3) if other != axis)
    spacing = volume.spacing
    first, last = extents[axis]
    position = volume.position_mm(axis)
    share = (np.arange(len(position)) - first) / max(1, last - first)
    brain = counts[axis] * (spacing[across] * spacing[down]) / (math.prod(options.size) * options.spacing**2)
    chosen = (share >= 0) & (share <= 1) & (brain >= options.min_brain)
    if options.range_mm is not None:
        chosen &= (position >= options.range_mm[0]) & (position <= options.range_mm[1])
    if options.range_percent is not None:
        percent = 100 * share
        chosen &= (percent >= options.range_percent[0] - 1e-9) & (percent <= options.range_percent[1] + 1e-9)
    rows = np.flatnonzero(chosen)
    if not len(rows):
        raise RefusedError("no slice of it lies in the range and has enough brain")
    centre = tuple(volume.voxels.shape[other] - sum(extents[other]) / 2 - 0.5 for other in (down, across))
    planes = np.moveaxis(volume.voxels, axis, 0)
    images = np.empty((len(rows), *options.size), np.uint16)
    for index, row in enumerate(rows):
        picture = resampled(
            planes[row][::-1, ::-1].T,
            (spacing[down], spacing[across]),
            centre,
            options.size,
            options.spacing,
            window[0],
        )
        images[index] = windowed(picture, window)
    return Slices(
        images,
        position[rows],
        share[rows],
        np.minimum(1.0, brain[rows]),
        (float(window[0]), float(window[1])),
        (float(spacing[down]), float(spacing[across]), float(spacing[axis])),
        volume.tilt_degrees,
        _middle_mm(volume, (down, across), centre, options),
    )


def _middle_mm(
    volume: Volume, axes: tuple[int, int], centre: tuple[float, float], options: VolumeOptions
) -> tuple[float, float]:
    down, across = axes
    index = (np.array(volume.voxels.shape) - 1) / 2
    spacing = (volume.spacing[down], volume.spacing[across])
    starts, sides, _ = _box(spacing, centre, options.size, options.spacing)
    for other, start, side in zip((down, across), starts, sides, strict=True):
        # Pictures run against the axes of the body.
        index[other] = volume.voxels.shape[other] - 0.5 - (start + side / 2)
    middle = volume.affine[:3, :3] @ index + volume.affine[:3, 3]
    return float(middle[down]), float(middle[across])


def foreground_threshold(voxels: np.ndarray) -> float:
    """The value above which a voxel is foreground.

    Raises:
        RefusedError: All voxels are alike.
    """
    low, high = np.percentile(voxels, (DARKEST, BRIGHTEST))
    if high <= low:
        high = voxels.max()
    if high <= low:
        raise RefusedError("it is all background: (nearly) all voxels have one value")
    return float(low + SHARE * (high - low))


def windowed(picture: np.ndarray, window: tuple[float, float]) -> np.ndarray:
    """Values to uint16: the ends of the window are 0 and 65535, what is beyond is clipped."""
    low, high = window
    return np.rint(np.clip((picture - low) * (WHITE / (high - low)), 0, WHITE)).astype(np.uint16)


def resampled(
    picture: np.ndarray,
    spacing: tuple[float, float],
    centre: tuple[float, float],
    size: tuple[int, int],
    pixel: float,
    background: float,
) -> np.ndarray:
    """The part of a picture around a point, in square pixels, by an antialiasing Lanczos filter.

    With pixels as large as the picture's own they are copied, moved by whole pixels.

    Args:
        picture: (h, w) numbers.
        spacing: Distance in mm of its rows and of its columns.
        centre: What becomes the middle, in pixels from the outer edge of the first row and column.
        size: Height and width of the result.
        pixel: Side of its pixels in mm.
        background: Value beyond the picture.

    Returns:
        (H, W) float32.
    """
    starts, sides, copied = _box(spacing, centre, size, pixel)
    margins = [0 if copied else math.ceil(SUPPORT * max(1.0, pixel / step)) for step in spacing]
    lows = [math.floor(start) - margin for start, margin in zip(starts, margins, strict=True)]
    highs = [math.ceil(start + side) + margin for start, side, margin in zip(starts, sides, margins, strict=True)]
    part = np.full([high - low for low, high in zip(lows, highs, strict=True)], background, np.float32)
    inner = [(max(0, low), min(count, high)) for low, high, count in zip(lows, highs, picture.shape, strict=True)]
    if all(first < last for first, last in inner):
        (top, bottom), (left, right) = inner
        part[top - lows[0] : bottom - lows[0], left - lows[1] : right - lows[1]] = picture[top:bottom, left:right]
    if copied:
        return part
    y, x = (start - low for start, low in zip(starts, lows, strict=True))
    box = (x, y, x + sides[1], y + sides[0])
    return np.asarray(Image.fromarray(part).resize((size[1], size[0]), Image.Resampling.LANCZOS, box))


def _box(
    spacing: tuple[float, float], centre: tuple[float, float], size: tuple[int, int], pixel: float
) -> tuple[list[float], list[float], bool]:
    """Where the part begins and how long it is, in pixels of the picture, and whether its pixels are copied."""
    sides = [count * pixel / step for count, step in zip(size, spacing, strict=True)]
    starts = [middle - side / 2 for middle, side in zip(centre, sides, strict=True)]
    copied = all(abs(pixel / step - 1) < 1e-3 for step in spacing)
    if copied:
        starts, sides = [math.floor(start + 0.5) for start in starts], list(size)
    return starts, sides, copied


def _window(sample: np.ndarray, threshold: float, percentiles: tuple[float, float]) -> tuple[float, float]:
    low, high = map(float, np.percentile(sample[sample > threshold], percentiles))
    # A mask has one value inside: it becomes white.
    return (low, high) if high > low else (min(threshold, np.nextafter(low, -np.inf)), low)


def _counts(voxels: np.ndarray, threshold: float) -> list[np.ndarray]:
    """For each axis the foreground voxels of every slice across it."""
    # Comparing along memory is four times as fast as against it.
    forwards = tuple(slice(None, None, -1 if stride < 0 else 1) for stride in voxels.strides)
    mask = (voxels[forwards] > threshold)[forwards]
    columns = np.count_nonzero(mask, axis=2)
    return [columns.sum(axis=1), columns.sum(axis=0), np.count_nonzero(mask, axis=(0, 1))]


def _extent(counts: np.ndarray) -> tuple[int, int]:
    inside = np.flatnonzero(counts > LEAST_OF_LARGEST * counts.max())
    return int(inside[0]), int(inside[-1])
