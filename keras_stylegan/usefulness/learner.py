"""The network that learns a label from images: how well it does on other people is what is compared."""

from dataclasses import dataclass

import keras
import numpy as np
from keras import layers, ops

from keras_stylegan.data.intensity import to_float
from keras_stylegan.metrics.domain import SIZE, make_encoder
from keras_stylegan.metrics.images import resize

BATCH = 64
RATE = 1e-3


@dataclass(frozen=True)
class Task:
    """One label.

    Attributes:
        name: 'class', or a covariate.
        classes: Classes that are told apart; 0 for a number.
    """

    name: str
    classes: int = 0

    def scores(self, predicted: np.ndarray, truth: np.ndarray) -> np.ndarray:
        """(N,) of every image: 1 where its class is right and 0 where not; of a number the absolute error."""
        return (predicted == truth).astype(float) if self.classes else np.abs(predicted - truth)


@dataclass(frozen=True)
class Pool:
    """Images with their labels, from which batches are drawn.

    Attributes:
        images: (N, H, W, C) uint8 or uint16.
        targets: (N,) classes or numbers.
    """

    images: np.ndarray
    targets: np.ndarray

    def __len__(self) -> int:
        """N."""
        return len(self.targets)


def learn(task: Task, pools: list[Pool], seed: int, steps: int) -> "Learner":
    """Trains a network from scratch: four convolutions of stride 2 and a hidden layer of 128 (as 'domain' has them).

    Every update sees `BATCH` images, drawn from all pools alike, so its cost does not depend on their number. Adam's
    rate falls to 0 along a cosine.

    Args:
        task: What is learnt.
        pools: The images; their sizes are their shares of every batch.
        seed: Of the weights and the batches.
        steps: Updates.
    """
    pools = [pool for pool in pools if len(pool)]
    targets = np.concatenate([pool.targets for pool in pools]).astype(np.float64)
    mean, deviation = (0.0, 1.0) if task.classes else (float(targets.mean()), float(targets.std()) or 1.0)
    ends = np.cumsum([len(pool) for pool in pools])
    rng = np.random.default_rng([seed, 1])
    network = _network(pools[0].images.shape[-1], max(1, task.classes), seed % 2**20)
    schedule = keras.optimizers.schedules.CosineDecay(RATE, steps)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True) if task.classes else "mse"
    network.compile(keras.optimizers.Adam(schedule), loss=loss)
    for _ in range(steps):
        rows = rng.integers(0, ends[-1], BATCH)
        owners = np.searchsorted(ends, rows, side="right")
        parts = [
            _prepared(pool.images[np.sort(rows[owners == place] - (ends[place] - len(pool)))])
            for place, pool in enumerate(pools)
            if (owners == place).any()
        ]
        # As the images above: pool after pool, sorted within.
        wanted = targets[np.sort(rows)]
        wanted = wanted.astype(np.int32) if task.classes else ((wanted - mean) / deviation).astype(np.float32)
        network.train_on_batch(np.concatenate(parts), wanted)
    return Learner(task, network, mean, deviation)


class Learner:
    """A trained network.

    Args:
        task: What it has learnt.
        network: From images (N, 64, 64, C) in [-1, 1] to logits, or to a standardised number.
        mean: Of the number.
        deviation: Of the number.
    """

    def __init__(self, task: Task, network: keras.Model, mean: float, deviation: float) -> None:
        self.task, self.network, self.mean, self.deviation = task, network, mean, deviation

    def predict(self, images: np.ndarray) -> np.ndarray:
        """(N,) classes or numbers of integer images (N, H, W, C)."""
        parts = []
        for start in range(0, len(images), 256):
            outputs = self.network(_prepared(np.asarray(images[start : start + 256])), training=False)
            parts.append(ops.convert_to_numpy(outputs))
        outputs = np.concatenate(parts)
        return outputs.argmax(axis=1) if self.task.classes else outputs[:, 0].astype(float) * self.deviation + self.mean


def _prepared(images):
    return resize(to_float(images), SIZE, SIZE)


def _network(channels, outputs, seed):
    encoder = make_encoder(channels, seed)
    initializer = keras.initializers.GlorotNormal(seed=seed * 100 + 60)
    maps = layers.Activation("relu")(encoder.output)
    return keras.Model(encoder.input, layers.Dense(outputs, kernel_initializer=initializer)(maps))
