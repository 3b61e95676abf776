"""Uniform noise of a grey level or two, which hides what no eye sees and a discriminator lives on.

The padding of real images is exactly 0 and that of generated ones is not: a cue that tells them apart and teaches
nothing of anatomy.
"""

GREY_LEVEL = 2 / 255
"""One of the 255 steps of an 8-bit image, in the units of [-1, 1]."""


def add_grey_noise(images, uniform, levels):
    """x + levels · (2/255) · (2u − 1): noise of ± so many grey levels, independent in every value.

    Nothing is clipped: a limit at black would show the padding again, as a point mass.

    Args:
        images: (N, H, W, C) in [-1, 1].
        uniform: u of the same shape, uniform in [0, 1).
        levels: Grey levels of 255.
    """
    return images + levels * GREY_LEVEL * (2.0 * uniform - 1.0)
