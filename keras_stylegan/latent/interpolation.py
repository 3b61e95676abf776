"""Paths through the latent space: linear for styles w, along the sphere for latents z."""

import numpy as np


def interpolate(points: np.ndarray, steps: int, spherical: bool = False, closed: bool = False) -> np.ndarray:
    """A path that visits the points in their order.

    Args:
        points: (P, ...) latents or styles.
        steps: Steps from one point to the next.
        spherical: Slerp, for z; linear otherwise, for w.
        closed: Go back to the first point, without repeating it: the path then loops seamlessly.

    Returns:
        (P·steps, ...) when closed, else ((P − 1)·steps + 1, ...), of the points' dtype. Point k is at k·steps.
    """
    ends = np.concatenate([points[1:], points[:1]]) if closed else points[1:]
    between = slerp if spherical else lerp
    path = [
        between(start, end, step / steps) for start, end in zip(points, ends, strict=False) for step in range(steps)
    ]
    if not closed:
        path.append(points[-1])
    return np.stack(path).astype(points.dtype)


def lerp(start: np.ndarray, end: np.ndarray, fraction: float) -> np.ndarray:
    """start + fraction·(end − start), exact at 0 and 1."""
    return (1 - fraction) * start + fraction * end


def slerp(start: np.ndarray, end: np.ndarray, fraction: float) -> np.ndarray:
    """Spherical interpolation (Shoemake 1985): sin((1−t)Ω)/sin Ω·start + sin(tΩ)/sin Ω·end.

    Normal latents lie near a sphere; a straight line would pass through lengths that were never drawn.

    Args:
        start: A vector of any shape that is not zero.
        end: Another of the same shape. Where the two are (anti)parallel the arc is not defined and `lerp` is used.
        fraction: t in [0, 1].

    Returns:
        The vector at angle tΩ, Ω being the angle between the two.
    """
    cosine = np.sum(start * end, dtype=np.float64) / (np.linalg.norm(start) * np.linalg.norm(end))
    omega = np.arccos(np.clip(cosine, -1, 1))
    if np.sin(omega) < 1e-6:
        return lerp(start, end, fraction)
    return (np.sin((1 - fraction) * omega) * start + np.sin(fraction * omega) * end) / np.sin(omega)
