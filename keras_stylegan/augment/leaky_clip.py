"""What lies beyond black and white is pulled in before the discriminator sees it."""

from keras import ops


def leaky_clip(images, leak):
    """x, but −1 + leak·(x + 1) below −1 and 1 + leak·(x − 1) above 1.

    The padding of real images is exactly black. A generator whose output is linear hardly gets there, and a
    discriminator can live on that cue, which teaches nothing of anatomy. Written to a file, everything below black is
    black; here nearly so, and a generator makes padding by aiming below it. The leak keeps a gradient that leads back.

    Args:
        images: (N, H, W, C); real ones are in [-1, 1] and stay as they are.
        leak: Share of the excess that is left, in (0, 1]; 1 changes nothing.
    """
    if leak == 1:
        return images
    # Not maxima: at exactly -1, where real padding is, backends differ in the gradient of those.
    images = ops.where(images < -1, leak * (images + 1) - 1, images)
    return ops.where(images > 1, leak * (images - 1) + 1, images)
