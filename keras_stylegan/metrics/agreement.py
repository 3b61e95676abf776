"""Do generated images show the class that was asked for, and can they teach it?"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

from keras_stylegan.errors import InputError
from keras_stylegan.metrics.bootstrap import percentile_interval, subject_weights
from keras_stylegan.metrics.estimate import Estimate, checked_features, checked_subjects, require_count
from keras_stylegan.metrics.shares import mean_interval_of_shares, share_estimate

LEAST_PER_CLASS = 10
RESAMPLES = 500
PENALTY = 1e-2
"""Weight of |W|² beside the mean loss: with standardised features and hundreds of images it keeps the weights small."""


class LinearClassifier:
    """Multinomial logistic regression on standardised features.

    Linear on fixed features instead of another network: it is convex (one answer, no seed, seconds), and both sides of
    every comparison here use the same one, so that its limits cancel.

    Args:
        features: (N, D) training features.
        labels: (N,) int, indices of classes.
        class_count: Number of classes. Every class weighs the same, however many images it has.
    """

    def __init__(self, features: np.ndarray, labels: np.ndarray, class_count: int) -> None:
        features = np.asarray(features, np.float64)
        self._mean, deviation = features.mean(axis=0), features.std(axis=0)
        # A feature without variance carries nothing: 0 after the division.
        self._scale = np.where(deviation > 1e-8 * (np.abs(self._mean) + 1e-30), deviation, np.inf)
        inputs = (features - self._mean) / self._scale
        targets = np.eye(class_count)[labels]
        weights = (targets / np.maximum(targets.sum(axis=0), 1) / np.count_nonzero(targets.sum(axis=0))).sum(axis=1)
        shape = (inputs.shape[1] + 1, class_count)

        def loss_and_gradient(flat):
            parameters = flat.reshape(shape)
            logits = inputs @ parameters[:-1] + parameters[-1]
            loss = -(weights @ (targets * log_softmax(logits, axis=1)).sum(axis=1))
            error = weights[:, None] * (softmax(logits, axis=1) - targets)
            gradient = np.concatenate([inputs.T @ error + 2 * PENALTY * parameters[:-1], error.sum(axis=0)[None]])
            return loss + PENALTY * (parameters[:-1] ** 2).sum(), gradient.ravel()

        result = minimize(loss_and_gradient, np.zeros(shape[0] * shape[1]), jac=True, method="L-BFGS-B")
        self.parameters = result.x.reshape(shape)

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Most probable class (N,) of features (N, D)."""
        inputs = (np.asarray(features, np.float64) - self._mean) / self._scale
        return np.argmax(inputs @ self.parameters[:-1] + self.parameters[-1], axis=1)


@dataclass(frozen=True)
class Agreement:
    """How well a classifier trained on real images recognises the requested class.

    Attributes:
        generated: Balanced accuracy on generated images, with their requested classes.
        heldout: Balanced accuracy of the same classifier on real held-out images: what to compare with.
        chance: 1 / number of classes.
        per_class: Class name to the shares recognised among generated and among held-out images.
        note: "" or what the reader has to know.
    """

    generated: Estimate
    heldout: Estimate
    chance: float
    per_class: dict[str, tuple[Estimate, Estimate]]
    note: str = ""


@dataclass(frozen=True)
class SyntheticTraining:
    """Balanced accuracy on held-out real images after training on generated or on real ones, equally many.

    Attributes:
        synthetic: Trained on generated images.
        real: Trained on as many real training images.
        difference: synthetic - real, with a paired interval.
        chance: 1 / number of classes.
        note: "" or what the reader has to know.
    """

    synthetic: Estimate
    real: Estimate
    difference: Estimate
    chance: float
    note: str = ""


def class_agreement(
    training_features: np.ndarray,
    training_labels: np.ndarray,
    heldout_features: np.ndarray,
    heldout_labels: np.ndarray,
    generated_features: np.ndarray,
    generated_labels: np.ndarray,
    classes: tuple[str, ...],
    heldout_subjects: np.ndarray | None = None,
    seed: int = 0,
) -> Agreement:
    """Trains on real images, then asks for the class of generated and of held-out images.

    Args:
        training_features: (N, D) of the training split.
        training_labels: (N,) indices into `classes`.
        heldout_features: (M, D) of the held-out subjects.
        heldout_labels: (M,).
        generated_features: (K, D).
        generated_labels: (K,) the classes that were asked for.
        classes: Names.
        heldout_subjects: (M,) for the interval.
        seed: Seed of the intervals.

    Returns:
        The agreement. Its note says when the classifier does not beat chance on held-out people.

    Raises:
        InputError: Fewer than 10 images of a class, NaN, or labels that do not fit.
    """
    count = len(classes)
    training = _checked(training_features, training_labels, classes, "training images")
    heldout = _checked(heldout_features, heldout_labels, classes, "held-out images")
    generated = _checked(generated_features, generated_labels, classes, "generated images")
    classifier = LinearClassifier(*training, count)
    owners = checked_subjects(heldout_subjects, len(heldout[0]), "held-out images")
    on_generated = classifier.predict(generated[0]) == generated[1]
    on_heldout = classifier.predict(heldout[0]) == heldout[1]
    counts = [np.bincount(labels, minlength=count) for labels in (generated[1], heldout[1])]
    generated_shares = _class_shares(on_generated, generated[1], np.arange(len(generated[0])), *counts, seed)
    heldout_shares = _class_shares(on_heldout, heldout[1], owners, *counts, seed)
    generated_estimate = _balanced(generated_shares, len(generated[0]), len(training[0]), seed)
    heldout_estimate = _balanced(heldout_shares, 0, len(owners), seed)
    per_class = dict(zip(classes, zip(generated_shares, heldout_shares, strict=True), strict=True))
    note = _chance_note(heldout_estimate, count)
    return Agreement(generated_estimate, heldout_estimate, 1 / count, per_class, note)


def synthetic_training(
    training_features: np.ndarray,
    training_labels: np.ndarray,
    heldout_features: np.ndarray,
    heldout_labels: np.ndarray,
    generated_features: np.ndarray,
    generated_labels: np.ndarray,
    classes: tuple[str, ...],
    heldout_subjects: np.ndarray | None = None,
    seed: int = 0,
) -> SyntheticTraining:
    """Train on synthetic, test on real, against train on real, test on real (Esteban et al. 2017).

    Both training sets have the same number of images of every class, and both classifiers are tested on the same
    held-out people, who are resampled together: the interval of the difference is paired.

    Args:
        training_features: (N, D) of the training split.
        training_labels: (N,) indices into `classes`.
        heldout_features: (M, D) of the held-out subjects.
        heldout_labels: (M,).
        generated_features: (K, D).
        generated_labels: (K,) the classes that were asked for.
        classes: Names.
        heldout_subjects: (M,) for the intervals.
        seed: Seed of the choice of images and of the intervals.

    Returns:
        Both accuracies and their difference.

    Raises:
        InputError: Fewer than 10 images of a class, NaN, or labels that do not fit.
    """
    count = len(classes)
    training = _checked(training_features, training_labels, classes, "training images")
    heldout = _checked(heldout_features, heldout_labels, classes, "held-out images")
    generated = _checked(generated_features, generated_labels, classes, "generated images")
    owners = checked_subjects(heldout_subjects, len(heldout[0]), "held-out images")
    sizes = [min(np.sum(training[1] == label), np.sum(generated[1] == label)) for label in range(count)]
    rng = np.random.default_rng(seed)
    counts, used = [np.array(sizes), np.bincount(heldout[1], minlength=count)], int(sum(sizes))
    estimates, replicates = [], []
    for features, labels in (generated, training):
        chosen = [rng.choice(np.flatnonzero(labels == label), size, replace=False) for label, size in enumerate(sizes)]
        chosen = np.sort(np.concatenate(chosen))
        correct = LinearClassifier(features[chosen], labels[chosen], count).predict(heldout[0]) == heldout[1]
        shares = _class_shares(correct, heldout[1], owners, *counts, seed)
        estimates.append(_balanced(shares, used, len(owners), seed))
        replicates.append(_replicates(correct, heldout[1], owners, count, seed))
    synthetic, real = estimates
    paired = replicates[0] - replicates[1]
    interval = None if (paired == paired[0]).all() else percentile_interval(paired)
    difference = Estimate(synthetic.value - real.value, interval, used, len(owners), seed)
    return SyntheticTraining(synthetic, real, difference, 1 / count, _chance_note(real, count))


def _checked(features, labels, classes, name):
    features, labels = checked_features(features, name), np.asarray(labels)
    if labels.shape != (len(features),):
        raise InputError(f"{name}: one label per image is needed, {len(features)}. Received: shape {labels.shape}")
    if len(classes) < 2:
        raise InputError(f"class agreement needs at least 2 classes. Received: {classes}")
    if labels.min(initial=0) < 0 or labels.max(initial=0) >= len(classes):
        raise InputError(f"{name}: labels must be indices into {classes}. Received: {np.unique(labels).tolist()}")
    for label, class_name in enumerate(classes):
        found = int(np.count_nonzero(labels == label))
        require_count(found, LEAST_PER_CLASS, "class agreement", f"{name} of the class {class_name}")
    return features, labels


def _class_shares(correct, labels, owners, generated_counts, reference_counts, seed):
    """Share of correct images of every class."""
    return [
        share_estimate(correct[labels == label], owners[labels == label], int(generated), int(reference), seed)
        for label, (generated, reference) in enumerate(zip(generated_counts, reference_counts, strict=True))
    ]


def _balanced(shares, generated_count, reference_count, seed):
    """Mean of the shares of all classes. Its interval holds where no subject stands in two classes."""
    value = float(np.mean([share.value for share in shares]))
    return Estimate(value, mean_interval_of_shares(shares), generated_count, reference_count, seed)


def _replicates(correct, labels, owners, count, seed):
    """Balanced accuracy in resamples of whole subjects, (B,)."""
    weights = subject_weights(owners, RESAMPLES, np.random.default_rng(seed))
    with np.errstate(invalid="ignore"):  # a resample without a class is left out
        shares = [
            weights[:, labels == c] @ correct[labels == c] / weights[:, labels == c].sum(axis=1) for c in range(count)
        ]
    return np.mean(shares, axis=0, dtype=np.float64)


def _chance_note(estimate, count):
    low, high = estimate.interval or (0.0, 1.0)
    if low <= 1 / count:
        return (
            "the classes cannot be told apart on real held-out people with these features "
            f"(interval {low:.2f} to {high:.2f}, chance {1 / count:.2f}): "
            "judge nothing by this number"
        )
    return ""
