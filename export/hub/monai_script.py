"""Writes generated images: what configs/inference.json runs."""

from pathlib import Path

from .command import to_pillow
from .runtime import OnnxGenerator


def write_images(model, output_dir, count, seed=0, truncation_psi=1.0, label=None, covariates=None):
    """Writes PNG files.

    Args:
        model: Path of model.onnx.
        output_dir: Folder of the files.
        count: How many.
        seed: Of the latents: image number i of a seed is the same everywhere.
        truncation_psi: ψ in [-2, 2]: 1 shows what the model learned, 0 is the mean image.
        label: Class by its name; None: all classes in turn.
        covariates: Name to number, for a model that has covariates; others are drawn as the training images have them.
    """
    stream = OnnxGenerator(model).stream(count, seed, truncation_psi, label, None, covariates)
    Path(output_dir).mkdir(parents=True, exist_ok=True)
    for number, image in stream:
        to_pillow(image).save(Path(output_dir) / f"seed{seed}_{number:05d}.png")
