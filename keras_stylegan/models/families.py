"""Families of networks: what all have to offer, and the table in which `model.network` is looked up.

A new family is a file with two classes, its line in `NETWORKS` and its name in `ModelConfig.network`. Training,
latents, evaluation, export and benchmark know of networks what the protocols here say, and nothing else.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from keras_stylegan.layers.label_features import Spread
from keras_stylegan.models.discriminator import Discriminator
from keras_stylegan.models.generator import Generator
from keras_stylegan.models.reference import from_reference
from keras_stylegan.models.stylegan import StyleGANDiscriminator, StyleGANGenerator


@runtime_checkable
class MappingPart(Protocol):
    """The half of a generator from latents to styles; its trainable weights have the optimizer `m_optimizer`."""

    w_avg: Any
    """(w_dim,) variable: the running mean of w, which `training` moves by a linear update."""

    def __call__(
        self, z, label=None, truncation_psi=1.0, truncation_cutoff=None, training=False, update_w_avg=True
    ) -> Any:
        """Styles (N, num_ws, w_dim), the same w in every layer, truncated towards `w_avg`.

        Args:
            z: (N, z_dim), N(0, 1).
            label: (N, c_dim + K), the class one-hot and the K covariates in their own units; None if there is neither.
            truncation_psi: Number or scalar tensor; 1 changes nothing, not by a bit.
            truncation_cutoff: Layers that are truncated, from the coarsest; None for all.
            training: Also move `w_avg`.
            update_w_avg: False for the call that draws a style-mixing partner.
        """


@runtime_checkable
class SynthesisPart(Protocol):
    """The half of a generator from styles to images; its trainable weights have the optimizer `g_optimizer`."""

    def __call__(self, ws, noise="const") -> Any:
        """Images (N, height, width, channels), float32, about [-1, 1].

        Args:
            ws: (N, num_ws, w_dim); every layer takes its own, so that styles can be mixed.
            noise: "const" (the same for all images), "none", or a list of tensors of `noise_shapes(N)`.
        """

    def feature_maps(self, ws, noise="const") -> dict[str, Any]:
        """Name of every layer to its features (N, h, w, C), from coarse to fine, of the same computation."""

    def noise_shapes(self, batch) -> list[tuple]:
        """Shapes (batch, h, w, 1) of the noise inputs, from coarse to fine; empty for a family without noise."""

    def draw_noise(self, batch, seed) -> list[Any]:
        """N(0, 1) tensors of these shapes; `seed` is a `keras.random.SeedGenerator`, `batch` a number or a tensor."""


@runtime_checkable
class GeneratorNetwork(Protocol):
    """A `keras.Model` from z to images: `synthesis(mapping(z, label))`.

    It takes its sizes as keyword arguments, named as the fields of `ModelConfig` (those that it has; `covariates` is a
    dictionary of `Spread`), and c_dim, seed, name, dtype; conv_clamp too if it can compute in float16. All of them are
    in `get_config`. `build()` needs no shapes, and the same seed gives the same weights.
    """

    z_dim: int
    w_dim: int
    c_dim: int
    """Classes; 0 for none."""
    covariates: Mapping[str, Spread]
    """Numbers of a label by name, in its order; empty for none."""
    resolution: int | tuple[int, int]
    """Side of a square, (height, width) of anything else."""
    channels: int
    num_ws: int
    """Styles that an image is made of."""
    style_resolutions: tuple[int, ...]
    """Pixels of the features on which each of the `num_ws` styles acts, from coarse to fine: a power of two, near the
    side of a square of as many pixels."""
    mapping: MappingPart
    synthesis: SynthesisPart

    def __call__(self, z, label=None, truncation_psi=1.0, truncation_cutoff=None, noise="const", training=False) -> Any:
        """Both halves, one after the other."""

    def flops(self) -> int:
        """Operations of one image, 2 · multiply-adds of convolutions and dense layers."""

    def inference(self, float16: bool = False) -> tuple[Callable, Callable]:
        """Both halves for export; `models.inference.as_trained` gives them for any family.

        Args:
            float16: The graph will compute in float16.

        Returns:
            From (z (N, z_dim), label (N,) int64 or None, covariates (N, K) less their means over their deviations or
            None, truncation_psi ()) to w (N, w_dim), and from (list of num_ws tensors w (N, w_dim), noise) to images
            (N, C, H, W), where noise is "const", "none" or a list of tensors (N, 1, h, w). The same functions as
            `mapping` and `synthesis`; nothing in them may be drawn at random.
        """


@runtime_checkable
class DiscriminatorNetwork(Protocol):
    """A `keras.Model` from images to logits; its arguments are named as those of a `GeneratorNetwork`."""

    c_dim: int
    resolution: int | tuple[int, int]
    channels: int
    mbstd_group_size: int
    """Images whose logits depend on each other: sample n goes with n + N/G, n + 2N/G, …; 1 if each stands alone."""

    def __call__(self, images, label=None, in_parts=None) -> Any:
        """Logits (N, 1) float32, higher means more real; twice differentiable in images (N, H, W, C).

        Args:
            images: (N, H, W, C) in [-1, 1].
            label: (N, c_dim), one-hot; None if c_dim is 0.
            in_parts: From (function, images, group=1) to function(images): may be used for what is computed of every
                image, or of the images of every group, by itself, and then computes parts of the batch side by side
                (`backend.branches.in_branches`).
        """

    def flops(self) -> int:
        """See `GeneratorNetwork`."""


@dataclass(frozen=True)
class Family:
    """The networks of one architecture."""

    generator: Callable[..., GeneratorNetwork]
    discriminator: Callable[..., DiscriminatorNetwork]
    from_reference: Callable[[Mapping[str, Any]], tuple[GeneratorNetwork, DiscriminatorNetwork]] | None = None
    """Loads the weights of a widely used implementation, if there is one."""


NETWORKS = {
    "stylegan": Family(StyleGANGenerator, StyleGANDiscriminator),
    "stylegan2": Family(Generator, Discriminator, from_reference),
}
"""By the names of `ModelConfig.network`."""
