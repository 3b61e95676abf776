"""Do generated images show the class that was asked for, and can they teach it?"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

from keras_stylegan.errors import InputError
from keras_stylegan.metrics.bootstrap import percentile_interval, subject_weights
from keras_stylegan.metrics.estimate import Estimate, checked_features, checked_subjects, require_count

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
        per_class: Class name to (share recognised among generated, among held-out).
        note: "" or what the reader has to know.
    """

    generated: Estimate
    heldout: Estimate
    chance: float
    per_class: dict[str, tuple[float, float]]
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
    singles = np.arange(len(on_generated))
    generated_estimate, _ = _balanced(on_generated, generated[1], singles, count, seed, len(singles), len(training[0]))
    heldout_estimate, _ = _balanced(on_heldout, heldout[1], owners, count, seed, 0, len(owners))
    per_class = {
        name: (float(on_generated[generated[1] == label].mean()), float(on_heldout[heldout[1] == label].mean()))
        for label, name in enumerate(classes)
    }
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
    results = []
    for features, labels in (generated, training):
        chosen = [rng.choice(np.flatnonzero(labels == label), size, replace=False) for label, size in enumerate(sizes)]
        chosen = np.sort(np.concatenate(chosen))
        predicted = LinearClassifier(features[chosen], labels[chosen], count).predict(heldout[0])
        results.append(_balanced(predicted == heldout[1], heldout[1], owners, count, seed, sum(sizes), len(owners)))
    (synthetic, synthetic_replicates), (real, real_replicates) = results
    difference = Estimate(
        synthetic.value - real.value,
        percentile_interval(synthetic_replicates - real_replicates),
        int(sum(sizes)),
        len(owners),
        seed,
    )
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


def _balanced(correct, labels, owners, count, seed, generated_count, reference_count):
    """Mean over classes of the share of correct images, and its replicates over resampled subjects."""
    weights = subject_weights(owners, RESAMPLES, np.random.default_rng(seed))
    weights = np.concatenate([np.ones((1, len(labels)), np.float32), weights])
    with np.errstate(invalid="ignore"):  # a resample without a class is left out
        shares = [
            weights[:, labels == c] @ correct[labels == c] / weights[:, labels == c].sum(axis=1) for c in range(count)
        ]
    values = np.mean(shares, axis=0, dtype=np.float64)
    interval = percentile_interval(values[1:])
    return Estimate(float(values[0]), interval, int(generated_count), int(reference_count), seed), values[1:]


def _chance_note(estimate, count):
    if estimate.interval[0] <= 1 / count:
        return (
            "the classes cannot be told apart on real held-out people with these features "
            f"(interval {estimate.interval[0]:.2f} to {estimate.interval[1]:.2f}, chance {1 / count:.2f}): "
            "judge nothing by this number"
        )
    return ""
