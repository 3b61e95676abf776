"""Counts the images on the host, so that nobody has to ask the device after every step."""

import math

import keras

from keras_stylegan.backend.replicas import num_replicas


class ImageCounter(keras.callbacks.Callback):
    """Keeps `model.images_seen` up to date without reading a variable, which would wait for the step to finish.

    `AdversarialTrainer.fit` puts it before all other callbacks. A model without `batch_size` is not counted: its
    `images_seen` then reads the variable.
    """

    def on_train_begin(self, logs=None):
        """Starts at what the variable says."""
        if self.model.batch_size is not None:
            self.model.counted_images = self.model.images_seen

    def on_train_batch_begin(self, batch, logs=None):
        """Notes the first step of this execution."""
        self._first = batch

    def on_train_batch_end(self, batch, logs=None):
        """Adds the images of the steps of this execution, of which the last of an epoch may have fewer."""
        if self.model.counted_images is not None:
            end = min(batch + 1, self.params.get("steps") or math.inf)
            self.model.counted_images += (end - self._first) * self.model.batch_size * num_replicas()

    def on_train_end(self, logs=None):
        """The variable can be read again."""
        self.model.counted_images = None
