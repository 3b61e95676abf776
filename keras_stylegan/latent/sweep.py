"""Sweeps: one number of the label changes, the latent and the noise stay."""

import numpy as np


def sweep(renderer, z: np.ndarray, label: np.ndarray, column: int, values: np.ndarray) -> np.ndarray:
    """The images of every latent with every value.

    Args:
        renderer: `keras_stylegan.latent.rendering.Renderer`; all images have the noise of image 0.
        z: (L, z_dim).
        label: (L, c_dim + K).
        column: Of the label, which takes the values.
        values: (V,), in the covariate's own unit.

    Returns:
        (L, V, H, W, C) float32.
    """
    labels = np.repeat(label[:, None], len(values), axis=1)
    labels[:, :, column] = values
    ws = renderer.styles(np.repeat(z, len(values), axis=0), labels.reshape(-1, label.shape[1]))
    images = renderer.images(ws)
    return images.reshape(len(z), len(values), *images.shape[1:])


def there_and_back(frames: np.ndarray) -> np.ndarray:
    """Frames (F, …) and the same backwards without the two ends, so that an animation repeats smoothly."""
    return np.concatenate([frames, frames[-2:0:-1]])
