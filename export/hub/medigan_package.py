"""A generator for medigan: runs with numpy, Pillow and onnxruntime."""

import re
import secrets
from pathlib import Path

import numpy as np

from .command import to_pillow
from .runtime import OnnxGenerator

CALL = 2**32
"""Images that one call of a seed may have, before they would meet those of the next."""
_loaded: dict[str, OnnxGenerator] = {}


def generate(model_file, num_samples, output_path, save_images, seed=None, truncation_psi=1.0, label=None,
             covariates=None):  # fmt: skip
    """Generates images.

    Args:
        model_file: generator.onnx.
        num_samples: How many; may be 0.
        output_path: Where they are saved as PNG.
        save_images: Save them, or return them.
        seed: Of the images; None draws a new one. medigan saves in batches, of one call each, and calls the folders
            batch_0, batch_1, ...: these get different images of the seed.
        truncation_psi: ψ in [-2, 2]: 1 shows what the model learned, 0 is the mean image.
        label: Class by its name; None: all classes in turn.
        covariates: Name to number, for a model that has covariates; others are drawn as the training images have them.

    Returns:
        List of (H, W, C) uint8 arrays, or None if they were saved.
    """
    if model_file not in _loaded:
        _loaded[model_file] = OnnxGenerator(model_file)
    generator = _loaded[model_file]
    seed = secrets.randbits(63) if seed is None else int(seed)
    batch = re.fullmatch(r"batch_(\d+)", Path(output_path).name) if output_path and save_images else None
    first = int(batch[1]) * CALL if batch else 0
    numbers = range(first, first + num_samples)
    stream = generator.stream(num_samples, seed, truncation_psi, label, numbers, covariates)
    pictures = [to_pillow(image) for _, image in stream]
    if not save_images:
        return [np.asarray(picture).reshape(generator.height, generator.width, -1) for picture in pictures]
    Path(output_path).mkdir(parents=True, exist_ok=True)
    for number, picture in enumerate(pictures):
        picture.save(Path(output_path) / f"{number:05d}.png")
    return None
