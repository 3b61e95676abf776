"""Exponential moving average of the generator's weights (Karras et al. 2017, section 4.1)."""

from keras import ops


def ema_decay(batch_size, images_seen, ema_kimg, ema_rampup):
    """β = 0.5^(batch / half-life), the half-life being min(ema_kimg · 1000, images_seen · ema_rampup) images.

    Args:
        batch_size: Images per step.
        images_seen: Scalar tensor or number.
        ema_kimg: Half-life in thousands of images.
        ema_rampup: Share of the images seen so far that the half-life may not exceed; None for no ramp-up.

    Returns:
        Scalar in [0, 1).
    """
    half_life = ema_kimg * 1000.0
    if ema_rampup is not None:
        half_life = ops.minimum(half_life, ops.cast(images_seen, "float32") * ema_rampup)
    return ops.power(0.5, ops.cast(batch_size, "float32") / ops.maximum(half_life, 1e-8))


def update_ema(average, model, decay):
    """Move the trainable weights of `average` towards those of `model`; copy the others (w_avg, noise buffers)."""
    for mean, variable in zip(average.weights, model.weights, strict=True):
        # A copy, because JAX would let both variables share one array and free it with the first of them.
        mean.assign(variable + (mean - variable) * decay if variable.trainable else ops.copy(variable))
