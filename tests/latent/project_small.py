"""A program: projects two images on the backend of KERAS_BACKEND. python project_small.py WEIGHTS.npz OUTPUT.npz"""

import sys

import numpy as np

from keras_stylegan.latent.projection import Projector
from keras_stylegan.models import Generator

SIZES = {"z_dim": 6, "w_dim": 6, "resolution": 16, "channel_base": 128, "channel_max": 8, "mapping_layers": 2}
STEPS = 60


def generator_of(weights):
    generator = Generator(**SIZES, seed=0)
    generator.build()
    for variable, value in zip(generator.weights, weights, strict=True):
        if variable.dtype.startswith("float"):
            variable.assign(value)
    return generator


def main(weights, output):
    with np.load(weights) as file:
        arrays = [file[f"w{index}"] for index in range(len(file.files) - 1)]
        images = file["images"]
    found = Projector(generator_of(arrays), space="w+", steps=STEPS).project(images)
    np.savez(output, ws=found.ws, images=found.images, distances=found.distances, noise=found.noise[-1])


if __name__ == "__main__":
    main(*sys.argv[1:])
