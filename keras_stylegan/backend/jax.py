"""JAX: everything is a pure function, so variables live in a `keras.StatelessScope` while one is traced."""

import functools

import jax
import keras
from jax import numpy as jnp

from keras_stylegan.backend.replicas import jax as replicas

Adam = keras.optimizers.Adam
# Without it Keras would run the step operation by operation.
JIT_COMPILE = (True,)
GROUPS_OF_STEPS = True
BRANCHES = 1


def gpus():
    """See `backend.tensorflow.gpus`."""
    return [device.device_kind for device in jax.devices() if device.platform == "gpu"]


def _stateless(function, variables, values):
    """Outputs of a function that starts from the values of its variables, and their new values."""
    with keras.StatelessScope(zip(variables, values, strict=True)) as scope:
        outputs = function()
    return outputs, [scope.get_current_value(variable) for variable in variables]


def _assign(variables, values):
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


class _Scope(keras.StatelessScope):
    """A scope within a scope: starts from the values of the outer one and remembers which variables it changes."""

    def __init__(self, state_mapping=()):
        super().__init__(state_mapping)
        outer = keras.src.backend.common.stateless_scope.get_stateless_scope()
        if outer is not None:
            self.state_mapping = outer.state_mapping | self.state_mapping
        self.updated = {}

    def add_update(self, update):
        super().add_update(update)
        self.updated[id(update[0])] = update[0]

    def updates(self):
        """(variables that were assigned, their values)."""
        variables = list(self.updated.values())
        return variables, [self.get_current_value(variable) for variable in variables]


def input_gradient(function, inputs):
    """See `backend.tensorflow.input_gradient`."""
    updated = []

    def pure(inputs):
        with _Scope() as scope:
            outputs = function(inputs)
        updated[:], values = scope.updates()
        return outputs, values

    # What the function draws moves the state of the draws.
    outputs, pullback, values = jax.vjp(pure, jnp.asarray(inputs), has_aux=True)
    _assign(updated, values)
    (gradient,) = pullback(jnp.ones_like(outputs))
    return outputs, gradient


def value_and_gradients(function, variables):
    """See `backend.tensorflow.value_and_gradients`."""
    updated = []

    def pure(values):
        with _Scope(zip(variables, values, strict=True)) as scope:
            loss, rest = function()
        updated[:], values = scope.updates()
        return loss, (rest, values)

    values = [variable.value for variable in variables]
    (loss, (rest, new_values)), gradients = jax.value_and_grad(pure, has_aux=True)(values)
    _assign(updated, new_values)
    return loss, rest, gradients


def run_if(condition, function):
    """See `backend.tensorflow.run_if`."""
    updated = []

    def call():
        with _Scope() as scope:
            function()
        updated[:], values = scope.updates()
        return values

    # The first branch is traced first and finds the variables that the second has to return unchanged.
    values = jax.lax.cond(condition, call, lambda: [variable.value for variable in updated])
    _assign(updated, values)


class _Together:
    """What Keras's JAX trainer asks of an optimizer, for several: their variables are carried from step to step.

    Keras's callbacks for the learning rate know the attribute `optimizers`: they change that of all.
    """

    built = True

    def __init__(self, optimizers):
        self.optimizers = optimizers

    @property
    def variables(self):
        return [variable for optimizer in self.optimizers for variable in optimizer.variables]


class BackendTrainer(keras.Model):
    """A `keras.Model` whose `train_step` hands (images, labels) to `train_on_images`, which returns the logs."""

    optimizers = ()
    """All optimizers."""

    def compile(self, *args, **kwargs):
        """As in Keras."""
        super().compile(*args, **kwargs)
        self.optimizer = _Together(self.optimizers)

    def train_step(self, state, data):
        """One step of `fit`: `data` is images (N, H, W, C), or (images, integer labels (N,))."""
        return replicas.on_every_replica(self._step)(state, data)

    def _step(self, state, data):
        images, labels, _ = keras.utils.unpack_x_y_sample_weight(data)
        trained = [*self.trainable_variables, *self.non_trainable_variables]
        variables = [*trained, *self.optimizer.variables, *self.metrics_variables]
        values = [value for group in state for value in group]
        logs, new_values = _stateless(lambda: self.train_on_images(images, labels), variables, values)
        new = iter(new_values)
        return logs, tuple([next(new) for _ in group] for group in state)


def compiled(function, variables=(), jit_compile=None):
    """See `backend.tensorflow.compiled`."""

    @functools.partial(jax.jit, donate_argnums=0)
    def pure(values):
        return _stateless(function, variables, values)

    def call():
        outputs, values = pure([variable.value for variable in variables])
        _assign(variables, values)
        return outputs

    return call
