"""Options of the networks."""

from dataclasses import dataclass
from typing import Literal

from keras_stylegan.config.checks import require, require_at_least, require_at_most, require_types
from keras_stylegan.sizes import block_sizes, is_legal, legal, simplest


@dataclass(frozen=True)
class ModelConfig:
    """The networks."""

    network: Literal["stylegan", "stylegan2"] = "stylegan2"
    """Family of the networks: StyleGAN (Karras et al. 2018: AdaIN, no skips), or StyleGAN2 (2019), its repair."""
    architecture: Literal["skip", "resnet"] = "skip"
    """Generator blocks of StyleGAN2: 'skip' sums one image per resolution (the paper's choice), 'resnet' adds residual
    branches."""
    resolution: int | tuple[int, int] = 64
    """Side of a square image in pixels (64), or height and width (208 176, or 208x176): each 4 to 16 times 2^k with the
    same k, at most 1024."""
    channels: Literal[1, 3] = 1
    """Colour channels: 1 for grey, 3 for RGB."""
    conditional: bool = False
    """Condition both networks on the class (AD or NC) of an image."""
    covariates: tuple[str, ...] = ()
    """Condition both networks on numbers that the images come with, by their names: 'slice' of AD_NC's file names,
    'slice_position_mm' of a prepared dataset, a column of data.table. With model.conditional on the class as well."""
    z_dim: int = 512
    """Size of the input latent z."""
    w_dim: int = 512
    """Size of the intermediate latent w."""
    mapping_layers: int = 8
    """Dense layers of the mapping network, and of the one that a conditional discriminator has for the label."""
    channel_base: int = 16384
    """Channels at resolution r are min(channel_base / r, channel_max); of features that are no power of two on a side,
    r is the power of two nearest to the side of a square of as many pixels."""
    channel_max: int = 512
    """Most channels of any layer."""
    noise: Literal["random", "none"] = "random"
    """Noise inputs of the generator in training. 'none' makes it draw fine structure from the latent alone: better
    when training is short, as noise is soon used for grain instead."""
    mbstd_group_size: int = 4
    """Images whose standard deviation the discriminator sees together. The batch must be a multiple of it."""
    mbstd_maps: bool = False
    """Show the discriminator that deviation of every channel and pixel after each of its blocks, not only the papers'
    one number for all: it then knows in what images differ, and where. Short runs get more varied."""

    def __post_init__(self) -> None:
        require_types(self)
        require(is_legal(self.resolution), "model.resolution", legal(self.resolution), self.resolution)
        # A square has one form, so that two configs of the same networks are equal.
        object.__setattr__(self, "resolution", simplest(self.resolution))
        known = len(set(self.covariates)) == len(self.covariates)
        known = known and all(name.isidentifier() and name != "class" for name in self.covariates)
        require(
            known, "model.covariates", "different names, each of letters, digits and _, none 'class'", self.covariates
        )
        require_at_least(self, 1, "z_dim", "w_dim", "mapping_layers", "channel_base", "channel_max", "mbstd_group_size")
        # Far beyond the papers' 512, 8 and 32768. What a machine cannot hold is refused by `resources`.
        require_at_most(self, 65_536, "z_dim", "w_dim", "channel_max")
        require_at_most(self, 100, "mapping_layers")
        require_at_most(self, 2**24, "channel_base")
        finest = max(block_sizes(self.resolution))
        require(
            self.channel_base >= finest,
            "model.channel_base",
            f"at least the resolution ({finest}) of the finest layer, or it has no channel",
            self.channel_base,
        )
