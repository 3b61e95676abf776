"""Generators in the names of rosinality/stylegan2-pytorch, which many others use."""

import re

import numpy as np

from keras_stylegan.importing.pickle_machine import shown
from keras_stylegan.importing.weights import Weights, take_filters

PARTS = {
    "conv.weight": "weight",
    "conv.modulation.weight": "affine.weight",
    "conv.modulation.bias": "affine.bias",
    "noise.weight": "noise_strength",
    "activate.bias": "bias",
    "bias": "bias",
}
"""Of a styled convolution and of a ToRGB."""


def weights_of(arrays: dict[str, np.ndarray]) -> Weights:
    """The weights of a generator.

    Args:
        arrays: Of its state dict; `latent_avg` too if it is known.

    Raises:
        ValueError: A name that is no part of it.
    """
    take_filters(arrays, [".kernel"])
    return Weights("rosinality", dict(_reference(name, array) for name, array in arrays.items()))


def _block(number: int) -> str:
    """The block of convs.{number}, or of noise number + 1: two of every size from 8 on."""
    return f"synthesis.b{8 * 2 ** (number // 2)}"


def _reference(name: str, array: np.ndarray) -> tuple[str, np.ndarray]:
    """(name, array) as in `models.reference`."""
    if name == "latent_avg":
        return "mapping.w_avg", array.reshape(-1)
    if name == "input.input":
        return "synthesis.b4.const", array[0]
    if match := re.fullmatch(r"style\.([1-9]\d?)\.(weight|bias)", name):
        return f"mapping.fc{int(match[1]) - 1}.{match[2]}", array
    if match := re.fullmatch(r"noises\.noise_(\d{1,2})", name):
        number = int(match[1]) - 1
        layer = "synthesis.b4.conv1" if number < 0 else f"{_block(number)}.conv{number % 2}"
        return f"{layer}.noise_const", array[0, 0]
    if match := re.fullmatch(r"(conv1|to_rgb1|convs|to_rgbs)(?:\.(\d{1,2}))?\.(\D+)", name):
        kind, number, part = match[1], int(match[2] or 0), match[3]
        single = kind in ("conv1", "to_rgb1")
        if part in PARTS and single == (match[2] is None):
            layer = {
                "conv1": "synthesis.b4.conv1",
                "to_rgb1": "synthesis.b4.torgb",
                "convs": f"{_block(number)}.conv{number % 2}",
                "to_rgbs": f"{_block(2 * number)}.torgb",
            }[kind]
            ours = PARTS[part]
            if ours == "weight":
                array = array[0]
            elif ours == "noise_strength":
                array = array.reshape(())
            elif ours == "bias":
                # That of an image has its axes.
                array = array.reshape(-1)
            return f"{layer}.{ours}", array
    raise ValueError(f"{shown(name)} is no part of a StyleGAN2 generator")
