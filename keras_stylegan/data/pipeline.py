"""Batches of real images in the order that `fit` reads them."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np

from keras_stylegan.data.image_set import ImageSet
from keras_stylegan.data.intensity import to_float
from keras_stylegan.data.variation_draws import draws
from keras_stylegan.errors import InputError


def epoch_order(count: int, seed: int, epoch: int) -> tuple[np.ndarray, np.ndarray]:
    """The order of the images in one epoch and which of them are mirrored; depends on nothing but the arguments.

    Args:
        count: Number of images N.
        seed: Seed of the run.
        epoch: Number of the epoch, from 0.

    Returns:
        A permutation (N,) of the indices, and (N,) bool: mirror the image at this place of the order.
    """
    generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, epoch])))
    return generator.permutation(count), generator.random(count) < 0.5


class TrainingBatches(keras.utils.PyDataset):
    """Shuffled batches of an image set; every image is shown once per epoch (less a remainder below one batch).

    Item i is the i-th batch that is left in the current epoch: images (B, H, W, C) float32 in [-1, 1], and the columns
    of the labels: a dictionary with 'class' (B,) int32 and each covariate (B,) float32, where NaN is unknown. Keras
    asks for the number of batches once, at the start of `fit`, and uses it for every epoch of that call; so a run that
    starts within an epoch goes through `fit_epochs`. Always pass `shuffle=False` to `fit`, whose default would take the
    batches of an epoch in an order of Python's own random generator. After a `fit` that was stopped within an epoch
    make a new object: this one cannot tell which of the batches read ahead were used.

    Args:
        image_set: The images.
        batch_size: Images per batch, B.
        seed: Seed of the order and of the mirroring.
        horizontal_flip: Mirror every image left to right with probability 0.5.
        epoch: Number of the current epoch.
        first_batch: Batches of the current epoch that have been used already.
        c_dim: Number of classes the networks know, 0 if they are unconditional.
        vary: From images (B, H, W, C) float32 in [-1, 1] and their `variation_draws.draws` to images, see `variation`.
        part: (i, n): items hold only the i-th of n equal parts of each batch's rows, where n processes share a batch.

    Attributes:
        epoch: Number of the current epoch.
        first_batch: Batches left out at the start of the current epoch.
        batches_per_epoch: Batches of a whole epoch.

    Raises:
        InputError: Fewer images than a batch, `first_batch` beyond the epoch, or a label that is no class of `c_dim`.

    Example:

    ```python
    batches = TrainingBatches(image_set, batch_size=64, seed=0, horizontal_flip=True)
    model.fit(batches, epochs=150, shuffle=False)
    ```
    """

    def __init__(
        self,
        image_set: ImageSet,
        batch_size: int,
        seed: int,
        horizontal_flip: bool,
        epoch: int = 0,
        first_batch: int = 0,
        c_dim: int = 0,
        part: tuple[int, int] = (0, 1),
        vary: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None,
    ) -> None:
        super().__init__()
        count = len(image_set)
        if count < batch_size:
            raise InputError(
                f"training.batch_size must be at most the number of images, {count}. Received: {batch_size}"
            )
        self.batches_per_epoch = count // batch_size
        if not 0 <= first_batch < self.batches_per_epoch:
            raise InputError(f"first_batch must be from 0 to {self.batches_per_epoch - 1}. Received: {first_batch}")
        highest = int(image_set.labels["class"].max())
        if c_dim and highest >= c_dim:
            raise InputError(f"labels must be below c_dim={c_dim}. Received: a label {highest}")
        # Indexing the memory map as a plain array skips the bookkeeping of numpy's subclass.
        self._images = np.asarray(image_set.images)
        columns = {name: image_set.labels[name] for name in image_set.labels.dtype.names}
        # Columns by themselves are copied faster than rows of records.
        self._labels = columns | {"class": columns["class"].astype(np.int32)}
        self._labels = {name: np.ascontiguousarray(column) for name, column in self._labels.items()}
        self._batch_size = batch_size
        self._seed = seed
        self._horizontal_flip = horizontal_flip
        self._part, self._vary = part, vary
        self._in_epoch = False
        self._steps_of_fit: int | None = None
        self._start(epoch, first_batch)

    @property
    def epoch(self) -> int:
        """Number of the current epoch."""
        return self._position[0]

    @property
    def first_batch(self) -> int:
        """Batches left out at the start of the current epoch."""
        return self._position[1]

    def __len__(self) -> int:
        """Batches left in the current epoch."""
        return self.batches_per_epoch - self.first_batch

    def __getitem__(self, index: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """The batch `index` of those left in the current epoch: images (B, H, W, C) and columns of labels (B,)."""
        # One read of the whole state: Keras prefetches in a thread that may outlive the epoch.
        epoch, first_batch, order, flips = self._position
        if not 0 <= index < self.batches_per_epoch - first_batch:
            raise IndexError(f"index must be from 0 to {self.batches_per_epoch - first_batch - 1}. Received: {index}")
        number, count = self._part
        size = self._batch_size // count
        start = (first_batch + index) * self._batch_size + number * size
        chosen = order[start : start + size]
        images = self._images[chosen]
        if self._horizontal_flip:
            mirrored = flips[start : start + size]
            images[mirrored] = images[mirrored, :, ::-1]
        images = to_float(images)
        if self._vary is not None:
            images = self._vary(images, draws(self._seed, epoch, chosen))
        return images, {name: column[chosen] for name, column in self._labels.items()}

    def on_epoch_begin(self) -> None:
        """Called by Keras before it iterates."""
        if self._steps_of_fit not in (None, len(self)):
            raise RuntimeError(
                f"fit would show {self._steps_of_fit} of the {len(self)} batches of epoch {self.epoch}, because it "
                "began within an epoch: use fit_epochs, or one fit per call up to the next whole epoch"
            )
        self._in_epoch = True

    def on_epoch_end(self) -> None:
        """Goes on to the first batch of the next epoch."""
        if self._in_epoch:
            self._start(self.epoch + 1, 0)
            self._in_epoch = False
        else:
            # Keras calls this once before the first epoch of a fit, when it takes the number of steps.
            self._steps_of_fit = len(self)

    def _start(self, epoch: int, first_batch: int) -> None:
        self._position = (epoch, first_batch, *epoch_order(len(self._images), self._seed, epoch))


def fit_epochs(
    model: keras.Model,
    batches: TrainingBatches,
    epochs: int,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    verbose: Any = "auto",
) -> None:
    """Trains up to the end of epoch `epochs` - 1 from wherever `batches` stand, also within an epoch.

    Keras fixes the number of steps per epoch when `fit` starts. So a started epoch is finished by a `fit` of its own;
    the callbacks then see `on_train_begin` and `on_train_end` twice.

    Args:
        model: A compiled model.
        batches: Their `epoch` is the `initial_epoch`.
        epochs: Number of the first epoch that is not trained any more, as in `fit`.
        callbacks: For `fit`.
        verbose: For `fit`.
    """
    ends = [batches.epoch + 1, epochs] if batches.first_batch else [epochs]
    for end in ends:
        if batches.epoch < min(end, epochs):
            model.fit(
                batches,
                initial_epoch=batches.epoch,
                epochs=min(end, epochs),
                shuffle=False,
                callbacks=list(callbacks),
                verbose=verbose,
            )
        if model.stop_training:
            break
