"""A model with the attributes that the callbacks read, whose metrics are the numbers in its data."""

import keras
import numpy as np
from keras import ops

COLUMNS = ("d_loss", "g_loss", "r1_penalty", "real_score")


class FakeGan(keras.Model):
    """One row of the data is one image; the columns become the metrics. A NaN in r1_penalty is "not this time"."""

    def __init__(self, generator_ema=None):
        super().__init__()
        self.generator_ema = generator_ema
        self.images = self.add_weight(name="images", shape=(), dtype="int64", initializer="zeros", trainable=False)
        self.means = [keras.metrics.Mean(name=name) for name in COLUMNS]
        self.skipped = keras.metrics.Sum(name="skipped_updates")
        self.interval_metrics = False
        self.compile(run_eagerly=True)

    @property
    def metrics(self):
        return [*self.means, self.skipped]

    @property
    def images_seen(self):
        return int(self.images)

    def reset_metrics(self):
        if not self.interval_metrics:
            self.reset_interval()

    def reset_interval(self):
        for metric in self.metrics:
            metric.reset_state()

    def train_step(self, data):
        rows, _, _ = keras.utils.unpack_x_y_sample_weight(data)
        rows = np.asarray(rows)
        self.images.assign_add(len(rows))
        for metric, column in zip(self.means, rows.T, strict=False):
            if metric.name != "r1_penalty" or not np.isnan(column).any():
                metric.update_state(ops.convert_to_tensor(column))
        self.skipped.update_state(rows[:, -1] if rows.shape[1] > len(self.means) else 0.0)
        return {metric.name: metric.result() for metric in self.metrics}

    def state(self):
        """All numbers, as a checkpoint holds them."""
        return [self.images.numpy(), *(variable.numpy() for metric in self.metrics for variable in metric.variables)]

    def restore(self, state):
        variables = [self.images, *(variable for metric in self.metrics for variable in metric.variables)]
        for variable, value in zip(variables, state, strict=True):
            variable.assign(value)


def rows(count, seed=0):
    """(count, 4) float32."""
    return np.random.default_rng(seed).normal(size=(count, len(COLUMNS))).astype(np.float32)


def fit(model, data, callbacks, batch_size=4, epoch=0):
    """One epoch without shuffling."""
    model.fit(
        data,
        batch_size=batch_size,
        shuffle=False,
        verbose=0,
        callbacks=callbacks,
        initial_epoch=epoch,
        epochs=epoch + 1,
    )
