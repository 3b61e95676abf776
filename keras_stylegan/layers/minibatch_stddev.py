"""Minibatch standard deviation: lets the discriminator see how varied a group of images is (Karras et al. 2017)."""

import keras
from keras import ops

from keras_stylegan.layers.equalized import PACKAGE


@keras.saving.register_keras_serializable(PACKAGE)
class MinibatchStddev(keras.layers.Layer):
    """Append the standard deviation over a group of samples, averaged over pixels and channels, as one channel.

    Groups are strided: with G = min(group_size, N), samples n, n + N/G, n + 2N/G, ... belong together.

    Args:
        group_size: G; the batch must be a multiple of it.
        epsilon: Added to the variance.

    Call arguments:
        inputs: (N, H, W, C); where N is not known before the graph runs, reshaping fails if it is no multiple of G.

    Returns:
        (N, H, W, C + 1).

    Raises:
        ValueError: N is known and no multiple of G.
    """

    def __init__(self, group_size=4, epsilon=1e-8, **kwargs):
        super().__init__(**kwargs)
        if group_size < 1:
            raise ValueError(f"group_size must be at least 1. Received: {group_size}")
        self.group_size = group_size
        self.epsilon = epsilon

    def call(self, inputs):
        """See the class."""
        batch, h, w, c = inputs.shape
        group = self._group(batch, ops.shape(inputs)[0])
        if batch is not None and batch % group:
            raise ValueError(f"The batch must be a multiple of the group size {group}. Received a batch of {batch}")
        grouped = ops.reshape(inputs, (group, -1, h, w, c))
        # Not ops.var or ops.moments: keep the second-order gradient free of their stop_gradient.
        centred = grouped - ops.mean(grouped, axis=0, keepdims=True)
        stddev = ops.sqrt(ops.mean(ops.square(centred), axis=0) + self.epsilon)
        feature = ops.mean(stddev, axis=(1, 2, 3), keepdims=True)  # (N/G, 1, 1, 1)
        feature = ops.tile(feature, (group, h, w, 1))
        return ops.concatenate([inputs, feature], axis=-1)

    def _group(self, known, batch):
        """min(group_size, N), a number or (N unknown before the graph runs) a scalar tensor."""
        if known is not None:
            return min(self.group_size, known)
        # A symbolic input has no N at all.
        return self.group_size if batch is None else ops.minimum(self.group_size, batch)

    def compute_output_shape(self, inputs_shape):
        """One channel more."""
        return (*inputs_shape[:-1], inputs_shape[-1] + 1)

    def get_config(self):
        """All constructor arguments."""
        return super().get_config() | {"group_size": self.group_size, "epsilon": self.epsilon}
