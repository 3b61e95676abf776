"""Adam with a β₂ that changes."""

import keras
from keras import ops

from keras_stylegan.backend import Adam
from keras_stylegan.layers.equalized import PACKAGE


@keras.saving.register_keras_serializable(PACKAGE)
class ScheduledAdam(Adam):
    """Adam (Kingma and Ba 2015, algorithm 1) with another β₂ in every update.

    v_t = β_t·v_{t−1} + (1 − β_t)·g² is a mean of all g² so far with weights that sum to 1 − Π β_i; so that, and not
    1 − β^t, is what its bias is corrected by. The product is part of the optimizer's state.

    Args:
        correction: c of lazy penalties (`lazy_correction`): the β₂ that is set is raised to that power.
        **kwargs: As for `keras.optimizers.Adam`; its `beta_2` counts until the first `set_beta_2`.
    """

    def __init__(self, *args, correction=1.0, **kwargs):
        super().__init__(*args, **kwargs)
        self.correction = correction

    def build(self, variables):
        """Adds β₂ and the product to the state."""
        if self.built:
            return
        super().build(variables)
        scalar = {"shape": (), "dtype": "float32", "aggregation": "only_first_replica"}
        constant = keras.initializers.Constant(self.beta_2)
        self.beta_2_now = self.add_variable(initializer=constant, name="beta_2", **scalar)
        self.beta_2_product = self.add_variable(initializer="ones", name="beta_2_product", **scalar)

    def set_beta_2(self, value):
        """Set β₂, before its correction, for the updates from here on."""
        self.beta_2_now.assign(ops.power(value, self.correction))

    def _backend_update_step(self, gradients, variables, learning_rate):
        beta_2 = ops.convert_to_tensor(self.beta_2_now)
        self.beta_2_product.assign(self.beta_2_product * beta_2)
        # The update multiplies by √(1 − β₂^t), which goes out again.
        power = ops.power(beta_2, ops.cast(self.iterations + 1, "float32"))
        bias = ops.sqrt((1.0 - ops.convert_to_tensor(self.beta_2_product)) / (1.0 - power))
        constant, self.beta_2 = self.beta_2, beta_2
        try:
            super()._backend_update_step(gradients, variables, learning_rate * bias)
        finally:
            self.beta_2 = constant

    def get_config(self):
        """All constructor arguments."""
        return super().get_config() | {"correction": self.correction}
