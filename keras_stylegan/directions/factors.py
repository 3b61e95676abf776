"""The factors that directions are fitted to and judged by: classes, covariates, and the look of a head."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_stylegan.data.image_set import ImageSet
from keras_stylegan.errors import InputError
from keras_stylegan.evaluation.material import Material, material_or_reason
from keras_stylegan.metrics.appearance import TITLES, Appearance, appearance
from keras_stylegan.metrics.estimate import Estimate
from keras_stylegan.metrics.features import extract
from keras_stylegan.metrics.floors import spread_sample
from keras_stylegan.metrics.measurer import LinearMeasurer, correlation
from keras_stylegan.metrics.random_features import RandomFeatures
from keras_stylegan.training.trained import TrainedGenerator

POOL = 2000
"""Real images of each side at most, of as many people as possible."""
FIT_SEED, JUDGE_SEED = 0, 1
"""Of the features: a direction must not please one set of features only."""


@dataclass(frozen=True)
class Factor:
    """Something that images differ in.

    Attributes:
        name: Of the class or covariate as the data call it, or of the appearance.
        title: In words.
        fit: Labels images (N, H, W, C) uint8 to fit a direction on: (N,), NaN where it cannot. None if it could not be
            learned.
        judge: The same by a measurer of other people with other features, to judge with.
        fit_quality: Correlation of `fit` with the truth on held-out people; None where nothing is learned.
        judge_quality: Correlation of `judge` with the truth on training subjects, whom it has not seen.
    """

    name: str
    title: str
    fit: Callable[[np.ndarray], np.ndarray]
    judge: Callable[[np.ndarray], np.ndarray]
    fit_quality: Estimate | None = None
    judge_quality: Estimate | None = None

    @property
    def judged_by_chance(self) -> bool:
        """Whether the measurer that judges tells people it has not seen apart no better than chance."""
        return self.judge_quality is not None and not self.judge_quality.interval[0] > 0

    def record(self, deviation: float) -> dict[str, Any]:
        """The entry of directions.json."""
        quality = {
            name: found and {"correlation": found.value, "low": found.interval[0], "high": found.interval[1]}
            for name, found in (("heldout", self.fit_quality), ("training", self.judge_quality))
        }
        return {"name": self.name, "title": self.title, "standard_deviation": deviation, "told_from_people": quality}


def find_factors(
    trained: TrainedGenerator, options: Any, say: Callable[[str], None], progress: bool = False
) -> list[Factor]:
    """The factors of a run's images.

    Args:
        trained: The run.
        options: `DirectionsOptions`.
        say: Called with a line for every factor.
        progress: Show progress bars.

    Raises:
        InputError: Images that were named do not suit the run.
    """
    looks = [_of_appearance(name, title) for name, title in TITLES.items()]
    if trained.generator.channels != 1:
        # Of photographs the middle is no ventricle.
        looks = looks[:0]
    material, reason = material_or_reason(trained, options.data_path, options.heldout_path, progress)
    if material is None:
        say(f"The run's images cannot be had ({reason}): only the look of images is measured")
        return looks
    learned = _learned(trained, material, say)
    return learned + looks


def _of_appearance(name, title):
    def measure(images):
        return getattr(appearance(images), name)

    assert name in Appearance._fields
    return Factor(name, title, measure, measure)


def _learned(trained, material: Material, say):
    sides = []
    for images, seed in ((material.train, FIT_SEED), (material.heldout, JUDGE_SEED)):
        rows = spread_sample(images.subjects, POOL)
        sides.append((images, rows, np.asarray(images.images[rows]), RandomFeatures(seed)))
    features = [[extract(extractor, side[2]) for side in sides] for extractor in (sides[0][3], sides[1][3])]
    factors = []
    for name, title, values_of in _truths(trained, material.train, material.heldout):
        truths = [values_of(images)[rows] for images, rows, _, _ in sides]
        known = [np.isfinite(truth) for truth in truths]
        subjects = [images.subjects[rows] for images, rows, _, _ in sides]
        try:
            fit, judge = (
                LinearMeasurer(features[k][k][known[k]], truths[k][known[k]], subjects[k][known[k]]) for k in (0, 1)
            )
            quality = [
                correlation(measurer(features[k][other][known[other]]), truths[other][known[other]],
                            subjects[other][known[other]])
                for k, other, measurer in ((0, 1, fit), (1, 0, judge))
            ]  # fmt: skip
        except InputError as error:
            say(f"{name}: left out: {error}")
            continue
        factors.append(
            Factor(name, title, _by(fit, sides[0][3]), _by(judge, sides[1][3]), quality[0], quality[1])
        )  # fmt: skip
        texts = [f"{found.value:.2f} [{found.interval[0]:.2f}, {found.interval[1]:.2f}]" for found in quality]
        say(f"{name}: correlation with the truth {texts[0]} on held-out people, {texts[1]} the other way round")
    return factors


def _truths(trained, train: ImageSet, heldout: ImageSet):
    """(name, title, function of an `ImageSet`) of everything that both sides come with."""
    classes = trained.classes if len(trained.classes) > 1 and heldout.classes == train.classes else ()
    # Of two classes one says all.
    for number, name in enumerate(classes[: 1 if len(classes) == 2 else None]):
        others = classes[1] if len(classes) == 2 else "others"
        yield name, f"class {name} (against {others})", lambda s, n=number: (s.labels["class"] == n).astype(float)
    shared = [name for name in train.labels.dtype.names if name != "class" and name in heldout.labels.dtype.names]
    for name in shared:
        yield name, name.replace("_", " "), lambda s, n=name: s.labels[n].astype(float)


def _by(measurer, extractor):
    return lambda images: measurer(extract(extractor, images))
