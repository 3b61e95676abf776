"""Gradient penalties of the discriminator and the path-length penalty of the generator.

An input gradient spreads over all pixels, so that its entries are about 1/√(HW) of its norm. Networks in float16 round
small ones to zero, and no loss scale reaches them: they are computed times √(HW), which is divided out in float32. For
every image size of the networks it is a power of two, which changes no bit in float32.
"""

from keras import ops

from keras_stylegan.backend import input_gradient


def squared_gradient_norm(discriminator, images):
    """‖∇_x D(x)‖² of every sample.

    Args:
        discriminator: From images (N, H, W, C) to logits (N, 1), each sample's logit depending on its own image (or,
            through minibatch standard deviation, on its group: then the gradient is that of the sum of logits).
        images: (N, H, W, C).

    Returns:
        (logits (N, 1), squared norms (N,)).
    """
    scale = (images.shape[1] * images.shape[2]) ** 0.5
    logits, gradient = input_gradient(lambda inputs: discriminator(inputs) * scale, images)
    return logits / scale, ops.sum(ops.square(gradient / scale), axis=(1, 2, 3))


def squared_gradient_norms(discriminator, image_sets):
    """`squared_gradient_norm` of several image sets in one, faster, call of the discriminator.

    The sets are interleaved (a1 b1 a2 b2 ...). The groups of the minibatch standard deviation are strided, so each
    still has samples of one set only, provided that N is a multiple of the group size.

    Args:
        discriminator: From images (K·N, H, W, C) to logits (K·N, 1).
        image_sets: K tensors (N, H, W, C).

    Returns:
        K pairs (logits (N, 1), squared norms (N,)).
    """
    count, shape = len(image_sets), image_sets[0].shape
    logits, squared = squared_gradient_norm(discriminator, ops.reshape(ops.stack(image_sets, 1), (-1, *shape[1:])))
    logits, squared = ops.reshape(logits, (-1, count, 1)), ops.reshape(squared, (-1, count))
    return [(logits[:, k], squared[:, k]) for k in range(count)]


def interpolate(real_images, fake_images, epsilon):
    """x̂ = εx + (1 − ε)G(z), ε uniform in [0, 1], one per sample (Gulrajani et al. 2017, algorithm 1)."""
    return epsilon * real_images + (1.0 - epsilon) * fake_images


def unit_norm_penalty(squared_norms):
    """(‖∇D‖ − 1)² from ‖∇D‖² (N,)."""
    # Without the small number the gradient of the square root at zero is infinite, and a fresh critic gives NaN.
    return ops.square(ops.sqrt(squared_norms + 1e-12) - 1.0)


def gradient_penalty(discriminator, real_images, fake_images, epsilon):
    """WGAN-GP: (‖∇D(x̂)‖ − 1)² with x̂ = εx + (1 − ε)G(z) (Gulrajani et al. 2017, equation 3).

    Args:
        discriminator: From images to logits.
        real_images: x, (N, H, W, C).
        fake_images: G(z), (N, H, W, C).
        epsilon: (N, 1, 1, 1), uniform in [0, 1], one per sample.

    Returns:
        (N,) penalties.
    """
    _, squared = squared_gradient_norm(discriminator, interpolate(real_images, fake_images, epsilon))
    return unit_norm_penalty(squared)


def r1_penalty(discriminator, real_images):
    """‖∇D(x)‖² on real images (Mescheder et al. 2018, equation 9; the caller multiplies by γ/2).

    Returns:
        (logits (N, 1), penalties (N,)); the logits come for free.
    """
    return squared_gradient_norm(discriminator, real_images)


def r2_penalty(discriminator, fake_images):
    """‖∇D(G(z))‖² on generated images (Mescheder et al. 2018, equation 10; the caller multiplies by γ/2).

    Returns:
        (logits (N, 1), penalties (N,)).
    """
    return squared_gradient_norm(discriminator, fake_images)


def path_lengths(synthesis, ws, image_noise):
    """‖J_wᵀ y‖ of every sample, with y ~ N(0, 1)/√(HW) (Karras et al. 2019, section 3.2).

    Args:
        synthesis: From ws (N, num_ws, w_dim) to images (N, H, W, C).
        ws: (N, num_ws, w_dim).
        image_noise: (N, H, W, C), N(0, 1).

    Returns:
        (N,): the square root of the mean over layers of the sum over w_dim of the squared gradient.
    """
    _, height, width, _ = image_noise.shape
    _, gradient = input_gradient(lambda w: ops.sum(synthesis(w) * image_noise, axis=(1, 2, 3)), ws)
    gradient = gradient / (height * width) ** 0.5
    return ops.sqrt(ops.mean(ops.sum(ops.square(gradient), axis=2), axis=1) + 1e-12)


def path_length_penalty(lengths, target):
    """(length − target)², where the target is the running mean of the lengths (Karras et al. 2019, equation 4).

    Args:
        lengths: (N,) of `path_lengths`.
        target: Scalar.

    Returns:
        (N,) penalties.
    """
    return ops.square(lengths - target)
