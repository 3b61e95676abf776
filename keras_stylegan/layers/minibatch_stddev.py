"""Minibatch standard deviation: lets the discriminator see how varied a group of images is (Karras et al. 2017).

Groups are strided: with G = min(group_size, N), samples n, n + N/G, n + 2N/G, ... belong together.
"""

import keras
from keras import ops

from keras_stylegan.layers.equalized import PACKAGE, EqualizedConv2D


def group_deviation(inputs, group_size, epsilon):
    """Standard deviation of every pixel and channel over the samples of a group.

    Args:
        inputs: (N, H, W, C); where N is not known before the graph runs, reshaping fails if it is no multiple of G.
        group_size: See the module.
        epsilon: Added to the variance.

    Returns:
        (N/G, H, W, C), and G: a number or (N unknown before the graph runs) a scalar tensor.

    Raises:
        ValueError: N is known and no multiple of G.
    """
    batch, h, w, c = inputs.shape
    if batch is not None:
        group = min(group_size, batch)
        if batch % group:
            raise ValueError(f"The batch must be a multiple of the group size {group}. Received a batch of {batch}")
    else:
        # A symbolic input has no N at all.
        count = ops.shape(inputs)[0]
        group = group_size if count is None else ops.minimum(group_size, count)
    grouped = ops.reshape(inputs, (group, -1, h, w, c))
    # Not ops.var or ops.moments: keep the second-order gradient free of their stop_gradient.
    centred = grouped - ops.mean(grouped, axis=0, keepdims=True)
    return ops.sqrt(ops.mean(ops.square(centred), axis=0) + epsilon), group


def _check_group(group_size):
    if group_size < 1:
        raise ValueError(f"group_size must be at least 1. Received: {group_size}")


@keras.saving.register_keras_serializable(PACKAGE)
class MinibatchStddev(keras.layers.Layer):
    """Append the standard deviation over a group of samples, averaged over pixels and channels, as one channel.

    Args:
        group_size: See the module; the batch must be a multiple of it.
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
        _check_group(group_size)
        self.group_size = group_size
        self.epsilon = epsilon

    def call(self, inputs):
        """See the class."""
        _, h, w, _ = inputs.shape
        stddev, group = group_deviation(inputs, self.group_size, self.epsilon)
        feature = ops.mean(stddev, axis=(1, 2, 3), keepdims=True)  # (N/G, 1, 1, 1)
        feature = ops.tile(feature, (group, h, w, 1))
        return ops.concatenate([inputs, feature], axis=-1)

    def compute_output_shape(self, inputs_shape):
        """One channel more."""
        return (*inputs_shape[:-1], inputs_shape[-1] + 1)

    def get_config(self):
        """All constructor arguments."""
        return super().get_config() | {"group_size": self.group_size, "epsilon": self.epsilon}


@keras.saving.register_keras_serializable(PACKAGE)
class DeviationMaps(keras.layers.Layer):
    """x + W·σ(x): adds to the features what the images of a group differ in, and where.

    `MinibatchStddev` averages σ into one number, which says how varied a group is and not in what: images of one brain
    in many brightnesses can have that of images of many people. Here every channel of every pixel has its own (σ as
    there, without the average), and the layer stands at every resolution, so that detail which is the same in all
    images shows as well.

    Args:
        group_size: See the module; the batch must be a multiple of it.
        epsilon: Added to the variance.
        seed: Seed of the initial kernel.

    Call arguments:
        inputs: (N, H, W, C), as for `MinibatchStddev`.

    Returns:
        (N, H, W, C).

    Raises:
        ValueError: N is known and no multiple of G.
    """

    def __init__(self, group_size=4, epsilon=1e-8, seed=None, **kwargs):
        super().__init__(**kwargs)
        _check_group(group_size)
        self.group_size, self.epsilon, self.seed = group_size, epsilon, seed

    def build(self, inputs_shape):
        """Build W (1, 1, C, C)."""
        # Half: at first the features themselves weigh more.
        self.mix = EqualizedConv2D(
            inputs_shape[-1],
            1,
            activation=None,
            use_bias=False,
            gain=0.5,
            seed=self.seed,
            name="mix",
            dtype=self.dtype_policy,
        )
        self.mix.build(inputs_shape)

    def call(self, inputs):
        """See the class."""
        stddev, group = group_deviation(inputs, self.group_size, self.epsilon)
        return inputs + ops.tile(self.mix(stddev), (group, 1, 1, 1))

    def compute_output_shape(self, inputs_shape):
        """Same as the inputs."""
        return inputs_shape

    def get_config(self):
        """All constructor arguments."""
        return super().get_config() | {"group_size": self.group_size, "epsilon": self.epsilon, "seed": self.seed}
