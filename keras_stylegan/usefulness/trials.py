"""Which classifiers are trained: on how many people, with how many generated images; and what each finds."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from keras_stylegan.data.image_set import ImageSet
from keras_stylegan.training.samples import Samples
from keras_stylegan.usefulness.learner import Pool, Task, learn

ONLY = float("inf")
"""The ratio of a classifier that sees no real image."""


@dataclass(frozen=True)
class Trial:
    """One classifier.

    Attributes:
        subjects: Training subjects whose real images are used.
        ratio: Generated images for every real one; `ONLY` for as many generated ones as there are real ones, and no
            real one.
        repetition: 0, 1, ...; others have other subjects.
    """

    subjects: int
    ratio: float
    repetition: int


def trials(subjects: Sequence[int], ratios: Sequence[float], seeds: int) -> list[Trial]:
    """Real images alone and each ratio for every number of subjects, and generated ones alone for the largest."""
    found = []
    for repetition in range(seeds):
        for count in subjects:
            found += [Trial(count, ratio, repetition) for ratio in (0.0, *ratios)]
        found.append(Trial(subjects[-1], ONLY, repetition))
    return found


def chosen_subjects(images: ImageSet, seed: int, repetition: int) -> np.ndarray:
    """All subjects in an order of which every beginning has the classes in nearly the shares of the whole.

    Args:
        images: With one or more images of each subject; a subject's class is that of its first image.
        seed: Of the order.
        repetition: As well.

    Returns:
        (S,) names of subjects; those of a smaller number are among those of a larger one.
    """
    names, first = np.unique(images.subjects, return_index=True)
    classes = images.labels["class"][first]
    rng = np.random.default_rng([seed, repetition])
    # The k-th of n subjects of a class stands at (k + 1/2) / n: classes mix evenly.
    places = np.empty(len(names))
    for group in np.unique(classes):
        rows = np.flatnonzero(classes == group)
        places[rng.permutation(rows)] = (np.arange(len(rows)) + 0.5) / len(rows)
    return names[np.argsort(places, kind="stable")]


class Bench:
    """Trains the classifiers of one task.

    Args:
        task: What is learnt.
        train: Real images of the subjects that the generator was trained on.
        heldout: Real images of others.
        samples: Generated images with their labels.
        seed: Of subjects, generated images and networks.
        steps: Updates of every classifier.
    """

    def __init__(self, task: Task, train: ImageSet, heldout: ImageSet, samples: Samples, seed: int, steps: int) -> None:
        self.task, self.train, self.heldout, self.samples = task, train, heldout, samples
        self.seed, self.steps = seed, steps
        # Samples come class after class; a part of them must be as the whole.
        self._order = np.random.default_rng([seed, 2]).permutation(len(samples.labels))

    def score(self, trial: Trial) -> np.ndarray:
        """(N,) score of every held-out image, see `Task.scores`."""
        people = chosen_subjects(self.train, self.seed, trial.repetition)[: trial.subjects]
        rows = np.flatnonzero(np.isin(self.train.subjects, people))
        count = round(len(rows) * (1 if trial.ratio == ONLY else trial.ratio))
        generated = np.sort(np.resize(self._order, count))
        real = Pool(self.train.images, self.train.labels[self.task.name])
        real = Pool(np.asarray(real.images[rows]), real.targets[rows])
        others = Pool(self.samples.images[generated], self.samples.labels[self.task.name][generated])
        pools = [others] if trial.ratio == ONLY else [real, others]
        # The same start and the same draws for all ratios: what differs is what they are given.
        learner = learn(self.task, pools, self.seed * 1000 + trial.repetition, self.steps)
        return self.task.scores(learner.predict(self.heldout.images), self.heldout.labels[self.task.name])

    def scores(self, wanted: Sequence[Trial], advance: Callable[[], None]) -> Iterator[tuple[Trial, np.ndarray]]:
        """The trials one after another."""
        for trial in wanted:
            yield trial, self.score(trial)
            advance()
