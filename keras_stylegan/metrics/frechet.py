"""Fréchet distance between Gaussians fitted to two sets of features (Heusel et al. 2017)."""

import numpy as np

from keras_stylegan.metrics.bootstrap import jackknife_interval
from keras_stylegan.metrics.estimate import Estimate, checked_pair


def matrix_square_root(matrix: np.ndarray) -> np.ndarray:
    """Symmetric square root of a symmetric positive semidefinite matrix (D, D).

    An eigendecomposition stays real and finite where a Schur iteration fails: at singular covariances.
    """
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T


def gaussian_frechet_distance(
    first_mean: np.ndarray, first_covariance: np.ndarray, second_mean: np.ndarray, second_covariance: np.ndarray
) -> float:
    """Squared 2-Wasserstein distance of two Gaussians: |m₁ - m₂|² + tr(C₁ + C₂ - 2(C₁^½ C₂ C₁^½)^½).

    Source: Dowson and Landau, The Fréchet distance between multivariate normal distributions, 1982.

    Args:
        first_mean: (D,).
        first_covariance: (D, D).
        second_mean: (D,).
        second_covariance: (D, D).

    Returns:
        The distance, at least 0. As everywhere in this field it is the square, without a root.
    """
    factor = matrix_square_root(np.asarray(second_covariance, np.float64))
    return _distance(first_mean, np.asarray(first_covariance, np.float64), second_mean, factor)


def frechet_distance(generated: np.ndarray, reference: np.ndarray) -> float:
    """The distance of the Gaussians fitted to two feature arrays.

    Args:
        generated: (N, D) features.
        reference: (M, D) features.

    Raises:
        InputError: Fewer than 2 rows, NaN, or different widths.
    """
    generated, reference = checked_pair(generated, reference, 2, "the Fréchet distance")
    # The factor of the smaller set, as the work grows with the cube of its rows.
    larger, smaller = sorted((generated, reference), key=len, reverse=True)
    first_mean, first = _centred(larger)
    second_mean, factor = _centred(smaller)
    if len(factor) > factor.shape[1]:
        factor = np.linalg.qr(factor, mode="r")
    return _distance(first_mean, first.T @ first, second_mean, factor)


def frechet(
    generated: np.ndarray, reference: np.ndarray, subjects: np.ndarray | None = None, seed: int = 0
) -> Estimate:
    """Fréchet distance with a jackknife interval over generated images and held-out subjects.

    Args:
        generated: (N, D) features of generated images.
        reference: (M, D) features of held-out images.
        subjects: (M,) subjects of the held-out images.
        seed: Seed of the jackknife's groups.

    Returns:
        The distance; lower is better. Its note says when N <= D, where the estimate is biased upwards.

    Raises:
        InputError: Fewer than 2 images, NaN, or different widths.
    """
    value = frechet_distance(generated, reference)
    interval = jackknife_interval(frechet_distance, generated, reference, subjects, seed)
    if interval is not None:
        interval = (max(interval[0], 0.0), interval[1])
    smaller, width = min(len(generated), len(reference)), generated.shape[1]
    note = ""
    if smaller <= width:
        note = (
            f"N = {smaller} is not larger than D = {width}: the covariance is singular and the value biased upwards; "
            "compare it with its floor only"
        )
    return Estimate(value, interval, len(generated), len(reference), seed, note)


def _centred(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean (D,), and F (N, D) with the covariance FᵀF."""
    features = np.asarray(features, np.float64)
    mean = features.mean(axis=0)
    return mean, (features - mean) / (len(features) - 1) ** 0.5


def _distance(first_mean, first_covariance, second_mean, factor):
    """The distance, the second covariance given as FᵀF with F (K, D).

    C₁FᵀF and FC₁Fᵀ (K, K) have the same eigenvalues but for zeros: no square root of a matrix is needed.
    """
    product = factor @ first_covariance @ factor.T
    # Rounding leaves the product slightly asymmetric, and tiny eigenvalues below zero.
    cross = np.sqrt(np.maximum(np.linalg.eigvalsh((product + product.T) / 2), 0.0)).sum()
    difference = np.asarray(first_mean, np.float64) - second_mean
    distance = difference @ difference + np.trace(first_covariance) + np.square(factor).sum() - 2 * cross
    return max(float(distance), 0.0)
