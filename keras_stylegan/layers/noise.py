"""Per-pixel noise with a learned strength: one (Karras et al. 2019, figure 2), or one per channel (2018, figure 1)."""

import keras
from keras import ops

from keras_stylegan.layers.equalized import PACKAGE


@keras.saving.register_keras_serializable(PACKAGE)
class NoiseInjection(keras.layers.Layer):
    """x + strength · noise, where the noise is one value per pixel, shared by the channels.

    Weights: `strength`, trained, starts at 0, and `noise_const` (1, H, W, 1), a fixed N(0, 1) buffer.

    Args:
        per_channel: A strength per channel, not one for all.
        gain: Factor of the noise: a caller that applies its activation's gain early passes it here.
        seed: Seed of the fixed buffer.

    Call arguments:
        inputs: (N, H, W, C).
        noise: "const" for the fixed buffer, "none", or a tensor that broadcasts to (N, H, W, 1).

    Returns:
        (N, H, W, C).
    """

    def __init__(self, per_channel=False, gain=1.0, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.per_channel = per_channel
        self.gain = gain
        self.seed = seed

    def build(self, inputs_shape):
        """Create `strength`, () or (C,), and `noise_const` (1, H, W, 1)."""
        shape = (inputs_shape[3],) if self.per_channel else ()
        self.strength = self.add_weight(name="strength", shape=shape, initializer="zeros")
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
        return super().get_config() | {"per_channel": self.per_channel, "gain": self.gain, "seed": self.seed}
