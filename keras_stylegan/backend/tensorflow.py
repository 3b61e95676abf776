"""TensorFlow: reverse-mode gradients, conditional updates and the signature of `train_step`."""

import os

import keras
import tensorflow as tf

from keras_stylegan.backend.replicas import tensorflow as replicas
from keras_stylegan.errors import InputError

# Off by default: on a CPU XLA's convolutions are several times slower than oneDNN's.
JIT_COMPILE = (False, True)
GROUPS_OF_STEPS = True


def _branches():
    """Two branches with half the cores for an operation of each, on a CPU that no one has set up otherwise."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    set_up = any(name in os.environ for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"))
    if cores < 2 or set_up or tf.config.list_physical_devices("GPU"):
        return 1
    try:
        tf.config.threading.set_intra_op_parallelism_threads(cores // 2)
    except RuntimeError:
        # TensorFlow is in use already, with the threads that it was given.
        return 1
    return 2


BRANCHES = _branches()

# The remapper (fusing convolution, bias and activation) fails with "fanout … exist for missing node" on a leaky ReLU
# whose gradient is taken, prints that, and without it a training step is 3 % faster.
tf.config.optimizer.set_experimental_options({"remapping": False})


def gpus():
    """The models of the GPUs that TensorFlow computes on, in the order of `gpu:0`, `gpu:1`, ...; none on a CPU."""
    details = map(tf.config.experimental.get_device_details, tf.config.list_physical_devices("GPU"))
    return [found.get("device_name", "GPU") for found in details]


def input_gradient(function, inputs):
    """Value of a function and the gradient of its sum, itself differentiable.

    Args:
        function: From a tensor to a tensor.
        inputs: The tensor.

    Returns:
        (function(inputs), gradient of the shape of inputs).
    """
    inputs = tf.convert_to_tensor(inputs)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(inputs)
        outputs = function(inputs)
    return outputs, tape.gradient(outputs, inputs)


def value_and_gradients(function, variables):
    """Value of a loss and its gradients.

    Args:
        function: Without arguments, returns (scalar loss, anything else).
        variables: List of `keras.Variable`.

    Returns:
        (loss, anything else, list of gradients; zeros where the loss does not depend on a variable).
    """
    values = [variable.value for variable in variables]
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(values)
        loss, rest = function()
    return loss, rest, tape.gradient(loss, values, unconnected_gradients=tf.UnconnectedGradients.ZERO)


def run_if(condition, function):
    """Call a function that only updates variables, if a condition tensor is true when the graph runs."""

    def call():
        function()
        return tf.constant(True)

    tf.cond(condition, call, lambda: tf.constant(False))


class BackendTrainer(keras.Model):
    """A `keras.Model` whose `train_step` hands (images, labels) to `train_on_images`, which returns the logs."""

    def compile(self, *args, **kwargs):
        """As in Keras.

        Raises:
            InputError: Something that does not go with several replicas.
        """
        super().compile(*args, **kwargs)
        for name, allowed in (("steps_per_execution", 1), ("run_eagerly", False), ("jit_compile", False)):
            # Replicas that run one after the other wait for ever in a collective; in a loop it lacks its number; XLA
            # does not find a replica's copies.
            if replicas.num_replicas() > 1 and getattr(self, name) != allowed:
                raise InputError(
                    f"{name} must be {allowed} with several replicas on TensorFlow. Received: {getattr(self, name)}"
                )

    def _maybe_symbolic_build(self, iterator=None, data_batch=None):
        # Everything is built. With a strategy Keras would take a batch here, which begins an epoch of the data.
        pass

    def train_step(self, data):
        """One step of `fit`: `data` is images (N, H, W, C), or (images, integer labels (N,))."""
        images, labels, _ = keras.utils.unpack_x_y_sample_weight(data)
        # Keras needs some log. An integer is in the memory of the host: reading it does not wait for a GPU.
        logs = self.train_on_images(images, labels) or {"step": tf.constant(0)}
        if replicas.several_processes():
            # Keras 3.15 takes the mean over workers along axis 0, which a scalar has not.
            logs = {name: tf.reshape(value, [1]) for name, value in logs.items()}
        return logs


def compiled(function, variables=(), jit_compile=None):
    """The function as a graph, traced at the first call.

    Args:
        function: Without arguments.
        variables: The `keras.Variable`s that it reads and updates. For JAX everything else is a constant.
        jit_compile: See `StyleGAN.compile`.
    """
    return tf.function(function, jit_compile=jit_compile)


@keras.saving.register_keras_serializable("keras_stylegan")
class Adam(keras.optimizers.Adam):
    """`keras.optimizers.Adam` (Kingma and Ba 2015) with TensorFlow's fused kernel.

    One pass over the weights and slots instead of about ten: 3 % of a training step at 512 channels on a CPU.
    """

    def _backend_update_step(self, gradients, variables, learning_rate):
        # Keras would sum over the replicas; the gradients are means over them already.
        for gradient, variable in zip(gradients, variables, strict=True):
            self.update_step(gradient, variable.value, learning_rate)

    def update_step(self, gradient, variable, learning_rate):
        """Update one variable; called by `apply`."""
        index = self._get_variable_index(variable)
        step = tf.cast(self.iterations + 1, variable.dtype)
        beta_1, beta_2 = tf.cast(self.beta_1, variable.dtype), tf.cast(self.beta_2, variable.dtype)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            beta1_power=tf.pow(beta_1, step),
            beta2_power=tf.pow(beta_2, step),
            lr=tf.cast(learning_rate, variable.dtype),
            beta1=beta_1,
            beta2=beta_2,
            epsilon=tf.cast(self.epsilon, variable.dtype),
            grad=tf.cast(gradient, variable.dtype),
        )
