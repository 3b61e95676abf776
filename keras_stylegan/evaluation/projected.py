"""Do training subjects project better than people the model has not seen? A membership attack, as a metric."""

from collections.abc import Callable

import numpy as np

from keras_stylegan.data.image_set import ImageSet
from keras_stylegan.data.intensity import to_float
from keras_stylegan.evaluation.ledger import Ledger
from keras_stylegan.evaluation.material import Material
from keras_stylegan.latent.projection import Projector
from keras_stylegan.metrics.advantage import advantage
from keras_stylegan.metrics.bootstrap import mean_interval
from keras_stylegan.metrics.estimate import Estimate
from keras_stylegan.metrics.floors import spread_sample
from keras_stylegan.metrics.metric import Key
from keras_stylegan.training.samples import Samples
from keras_stylegan.training.trained import TrainedGenerator

STEPS = 500


def measure_projection(
    trained: TrainedGenerator,
    material: Material,
    samples: Samples,
    ledger: Ledger,
    count: int,
    seed: int = 0,
    advance: Callable[[int], None] | None = None,
    steps: int = STEPS,
) -> None:
    """Projects training, held-out and generated images into w, and enters two metrics.

    Args:
        trained: The run.
        material: Its real images.
        samples: Its generated ones.
        ledger: Where the results go.
        count: Images of each of the three at most, of as many people as possible.
        seed: Of the choice and of the projections.
        advance: Called after every step with the number of images that made it.
        steps: Of the optimiser.
    """
    train, train_subjects = _chosen(material.train, count, seed)
    heldout, heldout_subjects = _chosen(material.heldout, count, seed)
    rows = np.random.default_rng(seed).permutation(len(samples.images))[:count]
    own = to_float(samples.images[rows])
    projector = Projector(trained.generator, steps=steps, seed=seed)
    found = projector.project(np.concatenate([train, heldout, own]), advance).distances
    of_train, of_heldout, of_own = np.split(found, np.cumsum([len(train), len(heldout)]))
    ledger.enter(
        Key("projection_advantage"), advantage(of_train, of_heldout, train_subjects, heldout_subjects, seed)
    )  # fmt: skip
    interval = mean_interval(of_heldout, heldout_subjects, seed)
    floor = Estimate(float(of_own.mean()), mean_interval(of_own, None, seed), len(own), 0, seed)
    estimate = Estimate(float(of_heldout.mean()), interval, len(own), len(heldout), seed, floor=floor)
    ledger.enter(Key("projection_distance"), estimate)


def projected_images(material: Material, samples: Samples, count: int) -> int:
    """How many images `measure_projection` projects."""
    return sum(min(count, size) for size in (len(material.train), len(material.heldout), len(samples.images)))


def _chosen(images: ImageSet, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rows = spread_sample(images.subjects, count, seed)
    return to_float(np.asarray(images.images[rows])), images.subjects[rows]
