"""Phantoms of three groups of people: training, held-out, and new ones that an honest generator would show."""

from typing import NamedTuple

import numpy as np

from keras_stylegan.data.phantom import phantom_images
from keras_stylegan.metrics.images import as_float
from keras_stylegan.metrics.memorization import Audit, AuditFeatures, audit
from keras_stylegan.metrics.random_features import RandomFeatures


class People(NamedTuple):
    """Images of some people."""

    images: np.ndarray
    labels: np.ndarray
    subjects: np.ndarray
    features: np.ndarray
    flipped: np.ndarray


def embed(images):
    return RandomFeatures()(as_float(images))


def draw(count, offset=0, seed=0):
    """`count` images 32x32 of the subjects from `offset` on."""
    drawn = phantom_images(count, 32, seed=seed, subject_offset=offset)
    images = drawn.images
    return People(images, drawn.labels, drawn.subjects, embed(images), embed(images[:, :, ::-1]))


def part(people, first, last):
    """The images of the subjects number `first` to `last` - 1, four each."""
    return People(*(values[4 * first : 4 * last] for values in people))


def audit_people(generated: np.ndarray, training: People, heldout: People, seed: int = 0, **options) -> Audit:
    """The audit with random features."""
    features = AuditFeatures(
        "random",
        embed(generated),
        training.features,
        heldout.features,
        embed(generated[:, :, ::-1]),
        heldout.flipped,
    )
    return audit(
        generated,
        training.images,
        heldout.images,
        features,
        training_subjects=training.subjects,
        heldout_subjects=heldout.subjects,
        seed=seed,
        **options,
    )
