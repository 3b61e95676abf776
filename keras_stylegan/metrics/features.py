"""Feature extractors behind one interface; which one was used is part of every metric's name."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import keras
import numpy as np

from keras_stylegan.errors import InputError
from keras_stylegan.metrics.domain import DomainFeatures
from keras_stylegan.metrics.images import as_float, check_images, resize
from keras_stylegan.metrics.onnx_features import OnnxFeatures
from keras_stylegan.metrics.random_features import RandomFeatures
from keras_stylegan.metrics.smooth_features import SmoothFeatures

EXTRACTORS = ("random", "smooth", "domain", "inception")


class FeatureExtractor(Protocol):
    """Turns images into feature rows."""

    name: str
    """Becomes part of a metric's name: equal names mean comparable values."""

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """float32 (N, H, W, C) in [-1, 1] to float32 (N, D)."""


def make_extractor(
    name: str,
    *,
    weights: Path | None = None,
    training_images: np.ndarray | None = None,
    fingerprint: str = "",
    cache_dir: Path | None = None,
    seed: int = 0,
    report: Callable[[str], None] = print,
) -> FeatureExtractor:
    """Makes the extractor that was asked for, never another one.

    Args:
        name: 'random', 'smooth', 'domain', 'inception' or the path of an .onnx file.
        weights: Weights file of 'inception' (.h5 or .weights.h5 of keras.applications.InceptionV3).
        training_images: (N, H, W, C) for 'domain', which trains on them once.
        fingerprint: Of the training images; 'domain' is cached under it.
        cache_dir: Folder of the cached encoder; None for ~/.cache/keras_stylegan.
        seed: Seed of 'random', 'smooth' and 'domain'.
        report: Receives a line before long work.

    Raises:
        InputError: The name is unknown, or weights or a file are missing or unusable.
    """
    if name.endswith(".onnx"):
        return OnnxFeatures(Path(name))
    if weights is not None and name != "inception":
        raise InputError(f"weights belong to the extractor 'inception'. Received: extractor {name!r}")
    if name == "random":
        return RandomFeatures(seed)
    if name == "smooth":
        return SmoothFeatures(seed)
    if name == "domain":
        if training_images is None or not fingerprint:
            raise InputError("the extractor 'domain' needs training images and their fingerprint")
        return DomainFeatures.load_or_train(training_images, fingerprint, cache_dir, seed, report)
    if name == "inception":
        return InceptionFeatures(weights)
    raise InputError(f"extractor must be one of {EXTRACTORS} or the path of an .onnx file. Received: {name!r}")


def extract(
    extractor: FeatureExtractor,
    images: np.ndarray,
    batch_size: int = 256,
    advance: Callable[[int], None] | None = None,
) -> np.ndarray:
    """Features of a whole set, batch by batch.

    Args:
        extractor: The extractor.
        images: (N, H, W, C) uint8, uint16 or float in [-1, 1]; may be a memory map.
        batch_size: Images at a time.
        advance: Called with the number of images done after each batch.

    Returns:
        float32 (N, D).

    Raises:
        InputError: Images or features are unusable (shape, NaN).
    """
    check_images(images, "images")
    parts = []
    for start in range(0, len(images), batch_size):
        batch = as_float(images[start : start + batch_size])
        features = np.asarray(extractor(batch), np.float32)
        if features.ndim != 2 or len(features) != len(batch):
            raise InputError(
                f"extractor {extractor.name} must give one row per image, ({len(batch)}, D). Received: {features.shape}"
            )
        if not np.isfinite(features).all():
            raise InputError(f"extractor {extractor.name} gave NaN or infinite features for images from {start} on")
        parts.append(features)
        if advance is not None:
            advance(len(batch))
    return np.concatenate(parts)


class InceptionFeatures:
    """The 2048 pooled features of keras.applications.InceptionV3 (ImageNet).

    Not the weights of 2015 behind published FIDs: compare values of this program with each other only.

    Args:
        weights: Weights file with or without the classification head; None downloads Keras's.

    Raises:
        InputError: No download is possible, or the file does not fit.
    """

    SIZE = 299

    def __init__(self, weights: Path | None = None) -> None:
        self.name = "inception"
        if weights is None:
            try:
                self._model = keras.applications.InceptionV3(include_top=False, pooling="avg", weights="imagenet")
            except Exception as error:
                reason = str(error).splitlines()[0] if str(error) else type(error).__name__
                raise InputError(
                    f"the weights of 'inception' could not be downloaded ({reason}); "
                    "give a file with --weights, or use the extractor 'random'"
                ) from error
            return
        if not Path(weights).is_file():
            raise InputError(f"the weights file does not exist. Received: {str(weights)!r}")
        self.name = f"inception-{file_digest(weights)}"
        self._model = self._from_file(Path(weights))

    def _from_file(self, weights: Path) -> keras.Model:
        reason: Exception | None = None
        for head in (False, True):
            try:
                model = keras.applications.InceptionV3(
                    include_top=head, pooling="avg", weights=None, classifier_activation=None
                )
                model.load_weights(str(weights))
            except Exception as error:
                reason = error
                continue
            return keras.Model(model.input, model.get_layer("avg_pool").output) if head else model
        line = str(reason).splitlines()[0]
        raise InputError(f"{weights} holds no weights of keras.applications.InceptionV3 ({line})") from reason

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """float32 (N, H, W, 1 or 3) in [-1, 1] to float32 (N, 2048)."""
        images = resize(np.asarray(images, np.float32), self.SIZE, self.SIZE)
        if images.shape[-1] == 1:
            images = np.repeat(images, 3, axis=-1)
        # Few at a time: 1.5 GB instead of 5.6 for 32, and no slower on a CPU.
        return self._model.predict(images, batch_size=8, verbose=0)


def file_digest(path: Path) -> str:
    """First 8 hex digits of the SHA-256 of a file."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:8]
