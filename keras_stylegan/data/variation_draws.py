"""What is drawn for the variation of a real image: made of the seed, the epoch and the image alone.

So a resumed epoch repeats it, whatever was read ahead, and in whatever order.
"""

import numpy as np

CONTROLS = {"elastic": 7, "bias_field": 4}
"""Control points on a side of the cubic B-splines that fields are made of."""
NORMALS = 2 * CONTROLS["elastic"] ** 2 + CONTROLS["bias_field"] ** 2
"""N(0, 1) numbers that an image takes."""
STREAM = 3
"""Of the counter of Philox; latents, noise and covariates have others."""


def draws(seed: int, epoch: int, images: np.ndarray) -> np.ndarray:
    """Normal numbers (N, NORMALS) float32.

    Args:
        seed: Of the run.
        epoch: From 0.
        images: (N,) numbers of the images in their set.
    """
    counter = np.array([0, 0, epoch, STREAM], np.uint64)
    keys = (np.array([seed % 2**64, image], np.uint64) for image in images.tolist())
    rows = [np.random.Generator(np.random.Philox(key=key, counter=counter)).standard_normal(NORMALS) for key in keys]
    return np.stack(rows).astype(np.float32)
