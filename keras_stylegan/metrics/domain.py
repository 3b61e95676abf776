"""A small encoder trained on the user's own images, without labels."""

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
from keras import layers, ops

from keras_stylegan.errors import InputError
from keras_stylegan.metrics.images import as_float, check_images, resize

SIZE = 64
"""Images are reduced to this size first."""
STEPS = 400
BATCH = 64
TEMPERATURE = 0.2
VERSION = 1
"""Part of the cached file's name: change it with anything that changes the features."""
LEAST_IMAGES = 2 * BATCH


class DomainFeatures:
    """128 features of an encoder that tells the training images apart (SimCLR: Chen et al. 2020).

    Two views of each image (shifted, scaled, mirrored, other contrast) must be recognised among the other images of
    a batch. That needs no labels, works for any images, and looks at what distinguishes one scan from another, which
    is what the memorisation audit asks. The views are neither blurred nor noisy, so the features stay sensitive to
    both. The encoder has seen the training split: distances to training images are judged against held-out ones.

    Args:
        encoder: float32 (N, 64, 64, C) to (N, 128).
        name: Name with the fingerprint of its data.
    """

    def __init__(self, encoder: keras.Model, name: str) -> None:
        self.name = name
        self._encoder = encoder

    @classmethod
    def load_or_train(
        cls,
        images: np.ndarray,
        fingerprint: str,
        cache_dir: Path | None = None,
        seed: int = 0,
        report: Callable[[str], None] = print,
        steps: int = STEPS,
    ) -> "DomainFeatures":
        """Opens the cached encoder of the data, or trains it first (about a minute on two cores).

        Args:
            images: (N, H, W, C) training images.
            fingerprint: Hash of the training data.
            cache_dir: Folder of the cache; None for ~/.cache/keras_stylegan.
            seed: Seed of weights and views.
            report: Receives a line before training.
            steps: Training steps.

        Raises:
            InputError: Too few images, or the cache cannot be written.
        """
        check_images(images, "training images")
        if len(images) < LEAST_IMAGES:
            raise InputError(f"the extractor 'domain' needs at least {LEAST_IMAGES} images. Received: {len(images)}")
        channels = images.shape[-1]
        key = hashlib.sha256(f"{VERSION} {fingerprint} {channels} {seed} {steps}".encode()).hexdigest()
        name = f"domain-{key[:8]}"
        root = Path(cache_dir) if cache_dir is not None else Path.home() / ".cache" / "keras_stylegan"
        file = root / f"{name}.weights.h5"
        encoder = make_encoder(channels, seed)
        if file.is_file():
            try:
                encoder.load_weights(str(file))
                return cls(encoder, name)
            except Exception:
                report(f"The cached encoder {file} is damaged and will be trained anew.")
                encoder = make_encoder(channels, seed)
        report(f"Training the feature extractor {name} on {len(images)} images, once.")
        train_encoder(encoder, images, seed, steps)
        try:
            root.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=root) as folder:
                temporary = Path(folder) / "encoder.weights.h5"
                encoder.save_weights(str(temporary))
                os.replace(temporary, file)
        except OSError as error:
            raise InputError(f"cannot write the feature extractor to {root}: {error.strerror or error}") from error
        return cls(encoder, name)

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """float32 (N, H, W, C) in [-1, 1] to float32 (N, 128)."""
        images = resize(np.asarray(images, np.float32), SIZE, SIZE)
        parts = [self._encoder(images[start : start + 128], training=False) for start in range(0, len(images), 128)]
        return np.concatenate([ops.convert_to_numpy(part) for part in parts])


def make_encoder(channels: int, seed: int) -> keras.Model:
    """Four 3x3 convolutions of stride 2 with 16 to 128 filters; the pooled last map, coarse layout kept."""
    inputs = keras.Input((SIZE, SIZE, channels))
    maps = inputs
    for index, filters in enumerate((16, 32, 64, 128)):
        initializer = keras.initializers.HeNormal(seed=seed * 100 + index)
        maps = layers.Conv2D(filters, 3, strides=2, padding="same", kernel_initializer=initializer)(maps)
        maps = layers.GroupNormalization(8)(maps)
        maps = layers.Activation("relu")(maps)
    flat = layers.Flatten()(maps)
    initializer = keras.initializers.GlorotNormal(seed=seed * 100 + 50)
    return keras.Model(inputs, layers.Dense(128, kernel_initializer=initializer)(flat), name="domain_encoder")


def train_encoder(encoder: keras.Model, images: np.ndarray, seed: int, steps: int) -> None:
    """Trains in place with Adam on pairs of views."""
    channels = images.shape[-1]
    pairs = keras.Input((2, SIZE, SIZE, channels))
    flat = layers.Lambda(lambda x: ops.reshape(x, (-1, SIZE, SIZE, channels)), (SIZE, SIZE, channels))(pairs)
    trainer = keras.Model(pairs, encoder(flat))
    trainer.compile(keras.optimizers.Adam(1e-3), loss=instance_loss)
    trainer.fit(_Views(images, seed, steps), epochs=1, verbose=0)


def instance_loss(_, embeddings):
    """NT-Xent (Chen et al. 2020, equation 1) of (2B, D) embeddings; rows 2i and 2i + 1 are views of one image."""
    count = ops.shape(embeddings)[0]
    unit = embeddings / ops.sqrt(ops.sum(embeddings**2, axis=1, keepdims=True) + 1e-8)
    similarity = ops.matmul(unit, ops.transpose(unit)) / TEMPERATURE
    rows = ops.arange(count)
    itself = ops.cast(ops.equal(rows[:, None], rows[None, :]), similarity.dtype)
    logits = similarity - 1e9 * itself
    partner = rows + 1 - 2 * (rows % 2)
    return ops.mean(keras.losses.sparse_categorical_crossentropy(partner, logits, from_logits=True))


class _Views(keras.utils.PyDataset):
    """Batches of pairs of views: (B, 2, 64, 64, C)."""

    def __init__(self, images, seed, steps):
        super().__init__()
        self._images, self._seed, self._steps = images, seed, steps

    def __len__(self):
        return self._steps

    def __getitem__(self, step):
        rng = np.random.default_rng([self._seed, step])
        chosen = np.sort(rng.choice(len(self._images), BATCH, replace=False))
        batch = resize(as_float(self._images[chosen]), SIZE, SIZE)
        pairs = np.stack([_view(image, rng) for image in batch for _ in range(2)])
        return pairs.reshape(BATCH, 2, *pairs.shape[1:]), np.zeros((BATCH, 1), np.float32)


def _view(image, rng):
    """Shifted up to 4 pixels, cropped to 80 to 100% and scaled back, mirrored, contrast times 0.8 to 1.2."""
    side = int(rng.integers(round(0.8 * SIZE), SIZE + 1))
    padded = np.pad(image, ((4, 4), (4, 4), (0, 0)), mode="edge")
    top, left = rng.integers(0, SIZE + 8 - side + 1, size=2)
    view = resize(padded[None, top : top + side, left : left + side], SIZE, SIZE)[0]
    if rng.random() < 0.5:
        view = view[:, ::-1]
    return (view + 1) * np.float32(rng.uniform(0.8, 1.2)) - 1
