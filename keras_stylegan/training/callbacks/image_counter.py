"""Counts the images on the host, so that nobody has to ask the device after every step."""

import math

from keras_stylegan.backend.replicas import num_replicas
from keras_stylegan.training.callbacks.step_callback import StepCallback


class ImageCounter(StepCallback):
    """Keeps `model.images_seen` up to date without reading a variable, which would wait for the step to finish.

    `StyleGAN.fit` puts it before all other callbacks. For a model without `batch_size` only the variable
    knows: it is read after every step.
    """

    def on_train_begin(self, logs=None):
        """Starts at what the variable says."""
        self._count()

    def on_train_batch_begin(self, batch, logs=None):
        """Notes the first step of this execution."""
        self._first = batch

    def on_train_batch_end(self, batch, logs=None):
        """Adds the images of the steps of this execution, of which the last of an epoch may have fewer."""
        size = self.running_model.batch_size
        if size is None:
            self._count()
            return
        end = min(batch + 1, self.params.get("steps") or math.inf)
        self.running_model.counted_images += (end - self._first) * size * num_replicas()

    def _count(self):
        self.running_model.counted_images = None
        self.running_model.counted_images = self.model.images_seen
