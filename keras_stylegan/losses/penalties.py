"""Penalties of a gradient's norm: one table, from which the loss, its log, the plot and the texts follow.

All have one form, the mean over samples of (‖∇f‖ − target)²: of the discriminator's gradient at real, generated or
mixed images, or of the generator's at its styles.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from keras import ops

from keras_stylegan.backend import input_gradient


@dataclass(frozen=True)
class Penalty:
    """One row of the table."""

    name: str
    """Column of the log: values before their weight."""
    label: str
    """In plots and texts."""
    points: str
    """Where the gradient is taken: 'real', 'fake' or 'mixed' images (see `mix`), or 'ws', the generator's styles."""
    target: float | None
    """What the norm is drawn to; None for the running mean of the norms."""
    weight: str
    """Option that holds the weight; 0 turns the penalty off."""
    factor: float
    """The weight in the loss is `factor` times that option."""
    interval: str
    """Option that holds the interval k: with k > 1 the penalty is lazy, every k-th update and k times as strong."""
    defaults: tuple[float, int]
    """Of the two options."""
    also_logged: str | None = None
    """Another column of the log that comes with it."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Its columns of the log."""
        return (self.name,) if self.also_logged is None else (self.name, self.also_logged)

    @property
    def of_generator(self) -> bool:
        """Whether it is the generator's; else the discriminator's."""
        return self.points == "ws"


PENALTIES = (
    # WGAN-GP: λ·E[(‖∇D(x̂)‖ − 1)²] (Gulrajani et al. 2017, equation 3).
    Penalty("gradient_penalty", "gradient penalty", "mixed", 1.0, "gp_weight", 1.0, "gp_interval", (10.0, 1)),
    # R1: γ/2·E[‖∇D(x)‖²] on real images (Mescheder et al. 2018, equation 9).
    Penalty("r1_penalty", "R1", "real", 0.0, "r1_gamma", 0.5, "r1_interval", (0.002, 1)),
    # R2: γ/2·E[‖∇D(G(z))‖²] on generated images (Mescheder et al. 2018, equation 10).
    Penalty("r2_penalty", "R2", "fake", 0.0, "r2_gamma", 0.5, "r2_interval", (0.0, 1)),
    # Path length: E[(‖J_wᵀ y‖ − a)²], a their running mean (Karras et al. 2019, equation 4).
    Penalty("path_length_penalty", "path length", "ws", None, "pl_weight", 1.0, "pl_interval", (0.0, 4), "path_length"),
)


@dataclass(frozen=True)
class ActivePenalty:
    """A penalty that is in use."""

    penalty: Penalty
    """Its row."""
    weight: float
    """In the loss; positive."""
    interval: int
    """k."""
    schedule: Any = None
    """From the number of images to the option that holds the weight, where that changes; then `weight` does not count.
    """

    @property
    def own_update(self) -> bool:
        """Whether it is an update of its own: a lazy one is, and that of the styles, which has latents of its own."""
        return self.interval > 1 or self.penalty.of_generator

    def __str__(self) -> str:
        """'R1 0.05 every 16 steps'."""
        weight = f"{self.weight:g}" if self.schedule is None else self.schedule.text(self.penalty.factor)
        return f"{self.penalty.label} {weight}" + (f" every {self.interval} steps" if self.interval > 1 else "")


def active_penalties(
    options: Mapping[str, float], schedules: Mapping[str, Any] | None = None
) -> tuple[ActivePenalty, ...]:
    """The penalties with a weight.

    Args:
        options: Weights and intervals by the names in the table (`gp_weight`, `r1_interval` …); what is missing has
            its default, what is not in the table is ignored.
        schedules: By the same names: `KimgSchedule`s in place of a constant.
    """
    found = (
        ActivePenalty(
            penalty,
            penalty.factor * options.get(penalty.weight, penalty.defaults[0]),
            options.get(penalty.interval, penalty.defaults[1]),
            (schedules or {}).get(penalty.weight),
        )
        for penalty in PENALTIES
    )
    return tuple(active for active in found if active.weight or active.schedule)


def mix(real_images, fake_images, epsilon):
    """x̂ = εx + (1 − ε)G(z), ε uniform in [0, 1], one per sample (Gulrajani et al. 2017, algorithm 1)."""
    return epsilon * real_images + (1.0 - epsilon) * fake_images


def squared_gradient_norm(score, images):
    """‖∇_x D(x)‖² of every sample.

    An input gradient spreads over all pixels, so that its entries are about 1/√(HW) of its norm. Networks in float16
    round small ones to zero, and no loss scale reaches them: they are computed times √(HW), which is divided out in
    float32. For every image of 2^k pixels with even k it is a power of two, which changes no bit in float32.

    Args:
        score: From images (N, H, W, C) to logits (N, 1), each sample's logit depending on its own image (or, through
            minibatch standard deviation, on its group: then the gradient is that of the sum of logits).
        images: (N, H, W, C).

    Returns:
        (logits (N, 1), squared norms (N,)).
    """
    scale = (images.shape[1] * images.shape[2]) ** 0.5
    logits, gradient = input_gradient(lambda inputs: score(inputs) * scale, images)
    return logits / scale, ops.sum(ops.square(gradient / scale), axis=(1, 2, 3))


def in_one_call(function, image_sets, label):
    """A function of (images, label) for several image sets at once, which is faster than one after the other.

    The sets are interleaved (a1 b1 a2 b2 …). The groups of the minibatch standard deviation are strided, so each still
    has samples of one set only, provided that N is a multiple of the group size.

    Args:
        function: From images (K·N, H, W, C) and label to a list of tensors (K·N, …).
        image_sets: K tensors (N, H, W, C).
        label: (N, c_dim) of every set, or None.

    Returns:
        K lists of tensors (N, …).
    """
    count = len(image_sets)
    label = None if label is None else ops.repeat(label, count, axis=0)
    merged = ops.reshape(ops.stack(image_sets, 1), (-1, *image_sets[0].shape[1:]))
    results = [ops.reshape(result, (-1, count, *result.shape[1:])) for result in function(merged, label)]
    return [[result[:, k] for result in results] for k in range(count)]


def squared_distance(squared_norms, target):
    """(‖∇‖ − target)² from ‖∇‖² (N,)."""
    if target == 0:
        return squared_norms
    # Without the small number the gradient of the square root at zero is infinite, and a fresh discriminator gives NaN.
    return ops.square(ops.sqrt(squared_norms + 1e-12) - target)


def path_lengths(synthesis, ws, image_noise):
    """‖J_wᵀ y‖ of every sample, with y ~ N(0, 1)/√(HW) (Karras et al. 2019, section 3.2).

    Args:
        synthesis: From ws (N, num_ws, w_dim) to images (N, H, W, C).
        ws: (N, num_ws, w_dim).
        image_noise: (N, H, W, C), N(0, 1).

    Returns:
        (N,): the square root of the mean over layers of the sum over w_dim of the squared gradient.
    """
    _, height, width, _ = image_noise.shape
    _, gradient = input_gradient(lambda w: ops.sum(synthesis(w) * image_noise, axis=(1, 2, 3)), ws)
    gradient = gradient / (height * width) ** 0.5
    return ops.sqrt(ops.mean(ops.sum(ops.square(gradient), axis=2), axis=1) + 1e-12)
