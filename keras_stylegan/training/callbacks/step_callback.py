"""What all callbacks have in common that look at the model after every step."""

import keras


class StepCallback(keras.callbacks.Callback):
    """A callback with `running_model`: the model as it runs, for `images_seen` and `stop_training`.

    On JAX, Keras's own `model` property first copies the whole state from the step into the variables, whatever is
    asked for. So `model` is for moments when variables are read, and `running_model` for every step.
    """

    def set_model(self, model):
        """Called by Keras."""
        super().set_model(model)
        self.running_model = model
