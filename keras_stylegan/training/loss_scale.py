"""Dynamic loss scaling, for gradients that pass through float16."""

import keras
from keras import ops

from keras_stylegan.backend import value_and_gradients
from keras_stylegan.layers.equalized import PACKAGE


@keras.saving.register_keras_serializable(PACKAGE)
class LossScale(keras.layers.Layer):
    """The factor S of a loss whose gradients pass through float16 (Micikevicius et al. 2017, section 3.2).

    The loss times S keeps small gradients from becoming zero; the gradients are divided by S in float32. An overflow
    halves S, and `growth_interval` updates without one double it. A layer, so that Keras saves its state.

    Args:
        initial: S at the start; as all values of S a power of two, which rounds nothing.
        growth_interval: Updates without overflow until S is doubled.
        minimum: S never falls below. An overflow there is none of the scale's, but training that diverges.
        maximum: S never rises above.
    """

    def __init__(self, initial=2.0**12, growth_interval=2000, minimum=1.0, maximum=2.0**24, **kwargs):
        super().__init__(dtype="float32", **kwargs)
        self.initial, self.growth_interval = initial, growth_interval
        self.minimum, self.maximum = minimum, maximum
        self.scale = self._state("scale", "float32", initial)
        self.good_updates = self._state("good_updates", "int32", 0)
        self.built = True

    def _state(self, name, dtype, value):
        initializer = keras.initializers.Constant(value)
        return self.add_weight(name=name, shape=(), dtype=dtype, initializer=initializer, trainable=False)

    def value_and_gradients(self, loss, variables):
        """`keras_stylegan.backend.value_and_gradients` by way of the scaled loss; not finite after an overflow."""
        scale = ops.convert_to_tensor(self.scale)

        def scaled():
            value, rest = loss()
            return value * scale, (value, rest)

        _, (value, rest), gradients = value_and_gradients(scaled, variables)
        return value, rest, [gradient / scale for gradient in gradients]

    def can_fall(self):
        """Whether there is a smaller scale: boolean scalar."""
        return ops.greater(self.scale, self.minimum)

    def update(self, finite):
        """Count one update.

        Args:
            finite: Boolean scalar: all its gradients were finite.
        """
        good = ops.where(finite, self.good_updates + 1, 0)
        grow = ops.greater_equal(good, self.growth_interval)
        scale = ops.where(finite, self.scale * ops.where(grow, 2.0, 1.0), self.scale * 0.5)
        self.scale.assign(ops.clip(scale, self.minimum, self.maximum))
        self.good_updates.assign(ops.where(grow, 0, good))

    def get_config(self):
        """All constructor arguments."""
        return super().get_config() | {
            "initial": self.initial,
            "growth_interval": self.growth_interval,
            "minimum": self.minimum,
            "maximum": self.maximum,
        }
