"""Per-pixel noise, scaled by one learned strength (Karras et al. 2019, section 2 and figure 2)."""

import keras
from keras import ops

from keras_stylegan.layers.equalized import PACKAGE


@keras.saving.register_keras_serializable(PACKAGE)
class NoiseInjection(keras.layers.Layer):
    """x + strength · noise, where the noise is one value per pixel, shared by the channels.

    Weights: `strength`, a trained scalar that starts at 0, and `noise_const` (1, H, W, 1), a fixed N(0, 1) buffer.

    Args:
        gain: Factor of the noise: a caller that applies its activation's gain early passes it here.
        seed: Seed of the fixed buffer.

    Call arguments:
        inputs: (N, H, W, C).
        noise: "const" for the fixed buffer, "none", or a tensor that broadcasts to (N, H, W, 1).

    Returns:
        (N, H, W, C).
    """

    def __init__(self, gain=1.0, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.gain = gain
        self.seed = seed

    def build(self, inputs_shape):
        """Create `strength` () and `noise_const` (1, H, W, 1)."""
        self.strength = self.add_weight(name="strength", shape=(), initializer="zeros")
        self.noise_const = self.add_weight(
            name="noise_const",
            shape=(1, inputs_shape[1], inputs_shape[2], 1),
            initializer=keras.initializers.RandomNormal(0.0, 1.0, seed=self.seed),
            trainable=False,
        )

    def call(self, inputs, noise="const"):
        """See the class."""
        if isinstance(noise, str):
            if noise == "none":
                return inputs
            if noise != "const":
                raise ValueError(f"noise must be 'const', 'none' or a tensor. Received: {noise!r}")
            noise = self.noise_const
        return inputs + ops.cast(noise, inputs.dtype) * (self.strength * self.gain)

    def compute_output_shape(self, inputs_shape):
        """Same as the inputs."""
        return inputs_shape

    def get_config(self):
        """All constructor arguments."""
        return super().get_config() | {"gain": self.gain, "seed": self.seed}
