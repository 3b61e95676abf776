"""What a projection left out, with its sign, in colours that colour-blind readers tell apart."""

import numpy as np

LIMIT = 0.5
"""Difference of the colours' ends: a quarter of the way from black (-1) to white (1). Larger ones look the same."""
COLOURS = np.array([(5, 48, 97), (67, 147, 195), (247, 247, 247), (214, 96, 77), (103, 0, 31)]) / 127.5 - 1
"""Blue, white, red: ColorBrewer's RdBu (Harrower and Brewer 2003), safe for red-green blindness and in grey print."""


def signed_colours(differences: np.ndarray, limit: float = LIMIT) -> np.ndarray:
    """Colours of signed differences.

    Args:
        differences: (..., H, W, C); of RGB images the mean of the channels counts.
        limit: Difference of the ends of the scale, above 0.

    Returns:
        (..., H, W, 3) float32 in [-1, 1]: white where there is no difference, red where it is positive, blue where it
        is negative.
    """
    place = np.clip(differences.mean(axis=-1) / limit, -1, 1) * 2 + 2
    points = np.arange(len(COLOURS))
    return np.stack([np.interp(place, points, channel) for channel in COLOURS.T], axis=-1).astype(np.float32)


def in_colour(images: np.ndarray) -> np.ndarray:
    """Images (..., H, W, 1 or 3) as RGB."""
    return np.repeat(images, 3, axis=-1) if images.shape[-1] == 1 else images
