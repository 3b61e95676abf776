"""Normalisation of a latent to unit second moment."""

from keras import ops


def normalize_second_moment(inputs, epsilon=1e-8):
    """Scale every row so that the mean of its squares is 1 (Karras et al. 2018, "pixel norm" of the latent).

    Args:
        inputs: (N, features).
        epsilon: Added to the mean square.

    Returns:
        (N, features).
    """
    return inputs * ops.rsqrt(ops.mean(ops.square(inputs), axis=-1, keepdims=True) + epsilon)
