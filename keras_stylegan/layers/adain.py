"""Adaptive instance normalisation, by which StyleGAN's styles act (Karras et al. 2018, equation 1)."""

import keras
from keras import ops

from keras_stylegan.layers.equalized import PACKAGE, EqualizedDense
from keras_stylegan.layers.seeds import derive_seed


@keras.saving.register_keras_serializable(PACKAGE)
class AdaIN(keras.layers.Layer):
    """y_s · (x − μ(x)) / sqrt(σ²(x) + ε) + y_b, with the mean and variance of every sample's every channel.

    (y_s, y_b) is an affine function of w. Its bias starts at 1 for y_s (kept as y_s − 1, which starts at 0) and at 0
    for y_b. In mixed precision all of it is float32, and the output is rounded.

    Args:
        epsilon: ε.
        seed: Seed of the initial weights.

    Call arguments:
        inputs: (N, H, W, C).
        w: (N, w_dim).

    Returns:
        (N, H, W, C).
    """

    def __init__(self, epsilon=1e-8, seed=None, **kwargs):
        super().__init__(autocast=False, **kwargs)
        self.epsilon = epsilon
        self.seed = seed

    def build(self, inputs_shape, w_shape):
        """Build the affine layer with its 2·C outputs, y_s − 1 before y_b."""
        self.affine = EqualizedDense(
            2 * inputs_shape[-1], seed=derive_seed(self.seed, "affine"), name="affine", dtype=self.variable_dtype
        )
        self.affine.build(w_shape)

    def call(self, inputs, w):
        """See the class."""
        inputs = ops.cast(inputs, self.variable_dtype)
        scale, shift = ops.split(self.affine(w)[:, None, None, :], 2, axis=-1)  # (N, 1, 1, C)
        # Not ops.moments, which stops a gradient: penalties differentiate twice.
        centred = inputs - ops.mean(inputs, axis=(1, 2), keepdims=True)
        variance = ops.mean(ops.square(centred), axis=(1, 2), keepdims=True)
        outputs = centred * ((scale + 1.0) * ops.rsqrt(variance + self.epsilon)) + shift
        return ops.cast(outputs, self.compute_dtype)

    def compute_output_shape(self, inputs_shape, w_shape):
        """Same as the inputs."""
        return inputs_shape

    def get_config(self):
        """All constructor arguments."""
        return super().get_config() | {"epsilon": self.epsilon, "seed": self.seed}
