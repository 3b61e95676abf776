"""Modulated convolution with demodulation (Karras et al. 2019, section 2.2)."""

import keras
from keras import ops

from keras_stylegan.layers.equalized import PACKAGE
from keras_stylegan.layers.resample import conv_up


@keras.saving.register_keras_serializable(PACKAGE)
class ModulatedConv2D(keras.layers.Layer):
    """3x3 convolution whose kernel is scaled per sample by a style and then normalised per output channel.

    The paper scales kernels, w'_ijk = s_i·w_ijk (equation 1), which scales the deviation of the outputs by
    σ_j = sqrt(Σ_ik w'_ijk²) (equation 2), and divides by it, w''_ijk = w'_ijk / sqrt(σ_j² + ε) (equation 3). Scaling
    the inputs by s_i and the outputs by 1 / sqrt(σ_j² + ε) is the same, needs one convolution for the whole batch
    instead of a grouped one, and exports as a plain convolution with a free batch axis.
    The kernel gets no 1/sqrt(fan_in): demodulation removes it.

    In mixed precision the convolution and the filter compute in 16 bits, with bounded sums, everything else in float32.

    Args:
        filters: Output channels.
        up: Double the size: transposed convolution with stride 2, then a [1, 3, 3, 1] filter.
        gain: Factor of the output (the gain of the activation that follows).
        epsilon: ε of equation 3.
        seed: Seed of the initial kernel.

    Call arguments:
        inputs: (N, H, W, C).
        style: (N, C).

    Returns:
        (N, H, W, filters), or (N, 2H, 2W, filters) with `up`; float32 in mixed precision.
    """

    def __init__(self, filters, up=False, gain=1.0, epsilon=1e-8, seed=None, **kwargs):
        super().__init__(autocast=False, **kwargs)
        if filters < 1:
            raise ValueError(f"filters must be at least 1. Received: {filters}")
        self.filters = filters
        self.up = up
        self.gain = gain
        self.epsilon = epsilon
        self.seed = seed

    def build(self, inputs_shape, style_shape):
        """Create `kernel`: (3, 3, C, filters), or with `up` (3, 3, filters, C), as a transposed convolution has it."""
        channels = inputs_shape[-1]
        if style_shape[-1] != channels:
            raise ValueError(f"style must have one value per input channel ({channels}). Received: {style_shape}")
        self.kernel = self.add_weight(
            name="kernel",
            shape=(3, 3, self.filters, channels) if self.up else (3, 3, channels, self.filters),
            initializer=keras.initializers.RandomNormal(0.0, 1.0, seed=self.seed),
            autocast=False,
        )

    def call(self, inputs, style):
        """See the class; the numbers are those of the paper's equations."""
        kernel, style = self.kernel, ops.cast(style, self.variable_dtype)
        energy = ops.sum(ops.square(kernel), axis=(0, 1))  # Σ_k w_ijk²
        energy = ops.transpose(energy) if self.up else energy  # (C, filters)
        variance = ops.matmul(ops.square(style), energy)  # (2): σ_j² = Σ_i s_i² Σ_k w_ijk²
        demodulation = ops.rsqrt(variance + self.epsilon) * self.gain  # (3): 1 / sqrt(σ_j² + ε)
        if self.compute_dtype != self.variable_dtype:
            kernel, style, demodulation = self._bounded(kernel, style, demodulation, energy)
        modulated = ops.cast(inputs, self.variable_dtype) * style[:, None, None, :]  # (1): s_i, on the inputs
        modulated, kernel = ops.cast(modulated, self.compute_dtype), ops.cast(kernel, self.compute_dtype)
        outputs = conv_up(modulated, kernel) if self.up else ops.conv(modulated, kernel, padding="same")
        return ops.cast(outputs, self.variable_dtype) * demodulation[:, None, None, :]  # (3), on the outputs

    def _bounded(self, kernel, style, demodulation, energy):
        """The same three factors of the output, such that no sum of the convolution leaves the range of float16.

        A style is divided by its largest magnitude and a filter by its norm (Karras et al. 2020, "ADA", appendix D.1,
        with the largest weight in place of the norm); the demodulation takes both factors back. By Cauchy-Schwarz a sum
        is then at most the largest input times sqrt(fan_in): 17,400 for inputs clamped at 256 and 512 channels.

        Args:
            kernel: As in `build`.
            style: (N, C).
            demodulation: (N, filters).
            energy: (C, filters), Σ_k w_ijk².
        """
        # Constants to the gradient, since the output does not depend on them.
        largest = ops.stop_gradient(ops.max(ops.abs(style), axis=1, keepdims=True) + self.epsilon)
        norms = ops.stop_gradient(ops.sqrt(ops.sum(energy, axis=0) + self.epsilon))  # (filters,)
        kernel = kernel / (norms[:, None] if self.up else norms)
        return kernel, style / largest, demodulation * largest * norms

    def compute_output_shape(self, inputs_shape, style_shape):
        """(N, H, W, filters), doubled with `up`."""
        n, h, w, _ = inputs_shape
        return (n, 2 * h, 2 * w, self.filters) if self.up else (n, h, w, self.filters)

    def get_config(self):
        """All constructor arguments."""
        return super().get_config() | {
            "filters": self.filters,
            "up": self.up,
            "gain": self.gain,
            "epsilon": self.epsilon,
            "seed": self.seed,
        }
