"""A measured number with everything that a reader needs to judge it, and checks of what is measured."""

from dataclasses import asdict, dataclass

import numpy as np

from keras_stylegan.errors import InputError


@dataclass(frozen=True)
class Floor:
    """The distance between two subject-disjoint real sets; a perfect generator of new people reaches it.

    Attributes:
        value: Mean over the repeats.
        low: Smallest of the repeats.
        high: Largest of the repeats.
        count: Real images that stand in for the generated ones.
        reference_count: Held-out images.
        repeats: Draws of stand-in subjects.
        seed: Seed of the draws.
        note: "" or what the reader has to know.
    """

    value: float
    low: float
    high: float
    count: int
    reference_count: int
    repeats: int
    seed: int
    note: str = ""


@dataclass(frozen=True)
class Estimate:
    """One value with its interval and how it was measured.

    Attributes:
        value: The point estimate.
        interval: Ends of the 95% interval, or None where there is none.
        generated_count: Generated images that went into it.
        reference_count: Real images that went into it.
        seed: Seed of every random choice in it.
        note: "" or what the reader has to know, such as a bias.
        floor: The same between real images, where it was measured along.
    """

    value: float
    interval: tuple[float, float] | None
    generated_count: int
    reference_count: int
    seed: int | None = None
    note: str = ""
    floor: "Estimate | Floor | None" = None

    def as_dict(self) -> dict:
        """The fields, ready for JSON."""
        return asdict(self)


def require_count(count: int, needed: int, metric: str, name: str) -> None:
    """Raises `InputError` unless there are enough images.

    Args:
        count: Images there are.
        needed: Images the metric needs.
        metric: Its name, for the message.
        name: Which images, such as "held-out images".
    """
    if count < needed:
        raise InputError(f"{metric} needs at least {needed} {name}. Received: {count}")


def checked_features(features: np.ndarray, name: str) -> np.ndarray:
    """Features as an array (N, D) of finite numbers.

    Args:
        features: Array-like (N, D).
        name: Whose features, for the message.

    Raises:
        InputError: The shape is another one, or a value is NaN or infinite.
    """
    features = np.asarray(features)
    if features.ndim != 2 or features.shape[1] == 0:
        raise InputError(f"features of the {name} must have shape (N, D). Received: {features.shape}")
    finite = np.isfinite(features).all(axis=1)
    if not finite.all():
        raise InputError(
            f"{np.count_nonzero(~finite)} of {len(features)} feature rows of the {name} are NaN or infinite; "
            f"the first is row {int(np.argmin(finite))}"
        )
    return features


def checked_pair(generated: np.ndarray, reference: np.ndarray, needed: int, metric: str) -> tuple:
    """Both feature arrays, checked, of one width and with at least `needed` rows each.

    Raises:
        InputError: Wrong shape, NaN, different widths or too few rows.
    """
    generated = checked_features(generated, "generated images")
    reference = checked_features(reference, "held-out images")
    if generated.shape[1] != reference.shape[1]:
        raise InputError(
            "generated and held-out features must have the same width. "
            f"Received: {generated.shape[1]} and {reference.shape[1]}"
        )
    require_count(len(generated), needed, metric, "generated images")
    require_count(len(reference), needed, metric, "held-out images")
    return generated, reference


def checked_subjects(subjects: np.ndarray | None, count: int, name: str) -> np.ndarray:
    """Subjects as indices (N,) int64 from 0 on; every image is its own subject where they are None.

    Args:
        subjects: (N,) of any comparable type, or None.
        count: N, the number of images.
        name: Whose subjects, for the message.

    Raises:
        InputError: There is not one subject for each image.
    """
    if subjects is None:
        return np.arange(count)
    subjects = np.asarray(subjects)
    if subjects.shape != (count,):
        raise InputError(f"{name}: one subject per image is needed, {count}. Received: shape {subjects.shape}")
    return np.unique(subjects, return_inverse=True)[1].astype(np.int64)
