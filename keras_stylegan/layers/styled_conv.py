"""One layer of the synthesis network, and the layer that turns its features into an image."""

import keras
from keras import ops

from keras_stylegan.layers.activation import GAIN, leaky_relu
from keras_stylegan.layers.equalized import PACKAGE, EqualizedDense
from keras_stylegan.layers.modulated_conv import ModulatedConv2D
from keras_stylegan.layers.noise import NoiseInjection
from keras_stylegan.layers.seeds import derive_seed


@keras.saving.register_keras_serializable(PACKAGE)
class StyledConv2D(keras.layers.Layer):
    """Affine style, modulated convolution, noise, bias, leaky ReLU (Karras et al. 2019, figure 2c).

    In mixed precision only the convolution computes in 16 bits, and the output is rounded to them.

    Args:
        filters: Output channels.
        up: Double the size.
        gain: Extra factor of the output.
        clamp: Limit of the output's magnitude before `gain`; for float16.
        seed: Seed of the initial weights.

    Call arguments:
        inputs: (N, H, W, C).
        w: (N, w_dim).
        noise: "const", "none" or a tensor that broadcasts to (N, H, W, 1), at the size of the output.

    Returns:
        (N, H, W, filters), or (N, 2H, 2W, filters) with `up`.
    """

    def __init__(self, filters, up=False, gain=1.0, clamp=None, seed=None, **kwargs):
        # w keeps its precision.
        super().__init__(autocast=False, **kwargs)
        self.filters = filters
        self.up = up
        self.gain = gain
        self.clamp = clamp
        self.seed = seed
        # The activation's gain goes into demodulation, noise and bias: one pass less over the features.
        self.total_gain = gain * GAIN
        self.conv = ModulatedConv2D(
            filters, up=up, gain=self.total_gain, seed=derive_seed(seed, "conv"), name="conv", dtype=self.dtype_policy
        )
        self.noise = NoiseInjection(
            gain=self.total_gain, seed=derive_seed(seed, "noise"), name="noise", dtype=self.variable_dtype
        )

    def build(self, inputs_shape, w_shape):
        """Build the affine layer, the convolution and the noise; create `bias` (filters,)."""
        channels = inputs_shape[-1]
        self.affine = EqualizedDense(
            channels, bias_init=1.0, seed=derive_seed(self.seed, "affine"), name="affine", dtype=self.variable_dtype
        )
        self.affine.build(w_shape)
        self.conv.build(inputs_shape, (w_shape[0], channels))
        self.noise.build(self.conv.compute_output_shape(inputs_shape, None))
        self.bias = self.add_weight(name="bias", shape=(self.filters,), initializer="zeros", autocast=False)

    def call(self, inputs, w, noise="const"):
        """See the class."""
        # Noise is added to the small bias first: one pass less over the features when it is the same for all samples.
        bias = ops.reshape(self.bias * self.total_gain, (1, 1, 1, self.filters))
        outputs = self.conv(inputs, self.affine(w)) + self.noise(bias, noise=noise)
        clamp = None if self.clamp is None else self.clamp * self.gain
        return ops.cast(leaky_relu(outputs, clamp), self.compute_dtype)

    def compute_output_shape(self, inputs_shape, w_shape):
        """(N, H, W, filters), doubled with `up`."""
        return self.conv.compute_output_shape(inputs_shape, None)

    def get_config(self):
        """All constructor arguments."""
        return super().get_config() | {
            "filters": self.filters,
            "up": self.up,
            "gain": self.gain,
            "clamp": self.clamp,
            "seed": self.seed,
        }


@keras.saving.register_keras_serializable(PACKAGE)
class ToRGB(keras.layers.Layer):
    """Features to image: 1x1 modulated convolution without demodulation, linear (Karras et al. 2019, figure 7).

    Args:
        channels: 1 or 3.
        clamp: Limit of the output's magnitude; for float16.
        seed: Seed of the initial weights.

    Call arguments:
        inputs: (N, H, W, C).
        w: (N, w_dim).

    Returns:
        (N, H, W, channels).
    """

    def __init__(self, channels, clamp=None, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.channels = channels
        self.clamp = clamp
        self.seed = seed

    def build(self, inputs_shape, w_shape):
        """Build the affine layer; create `kernel` (C, channels) and `bias` (channels,)."""
        features = inputs_shape[-1]
        self.affine = EqualizedDense(
            features, bias_init=1.0, seed=derive_seed(self.seed, "affine"), name="affine", dtype=self.dtype_policy
        )
        self.affine.build(w_shape)
        self.kernel = self.add_weight(
            name="kernel",
            shape=(features, self.channels),
            initializer=keras.initializers.RandomNormal(0.0, 1.0, seed=derive_seed(self.seed, "kernel")),
        )
        self.bias = self.add_weight(name="bias", shape=(self.channels,), initializer="zeros")
        self.kernel_gain = 1.0 / features**0.5

    def call(self, inputs, w):
        """See the class."""
        _, h, width, features = inputs.shape
        # With so few output channels a kernel per sample is cheaper than a pass over the features to modulate them.
        kernel = self.affine(w)[:, :, None] * (self.kernel * self.kernel_gain)[None]  # (N, C, channels)
        outputs = ops.matmul(ops.reshape(inputs, (-1, h * width, features)), kernel) + self.bias
        outputs = ops.reshape(outputs, (-1, h, width, self.channels))
        return outputs if self.clamp is None else ops.clip(outputs, -self.clamp, self.clamp)

    def compute_output_shape(self, inputs_shape, w_shape):
        """(N, H, W, channels)."""
        return (*inputs_shape[:-1], self.channels)

    def get_config(self):
        """All constructor arguments."""
        return super().get_config() | {"channels": self.channels, "clamp": self.clamp, "seed": self.seed}
