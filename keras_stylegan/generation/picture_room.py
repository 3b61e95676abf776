"""Whether what `generate` is asked for fits this machine: memory of its pictures, disk and number of its files."""

import math
import os
from pathlib import Path
from typing import Any

from keras_stylegan.errors import InputError
from keras_stylegan.resources import free_disk, gb, memory
from keras_stylegan.sizes import height_width

FLOAT = 4
"""Bytes of a float32."""
GRID_COPIES = 5
"""Copies of a grid's images at once: in batches, as one array, in the picture's order, as a picture, as integers."""
FILM_COPIES = 2
"""Copies of a film's images and of their styles at once."""
BLOCK = 4096
"""Bytes by which a file grows on disk."""
PNG_SHARE = 0.5
"""Of its pixels' bytes a PNG of a slice has at least this share; less is counted than will be, not more."""


def require_room(options: Any, generator: Any, slices: int = 0) -> None:
    """Raise an `InputError` with the figures if the pictures cannot fit.

    Args:
        options: `GenerateOptions`.
        generator: Its sizes are read.
        slices: Of the volume that is written in place of every image; 0 for images.
    """
    values = math.prod(height_width(generator.resolution)) * generator.channels
    image = FLOAT * values
    styles = FLOAT * generator.num_ws * generator.w_dim
    frames = options.interpolation * options.interpolation_frames
    wanted = {
        "mixing": (options.mixing + 1) ** 2 * (GRID_COPIES * image + FILM_COPIES * styles),
        "interpolation": FILM_COPIES * frames * (image + styles),
        "sweep": FILM_COPIES * options.sweep * options.interpolation_frames * (image + styles),
    }
    for name, size in wanted.items():
        if size > memory():
            raise InputError(
                f"{name} needs about {gb(size)} of memory, and there are {gb(memory())}; lower it. "
                f"Received: {getattr(options, name)}"
            )
    size = options.count * file_bytes(max(1, slices) * values, options.format, options.bits)
    folder = options.output_dir
    if size > free_disk(folder):
        raise InputError(
            f"count: about {gb(size)} of disk are needed, and {folder} has {gb(free_disk(folder))} left; lower it "
            f"or choose another --output-dir. Received: {options.count}"
        )
    if options.count > free_files(folder):
        raise InputError(
            f"count: the disk of {folder} has room for {free_files(folder)} more files; lower it or choose another "
            f"--output-dir. Received: {options.count}"
        )


def file_bytes(values: int, kind: str, bits: int) -> float:
    """What an image file takes of the disk, at least.

    Args:
        values: Pixels times channels.
        kind: "png", "npy" or "nifti" (16 bits, compressed as a PNG is).
        bits: Of a value in a PNG.
    """
    bits = 16 if kind == "nifti" else bits
    content = FLOAT * values if kind == "npy" else PNG_SHARE * values * bits / 8
    return max(1, -(-content // BLOCK)) * BLOCK


def free_files(folder: Path) -> float:
    """Files that can still be made where a folder is, or will be; some file systems know no limit."""
    existing = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    found = os.statvfs(existing)
    return found.f_favail if found.f_files else float("inf")
