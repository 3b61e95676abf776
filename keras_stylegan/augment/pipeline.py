"""The chosen operations one after the other, each with the probability that is the strength (Karras et al. 2020).

Drawing is apart from applying: `parameters` makes of random numbers what `apply` does, as often as it is asked.
"""

import functools
import math
from typing import Any, NamedTuple

import keras
from keras import ops

from keras_stylegan.augment.blit import cut_out, flipped, shifted
from keras_stylegan.augment.geometry import transformed
from keras_stylegan.augment.intensity import contrasted, curvature_of, curved
from keras_stylegan.augment.kspace import Axis
from keras_stylegan.augment.operations import chosen
from keras_stylegan.augment.scanner import through_kspace, with_bias_field, with_rician_noise, with_spikes


class Amounts(NamedTuple):
    """Of one operation, what is done to each sample."""

    active: Any
    """(N, 1, 1, 1), boolean."""
    numbers: list
    """(N, 1, 1, 1) each, in [-1, 1]; 0 where it is not active."""
    reach: float
    """What a number of 1 stands for."""

    @property
    def values(self):
        """Of its numbers."""
        return [self.reach * number for number in self.numbers]

    @property
    def size(self):
        """Of its only number, for operations with one sign."""
        return ops.abs(self.values[0])


class Parameters(NamedTuple):
    """Of all operations."""

    amounts: dict
    """Name to `Amounts`."""
    noise: Any
    """(N, H, W, 2C), N(0, 1), or None."""


class Pipeline:
    """The operations, for images of one size.

    Args:
        operations: Names of operations and groups (`augment.operations`).
        height, width: Of the images.
        channels: Of the images.
    """

    def __init__(self, operations, height, width, channels):
        self.operations = chosen(operations)
        self.shape = (height, width, channels)
        self.height, self.width = Axis(height), Axis(width)
        self.numbers = sum(1 + operation.values for operation in self.operations)
        """Uniform numbers that a sample takes."""
        self.takes_noise = any(operation.name == "noise" for operation in self.operations)
        self.stated_strength = min((operation.stated_strength for operation in self.operations), default=1.0)
        """The smallest of its operations."""

    def draw(self, batch, seed):
        """The random numbers of a batch: uniform (N, numbers), and the noise (N, H, W, 2C) or None."""
        height, width, channels = self.shape
        uniform = keras.random.uniform((batch, self.numbers), seed=seed)
        shape = (batch, height, width, 2 * channels)
        return uniform, keras.random.normal(shape, seed=seed) if self.takes_noise else None

    def parameters(self, uniform, noise, strength):
        """`Parameters` of random numbers.

        Args:
            uniform: (N, numbers) as from `draw`.
            noise: (N, H, W, 2C) as from `draw`, or None.
            strength: Probability of every operation, a number or a scalar tensor in [0, 1].
        """
        amounts, column = {}, 0
        for operation in self.operations:
            numbers = ops.split(uniform[:, column : column + 1 + operation.values], 1 + operation.values, axis=1)
            gate, *values = (number[:, :, None, None] for number in numbers)
            active = gate < strength
            values = [ops.where(active, 2.0 * value - 1.0, 0.0) for value in values]
            amounts[operation.name] = Amounts(active, values, operation.reach)
            column += 1 + operation.values
        return Parameters(amounts, noise)

    def apply(self, images, parameters):
        """Change images.

        Args:
            images: (K·N, H, W, C) in [-1, 1], -1 black: K sets interleaved (`losses.penalties.in_one_call`). The K
                images of one number share its parameters.
            parameters: Of N samples.

        Returns:
            The same shape. A sample of which no operation is active stays as it is, to the last bit.
        """
        amounts = parameters.amounts
        height, width, channels = self.shape
        first = next(iter(amounts.values())).active
        # (N, K·C, H, W): the sets of a sample stand beside each other as channels do.
        planes = images if channels == 1 else ops.transpose(images, (0, 3, 1, 2))
        sets = images.shape[0] // first.shape[0] if images.shape[0] and first.shape[0] else 1
        planes = ops.reshape(planes, (-1, sets * channels, height, width))
        changed = 2.0 * self._changed((planes + 1.0) / 2.0, amounts, parameters.noise, sets) - 1.0
        planes = _where_active(amounts.values(), changed, planes)
        if channels == 1:
            return ops.reshape(planes, (-1, height, width, 1))
        return ops.transpose(ops.reshape(planes, (-1, channels, height, width)), (0, 2, 3, 1))

    def _changed(self, u, amounts, noise, sets):
        """The operations on (N, K·C, H, W), black 0 and white 1."""
        if "flip" in amounts:
            u = flipped(u, amounts["flip"].numbers[0] > 0)
        if "shift" in amounts:
            u = shifted(u, *self._in_pixels(amounts["shift"]))
        u = self._moved(u, amounts)
        if "bias_field" in amounts:
            u = with_bias_field(u, amounts["bias_field"].values)
        filters = [amounts.get(name) for name in ("blur", "ringing")]
        if any(filters):
            sizes = [None if amount is None else amount.size for amount in filters]
            u = _where_active(filters, through_kspace(u, self.height, self.width, *sizes), u)
        if "spikes" in amounts:
            *where, amplitude = amounts["spikes"].numbers
            u = with_spikes(u, *where, amounts["spikes"].reach * amplitude)
        if "noise" in amounts:
            both = ops.split(ops.transpose(noise, (0, 3, 1, 2)), 2, axis=1)
            real, imaginary = (ops.tile(part, (1, sets, 1, 1)) for part in both)
            noisy = with_rician_noise(u, amounts["noise"].size, real, imaginary)
            u = _where_active([amounts["noise"]], noisy, u)
        if "gain" in amounts:
            u = u * _power_of_two(amounts["gain"])
        if "brightness" in amounts:
            u = u + amounts["brightness"].values[0]
        if "gamma" in amounts:
            u = curved(u, curvature_of(_power_of_two(amounts["gamma"])))
        if "contrast" in amounts:
            u = contrasted(u, _power_of_two(amounts["contrast"]))
        if "cutout" in amounts:
            active, centre, size = amounts["cutout"]
            u = cut_out(u, *centre, ops.where(active, size, 0.0))
        return u

    def _moved(self, u, amounts):
        used = [amounts[name] for name in ("rotation", "scale", "stretch", "translation") if name in amounts]
        if not used:
            return u
        angle = scale = shift = None
        if "rotation" in amounts:
            angle = amounts["rotation"].values[0] * (math.pi / 180)
        if "scale" in amounts or "stretch" in amounts:
            size = _power_of_two(amounts["scale"]) if "scale" in amounts else 1.0
            ratio = ops.sqrt(_power_of_two(amounts["stretch"])) if "stretch" in amounts else 1.0
            scale = (size * ratio, size / ratio)
        if "translation" in amounts:
            shift = self._in_pixels(amounts["translation"])
        return _where_active(used, transformed(u, self.height, self.width, angle, scale, shift), u)

    def _in_pixels(self, amount):
        down, right = amount.values
        return down * self.height.n, right * self.width.n


def _power_of_two(amount):
    return ops.exp(math.log(2) * amount.values[0])


def _where_active(amounts, changed, u):
    """What is changed where one of several operations is active, and what it was elsewhere."""
    active = [amount.active for amount in amounts if amount is not None]
    return ops.where(functools.reduce(ops.logical_or, active), changed, u)
