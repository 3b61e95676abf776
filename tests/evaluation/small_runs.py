"""Image folders and checkpoints for the tests of evaluation."""

import numpy as np
from PIL import Image

from keras_stylegan.training.checkpoint import save
from keras_stylegan.training.record import Record
from keras_stylegan.training.state import network_state, values

SIZE = 16


def write_images(folder, first_subject, subjects, slices=8, size=SIZE):
    """Grey images of subjects in two classes: NC has a bright square, AD a dark one; slices of a subject are alike."""
    for number in range(first_subject, first_subject + subjects):
        name = ("AD", "NC")[number % 2]
        (folder / name).mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng(number)
        base = rng.integers(60, 160, (size, size))
        base[4:8, 4:8] = 30 if name == "AD" else 220
        for index in range(slices):
            pixels = np.clip(base + rng.integers(-10, 10, base.shape), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{number}_{index}.png")


def save_run(folder, generator, classes=("AD", "NC"), data_fingerprint=""):
    """Writes the checkpoint of a generator."""
    arrays = values(network_state(generator, "generator_ema"))
    record = Record(folder.read_config(), tuple(classes), data_fingerprint, 1500)
    save(folder.checkpoints / "checkpoint_0000001500.npz", arrays, record)
