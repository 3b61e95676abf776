"""A program: ∇½‖T(x)‖² and the gradient of half its square, of every operation T, into the file that it is given."""

import sys

import numpy as np
from keras import ops

from keras_stylegan.augment.operations import OPERATIONS
from keras_stylegan.augment.pipeline import Pipeline
from keras_stylegan.backend import compiled, input_gradient

SIZE = (8, 10, 1)
BATCH = 3


def numbers(pipeline, batch=BATCH, seed=0):
    """Uniform numbers with all gates open, and noise, from numpy."""
    rng = np.random.default_rng(seed)
    uniform = rng.uniform(0.1, 0.9, (batch, pipeline.numbers))
    column = 0
    for operation in pipeline.operations:
        uniform[:, column] = 0
        column += 1 + operation.values
    noise = rng.normal(size=(batch, *SIZE[:2], 2 * SIZE[2])).astype("float32") if pipeline.takes_noise else None
    return uniform.astype("float32"), noise


def images(batch=BATCH, seed=1):
    """Within black and white, and a corner of exactly black padding."""
    x = np.random.default_rng(seed).uniform(-0.9, 0.9, (batch, *SIZE)).astype("float32")
    x[:, :3, :3] = -1
    return x


def derivatives(names, x, uniform, noise, gate=1.0):
    """T(x), its gradient and the gradient's."""
    pipeline = Pipeline(names, *SIZE)

    def call():
        drawn = pipeline.parameters(ops.convert_to_tensor(uniform), noise, gate)

        def energy(x):
            return ops.sum(ops.square(pipeline.apply(x, drawn)), axis=(1, 2, 3)) / 2

        def norm(x):
            return ops.sum(ops.square(input_gradient(energy, x)[1]), axis=(1, 2, 3)) / 2

        x_ = ops.convert_to_tensor(x)
        return pipeline.apply(x_, drawn), input_gradient(energy, x_)[1], input_gradient(norm, x_)[1]

    return [ops.convert_to_numpy(ops.stop_gradient(found)) for found in compiled(call)()]


def everything():
    """Name of an operation, and 'all', to the three arrays."""
    names = {operation.name: (operation.name,) for operation in OPERATIONS}
    names["all"] = tuple(names)
    return {key: derivatives(chosen, images(), *numbers(Pipeline(chosen, *SIZE))) for key, chosen in names.items()}


if __name__ == "__main__":
    np.savez(
        sys.argv[1], **{f"{key} {k}": array for key, found in everything().items() for k, array in enumerate(found)}
    )
