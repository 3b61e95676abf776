"""Dense and convolution layers with an equalised learning rate (Karras et al. 2017, section 4.1).

Weights are drawn from N(0, 1) and scaled by 1/sqrt(fan_in) at run time, so that Adam, whose step does not depend on
the scale of a gradient, moves every layer at the same relative speed.
"""

import keras
from keras import ops

from keras_stylegan.layers.activation import GAIN, leaky_relu
from keras_stylegan.layers.resample import downsample, fir_filter

PACKAGE = "keras_stylegan"


def _check_activation(activation):
    if activation not in (None, "leaky_relu"):
        raise ValueError(f"activation must be None or 'leaky_relu'. Received: {activation!r}")


@keras.saving.register_keras_serializable(PACKAGE)
class EqualizedDense(keras.layers.Layer):
    """y = activation(x · W · m/sqrt(fan_in) + m · b).

    Args:
        units: Size of the output.
        activation: None or "leaky_relu" (slope 0.2, gain √2).
        lr_multiplier: m; the kernel is drawn from N(0, 1)/m, so that only the speed of learning changes.
        bias_init: Initial value of m · b.
        seed: Seed of the initial kernel.

    Call arguments:
        inputs: (N, features).

    Returns:
        (N, units).
    """

    def __init__(self, units, activation=None, lr_multiplier=1.0, bias_init=0.0, seed=None, **kwargs):
        super().__init__(**kwargs)
        _check_activation(activation)
        if units < 1:
            raise ValueError(f"units must be at least 1. Received: {units}")
        self.units = units
        self.activation = activation
        self.lr_multiplier = lr_multiplier
        self.bias_init = bias_init
        self.seed = seed

    def build(self, inputs_shape):
        """Create `kernel` (features, units) and `bias` (units,)."""
        m = self.lr_multiplier
        self.kernel = self.add_weight(
            name="kernel",
            shape=(inputs_shape[-1], self.units),
            initializer=keras.initializers.RandomNormal(0.0, 1.0 / m, seed=self.seed),
        )
        self.bias = self.add_weight(
            name="bias", shape=(self.units,), initializer=keras.initializers.Constant(self.bias_init / m)
        )
        gain = GAIN if self.activation else 1.0
        self.kernel_gain = gain * m / inputs_shape[-1] ** 0.5
        self.bias_gain = gain * m

    def call(self, inputs):
        """See the class."""
        # A dense layer has fewer inputs than weights, so scale those.
        outputs = ops.matmul(inputs * self.kernel_gain, self.kernel) + self.bias * self.bias_gain
        return leaky_relu(outputs) if self.activation else outputs

    def compute_output_shape(self, inputs_shape):
        """(N, units)."""
        return (*inputs_shape[:-1], self.units)

    def get_config(self):
        """All constructor arguments."""
        return super().get_config() | {
            "units": self.units,
            "activation": self.activation,
            "lr_multiplier": self.lr_multiplier,
            "bias_init": self.bias_init,
            "seed": self.seed,
        }


@keras.saving.register_keras_serializable(PACKAGE)
class EqualizedConv2D(keras.layers.Layer):
    """y = gain · activation(conv(x, W/sqrt(fan_in)) + b), optionally low-pass filtered and halved first.

    In mixed precision the filter and the convolution compute in 16 bits, bias and activation in float32.

    Args:
        filters: Output channels.
        kernel_size: 1 or 3; "same" zero padding.
        down: Halve the size: filter with [1, 3, 3, 1], then convolve with stride 2.
        activation: None or "leaky_relu" (slope 0.2, gain √2).
        use_bias: Add a bias per channel.
        gain: Extra factor of the output.
        clamp: Limit of the output's magnitude before `gain`; for float16.
        seed: Seed of the initial kernel.

    Call arguments:
        inputs: (N, H, W, C).

    Returns:
        (N, H, W, filters), or (N, H/2, W/2, filters) with `down`.
    """

    def __init__(
        self,
        filters,
        kernel_size,
        down=False,
        activation="leaky_relu",
        use_bias=True,
        gain=1.0,
        clamp=None,
        seed=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        _check_activation(activation)
        if filters < 1:
            raise ValueError(f"filters must be at least 1. Received: {filters}")
        if kernel_size not in (1, 3):
            raise ValueError(f"kernel_size must be 1 or 3. Received: {kernel_size}")
        self.filters = filters
        self.kernel_size = kernel_size
        self.down = down
        self.activation = activation
        self.use_bias = use_bias
        self.gain = gain
        self.clamp = clamp
        self.seed = seed

    def build(self, inputs_shape):
        """Create `kernel` (h, w, C, filters) and `bias` (filters,)."""
        k, channels = self.kernel_size, inputs_shape[-1]
        self.kernel = self.add_weight(
            name="kernel",
            shape=(k, k, channels, self.filters),
            initializer=keras.initializers.RandomNormal(0.0, 1.0, seed=self.seed),
            autocast=False,
        )
        if self.use_bias:
            self.bias = self.add_weight(name="bias", shape=(self.filters,), initializer="zeros", autocast=False)
        self.bias_gain = self.gain * (GAIN if self.activation else 1.0)
        self.kernel_gain = self.bias_gain / (channels * k * k) ** 0.5

    def call(self, inputs):
        """See the class."""
        kernel, strides, padding = ops.cast(self.kernel * self.kernel_gain, self.compute_dtype), 1, "same"
        if self.down and self.kernel_size == 1:
            inputs = downsample(inputs)
        elif self.down:
            inputs, strides, padding = fir_filter(inputs, (2, 2)), 2, "valid"
        outputs = ops.conv(inputs, kernel, strides=strides, padding=padding)
        if self.use_bias:
            # The gradient of the bias is a sum over all pixels, which 16 bits cannot hold.
            outputs = ops.cast(outputs, self.variable_dtype) + self.bias * self.bias_gain
        clamp = None if self.clamp is None else self.clamp * self.gain
        outputs = leaky_relu(outputs, clamp) if self.activation else outputs
        return ops.cast(outputs, self.compute_dtype)

    def compute_output_shape(self, inputs_shape):
        """(N, H, W, filters), halved with `down`."""
        n, h, w, _ = inputs_shape
        return (n, h // 2, w // 2, self.filters) if self.down else (n, h, w, self.filters)

    def get_config(self):
        """All constructor arguments."""
        return super().get_config() | {
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "down": self.down,
            "activation": self.activation,
            "use_bias": self.use_bias,
            "gain": self.gain,
            "clamp": self.clamp,
            "seed": self.seed,
        }
