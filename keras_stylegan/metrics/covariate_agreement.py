"""Do generated images show the number that was asked for, such as the position of a slice?"""

from dataclasses import replace

import numpy as np

from keras_stylegan.errors import InputError
from keras_stylegan.metrics.bootstrap import mean_interval
from keras_stylegan.metrics.estimate import Estimate, checked_features, checked_subjects, require_count
from keras_stylegan.metrics.measurer import LEAST, LinearMeasurer


def covariate_agreement(
    training_features: np.ndarray,
    training_values: np.ndarray,
    training_subjects: np.ndarray,
    heldout_features: np.ndarray,
    heldout_values: np.ndarray,
    heldout_subjects: np.ndarray,
    generated_features: np.ndarray,
    generated_values: np.ndarray,
    seed: int = 0,
) -> Estimate:
    """Learns on real images to read a number, then reads it off generated and held-out ones.

    The agreement is 1 - E|read - asked for| / E|median - asked for|, a skill score (Murphy 1988) with absolute errors:
    1 where the number is read exactly, 0 where it is told no better than by one answer for all, the training images'
    median. Images whose number is not known are left out.

    Args:
        training_features: (N, D) of the training split.
        training_values: (N,) their numbers; NaN where one is not known.
        training_subjects: (N,) whose images they are.
        heldout_features: (M, D) of the held-out subjects.
        heldout_values: (M,).
        heldout_subjects: (M,) for the interval.
        generated_features: (K, D).
        generated_values: (K,) the numbers that were asked for.
        seed: Seed of the intervals.

    Returns:
        The agreement of generated images, with that of held-out ones as its floor. Its note says when the number cannot
        be read off held-out people either.

    Raises:
        InputError: Fewer than 20 images with a number, numbers that are all the same, fewer than two subjects, or
            features that are NaN.
    """
    training = _known(training_features, training_values, training_subjects, "training images")
    heldout = _known(heldout_features, heldout_values, heldout_subjects, "held-out images")
    generated = _known(generated_features, generated_values, None, "generated images")
    read = LinearMeasurer(*training)
    median = float(np.median(training[1]))
    real = _skill(read, median, *heldout, 0, len(heldout[1]), seed)
    found = _skill(read, median, *generated, len(generated[1]), len(training[1]), seed)
    low = (real.interval or (real.value,))[0]
    note = ""
    if low <= 0:
        note = (
            "the number cannot be read off real held-out people with these features "
            f"(agreement {real.value:.2f}, 0 for one answer for all): judge nothing by this number"
        )
    return replace(found, note=note, floor=real)


def _known(features, values, subjects, name):
    """Features, numbers and subjects of the images whose number is known."""
    features, values = checked_features(features, name), np.asarray(values, np.float64)
    subjects = checked_subjects(subjects, len(features), name)
    known = np.isfinite(values)
    require_count(int(known.sum()), LEAST, "covariate agreement", f"{name} with a number")
    return features[known], values[known], subjects[known]


def _skill(read, median, features, values, subjects, count, reference_count, seed):
    errors = np.abs(read(features) - values)
    # What one answer for all would be off: a constant of these images, so that the interval is that of a mean.
    scale = float(np.abs(median - values).mean())
    if scale == 0:
        raise InputError("covariate agreement needs numbers that differ from the training images' median")
    skills = 1 - errors / scale
    return Estimate(float(skills.mean()), mean_interval(skills, subjects, seed), count, reference_count, seed)
