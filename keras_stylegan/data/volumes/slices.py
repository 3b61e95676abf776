"""From a volume to pictures of its slices, and what is known of each."""

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image

from keras_stylegan.data.decode import RefusedError
from keras_stylegan.data.geometry import NORMALS
from keras_stylegan.data.volumes.options import VolumeOptions
from keras_stylegan.data.volumes.volume import Volume, in_memory_order

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
    step = 2 if volume.voxels.size > MANY else 1
    # In the order of memory, which neither percentiles nor choosing among them has to go against then.
    sample = in_memory_order(volume.voxels[::step, ::step, ::step])[0].ravel()
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
    sides = (spacing[down], spacing[across])
    starts, _, copied = _box(sides, centre, options.size, options.spacing)
    images = np.zeros((len(rows), *options.size), np.uint16)
    for image, row in zip(images, rows, strict=True):
        plane = planes[row][::-1, ::-1].T
        if copied:
            # What lies beyond the picture is black already.
            inside, here = _overlap(plane.shape, starts, options.size)
            image[here] = windowed(plane[inside], window)
        else:
            image[...] = windowed(resampled(plane, sides, centre, options.size, options.spacing, window[0]), window)
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
    values = picture - low
    values *= WHITE / (high - low)
    np.clip(values, 0, WHITE, out=values)
    return np.rint(values, out=values).astype(np.uint16)


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
    inside, here = _overlap(picture.shape, lows, part.shape)
    part[here] = picture[inside]
    if copied:
        return part
    y, x = (start - low for start, low in zip(starts, lows, strict=True))
    box = (x, y, x + sides[1], y + sides[0])
    return np.asarray(Image.fromarray(part).resize((size[1], size[0]), Image.Resampling.LANCZOS, box))


def _overlap(
    shape: tuple[int, ...], starts: list[int], size: tuple[int, ...]
) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Where a part of this size, which begins at `starts`, lies in the picture, and where that is in the part."""
    firsts = [min(max(0, start), count) for start, count in zip(starts, shape, strict=True)]
    lasts = [
        max(first, min(count, start + side))
        for first, start, count, side in zip(firsts, starts, shape, size, strict=True)
    ]
    ends = list(zip(firsts, lasts, strict=True))
    here = [(first - start, last - start) for (first, last), start in zip(ends, starts, strict=True)]
    return tuple(slice(*own) for own in ends), tuple(slice(*own) for own in here)


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
    ordered, axes, forwards = in_memory_order(voxels)
    mask = ordered > threshold
    # Bytes are added many at a time, and 255 of them fit into one.
    added = sum(np.add.reduce(mask[start : start + 255].view(np.uint8), dtype=np.uint8).astype(np.int64)
                for start in range(0, len(mask), 255))  # fmt: skip
    found = [np.array([np.count_nonzero(plane) for plane in mask]), added.sum(axis=1), added.sum(axis=0)]
    counts = [found[0]] * 3
    for axis, own, forward in zip(axes, found, forwards, strict=True):
        counts[axis] = own[forward]
    return counts


def _extent(counts: np.ndarray) -> tuple[int, int]:
    inside = np.flatnonzero(counts > LEAST_OF_LARGEST * counts.max())
    return int(inside[0]), int(inside[-1])
