"""The layers of StyleGAN's synthesis network of 2018: what follows every convolution, and the convolution with it."""

import keras
from keras import ops

from keras_stylegan.layers.activation import leaky_relu
from keras_stylegan.layers.adain import AdaIN
from keras_stylegan.layers.equalized import PACKAGE
from keras_stylegan.layers.noise import NoiseInjection
from keras_stylegan.layers.resample import conv_up
from keras_stylegan.layers.seeds import derive_seed


@keras.saving.register_keras_serializable(PACKAGE)
class AdaINEpilogue(keras.layers.Layer):
    """Noise with a strength per channel, bias, leaky ReLU, AdaIN (Karras et al. 2018, figure 1b).

    The gain √2 of the leaky ReLU is left out: AdaIN divides by it again. In mixed precision only the output is rounded
    to 16 bits.

    Args:
        clamp: Limit of the output's magnitude; for float16.
        seed: Seed of the initial weights.

    Call arguments:
        inputs: (N, H, W, C).
        w: (N, w_dim).
        noise: "const", "none" or a tensor that broadcasts to (N, H, W, 1).

    Returns:
        (N, H, W, C).
    """

    def __init__(self, clamp=None, seed=None, **kwargs):
        super().__init__(autocast=False, **kwargs)
        self.clamp = clamp
        self.seed = seed
        self.noise = NoiseInjection(
            per_channel=True, seed=derive_seed(seed, "noise"), name="noise", dtype=self.variable_dtype
        )
        self.adain = AdaIN(seed=derive_seed(seed, "adain"), name="adain", dtype=self.variable_dtype)

    def build(self, inputs_shape, w_shape):
        """Build the noise and AdaIN; create `bias` (C,)."""
        self.noise.build(inputs_shape)
        self.adain.build(inputs_shape, w_shape)
        self.bias = self.add_weight(name="bias", shape=(inputs_shape[-1],), initializer="zeros", autocast=False)

    def call(self, inputs, w, noise="const"):
        """See the class."""
        # Noise is added to the small bias first: one pass less over the features when it is the same for all samples.
        bias = self.noise(ops.reshape(self.bias, (1, 1, 1, -1)), noise=noise)
        outputs = self.adain(leaky_relu(ops.cast(inputs, self.variable_dtype) + bias), w)
        outputs = outputs if self.clamp is None else ops.clip(outputs, -self.clamp, self.clamp)
        return ops.cast(outputs, self.compute_dtype)

    def compute_output_shape(self, inputs_shape, w_shape):
        """Same as the inputs."""
        return inputs_shape

    def get_config(self):
        """All constructor arguments."""
        return super().get_config() | {"clamp": self.clamp, "seed": self.seed}


@keras.saving.register_keras_serializable(PACKAGE)
class AdaINConv2D(keras.layers.Layer):
    """3x3 convolution with an equalised learning rate, then an `AdaINEpilogue`.

    In mixed precision the convolution and the filter compute in 16 bits.

    Args:
        filters: Output channels.
        up: Double the size: transposed convolution with stride 2, then a [1, 3, 3, 1] filter.
        clamp: See `AdaINEpilogue`.
        seed: Seed of the initial weights.

    Call arguments:
        inputs: (N, H, W, C).
        w: (N, w_dim).
        noise: "const", "none" or a tensor that broadcasts to (N, H, W, 1), at the size of the output.

    Returns:
        (N, H, W, filters), or (N, 2H, 2W, filters) with `up`.
    """

    def __init__(self, filters, up=False, clamp=None, seed=None, **kwargs):
        super().__init__(autocast=False, **kwargs)
        if filters < 1:
            raise ValueError(f"filters must be at least 1. Received: {filters}")
        self.filters = filters
        self.up = up
        self.clamp = clamp
        self.seed = seed
        self.epilogue = AdaINEpilogue(
            clamp=clamp, seed=derive_seed(seed, "epilogue"), name="epilogue", dtype=self.dtype_policy
        )

    def build(self, inputs_shape, w_shape):
        """Create `kernel`: (3, 3, C, filters), or with `up` (3, 3, filters, C), as a transposed convolution has it."""
        channels = inputs_shape[-1]
        self.kernel = self.add_weight(
            name="kernel",
            shape=(3, 3, self.filters, channels) if self.up else (3, 3, channels, self.filters),
            initializer=keras.initializers.RandomNormal(0.0, 1.0, seed=derive_seed(self.seed, "kernel")),
            autocast=False,
        )
        self.kernel_gain = 1.0 / (9 * channels) ** 0.5
        self.epilogue.build(self.compute_output_shape(inputs_shape, w_shape), w_shape)

    def call(self, inputs, w, noise="const"):
        """See the class."""
        kernel = ops.cast(self.kernel * self.kernel_gain, self.compute_dtype)
        inputs = ops.cast(inputs, self.compute_dtype)
        outputs = conv_up(inputs, kernel) if self.up else ops.conv(inputs, kernel, padding="same")
        return self.epilogue(outputs, w, noise=noise)

    def compute_output_shape(self, inputs_shape, w_shape):
        """(N, H, W, filters), doubled with `up`."""
        n, h, w, _ = inputs_shape
        return (n, 2 * h, 2 * w, self.filters) if self.up else (n, h, w, self.filters)

    def get_config(self):
        """All constructor arguments."""
        return super().get_config() | {
            "filters": self.filters,
            "up": self.up,
            "clamp": self.clamp,
            "seed": self.seed,
        }
