"""Options of the losses."""

from dataclasses import dataclass
from typing import Literal

from keras_stylegan.config.checks import require_at_least, require_at_most, require_types
from keras_stylegan.config.limits import MOST_STEPS


@dataclass(frozen=True)
class LossConfig:
    """The adversarial loss and its penalties. A penalty with interval k > 1 is lazy: every k-th step, times k."""

    adversarial: Literal["wgan-gp", "logistic", "hinge", "relativistic"] = "wgan-gp"
    """Loss of both networks; 'wgan-gp' and 'relativistic' are meant with their penalties below."""
    gp_weight: float = 10.0
    """Gradient penalty λ·E[(‖∇D(x̂)‖−1)²] between real and generated images (WGAN-GP); 0 turns it off."""
    gp_interval: int = 1
    """Discriminator steps between two gradient penalties."""
    r1_gamma: float = 0.002
    """R1: adds γ/2·E[‖∇D(x)‖²] on real images, so 0.002 is a weight of 0.001; 0 turns it off."""
    r1_interval: int = 1
    """Discriminator steps between two R1 penalties."""
    r2_gamma: float = 0.0
    """R2: adds γ/2·E[‖∇D(G(z))‖²] on generated images; 0 turns it off."""
    r2_interval: int = 1
    """Discriminator steps between two R2 penalties."""
    pl_weight: float = 0.0
    """Path-length penalty of the generator (StyleGAN2 uses 2); 0 turns it off."""
    pl_interval: int = 4
    """Generator steps between two path-length penalties."""

    def __post_init__(self) -> None:
        require_types(self)
        require_at_least(self, 0, "gp_weight", "r1_gamma", "r2_gamma", "pl_weight")
        # What float32 can still add to a loss of about 1, and more.
        require_at_most(self, 1_000_000, "gp_weight", "r1_gamma", "r2_gamma", "pl_weight")
        require_at_least(self, 1, "gp_interval", "r1_interval", "r2_interval", "pl_interval")
        require_at_most(self, MOST_STEPS, "gp_interval", "r1_interval", "r2_interval", "pl_interval")
