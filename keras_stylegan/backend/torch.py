"""PyTorch: runs eagerly; gradients are recorded where they are asked for and nowhere else."""

import keras
import torch

Adam = keras.optimizers.Adam
# PyTorch's compiler cannot differentiate twice.
JIT_COMPILE = (False,)
GROUPS_OF_STEPS = False
BRANCHES = 1


def gpus():
    """See `backend.tensorflow.gpus`."""
    return [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]


def input_gradient(function, inputs):
    """See `backend.tensorflow.input_gradient`."""
    with torch.enable_grad():
        inputs = torch.as_tensor(inputs)
        if not inputs.requires_grad:
            inputs = inputs.detach().requires_grad_()
        outputs = function(inputs)
        (gradient,) = torch.autograd.grad(outputs.sum(), inputs, create_graph=True)
    return outputs, gradient


def value_and_gradients(function, variables):
    """See `backend.tensorflow.value_and_gradients`."""
    with torch.enable_grad():
        loss, rest = function()
    values = [variable.value for variable in variables]
    gradients = torch.autograd.grad(loss, values, allow_unused=True)
    pairs = zip(gradients, values, strict=True)
    gradients = [torch.zeros_like(value) if gradient is None else gradient for gradient, value in pairs]
    return loss.detach(), keras.tree.map_structure(torch.Tensor.detach, rest), gradients


def run_if(condition, function):
    """See `backend.tensorflow.run_if`; on a GPU this waits for the condition."""
    if bool(condition):
        function()


class BackendTrainer(keras.Model):
    """A `keras.Model` whose `train_step` hands (images, labels) to `train_on_images`, which returns the logs."""

    def train_step(self, data):
        """One step of `fit`: `data` is images (N, H, W, C), or (images, integer labels (N,))."""
        images, labels, _ = keras.utils.unpack_x_y_sample_weight(data)
        with torch.no_grad():
            return self.train_on_images(images, labels)


def compiled(function, variables=(), jit_compile=None):
    """See `backend.tensorflow.compiled`; here it only records no gradients."""
    return torch.no_grad()(function)
