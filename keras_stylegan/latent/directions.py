"""Directions of the space of styles: where a generator's weights, its styles, or what it shows of a factor lead.

Of every direction one unit is one standard deviation of the styles along it, so that ±3 is where styles are.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from keras import ops


@dataclass(frozen=True)
class Direction:
    """One direction: w + amount · vector in the layers `first` to `end` − 1.

    Attributes:
        name: Unique among those of a file.
        kind: 'sefa', 'pca' or 'supervised'.
        layers: (first, end) of the styles that it moves.
        vector: (w_dim,) float32.
        target: The factor that a supervised one is to change; "" for others.
    """

    name: str
    kind: str
    layers: tuple[int, int]
    vector: np.ndarray
    target: str = ""

    def moved(self, ws: np.ndarray, amount: float | np.ndarray) -> np.ndarray:
        """Styles (N, num_ws, w_dim) moved by an amount, or by one each (N,), in standard deviations."""
        result = np.array(ws, np.float32)
        amounts = np.broadcast_to(np.asarray(amount, np.float32), (len(result),))
        result[:, slice(*self.layers)] += amounts[:, None, None] * self.vector
        return result


def style_kernels(generator) -> list[np.ndarray] | None:
    """For every style, the dense kernels (w_dim, n) that it goes through, side by side.

    Returns:
        One array per style; None for a family of networks that does not say (`style_kernels` of its synthesis).
    """
    found = getattr(generator.synthesis, "style_kernels", None)
    if found is None:
        return None
    return [np.concatenate([ops.convert_to_numpy(kernel) for kernel in kernels], axis=1) for kernels in found()]


def sefa(kernels: Sequence[np.ndarray], layers: range, w: np.ndarray, count: int) -> list[np.ndarray]:
    """The directions that change what layers are told most: argmax ‖Aᵀ n‖² for unit n, one after the other.

    Shen and Zhou 2021, "Closed-form factorization of latent semantics in GANs": the eigenvectors of A Aᵀ with the
    largest eigenvalues, A (w_dim, n) being the kernels of the chosen layers side by side.

    Args:
        kernels: Of `style_kernels`.
        layers: Styles that are moved.
        w: (N, w_dim) styles, for the unit.
        count: Directions, at most w_dim.
    """
    kernel = np.concatenate([kernels[layer] for layer in layers], axis=1).astype(np.float64)
    _, vectors = np.linalg.eigh(kernel @ kernel.T)
    return [one_deviation(vector, w) for vector in vectors.T[::-1][:count]]


def principal(w: np.ndarray, count: int) -> list[np.ndarray]:
    """The principal components of styles, the largest first (Härkönen et al. 2020, "GANSpace")."""
    _, vectors = np.linalg.eigh(np.cov(w.astype(np.float64), rowvar=False))
    return [one_deviation(vector, w) for vector in vectors.T[::-1][:count]]


def slopes(w: np.ndarray, factors: np.ndarray) -> list[np.ndarray]:
    """For each factor, how the mean style changes with it and with all that goes with it: the covariances.

    Args and returns: See `partial_slopes`.
    """
    centred = factors - factors.mean(axis=0)
    return [one_deviation(slope, w, keep_sign=True) for slope in centred.T @ (w - w.mean(axis=0))]


def partial_slopes(w: np.ndarray, factors: np.ndarray) -> list[np.ndarray]:
    """For each factor, how the mean style changes with it while the others stay: least squares of w on the factors.

    Unlike the gradient of a factor in w it does not leave the cloud of styles, and unlike the difference of two means
    it does not take along what goes with the factor elsewhere.

    Args:
        w: (N, w_dim).
        factors: (N, K), none constant.

    Returns:
        K vectors (w_dim,); positive amounts raise the factor.
    """
    scaled = (factors - factors.mean(axis=0)) / factors.std(axis=0)
    # Two factors that go together in every image are told apart by chance alone: the ridge keeps that small.
    gram = scaled.T @ scaled / len(w) + RIDGE * np.eye(scaled.shape[1])
    slopes = np.linalg.solve(gram, scaled.T @ (w - w.mean(axis=0)) / len(w))
    return [one_deviation(slope, w, keep_sign=True) for slope in slopes]


RIDGE = 1e-2
"""Beside variances of 1."""


def chance(w: np.ndarray, count: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Directions that mean nothing, but lead to where styles are: from one style to another, drawn at random."""
    pairs = rng.choice(len(w), (count, 2))
    pairs[:, 1] = (pairs[:, 0] + 1 + pairs[:, 1] % (len(w) - 1)) % len(w)
    return [one_deviation(w[second] - w[first], w, keep_sign=True) for first, second in pairs]


def one_deviation(vector: np.ndarray, w: np.ndarray, keep_sign: bool = False) -> np.ndarray:
    """A vector (w_dim,) float32 as long as one standard deviation of styles w (N, w_dim) along it.

    An eigenvector has no sign of its own: its largest entry becomes positive.
    """
    unit = np.asarray(vector, np.float64) / np.linalg.norm(vector)
    if not keep_sign and unit[np.argmax(np.abs(unit))] < 0:
        unit = -unit
    return (unit * np.std(w @ unit)).astype(np.float32)
