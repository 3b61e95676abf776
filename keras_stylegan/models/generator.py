"""The generator: mapping and synthesis network together."""

import keras
from keras import ops

from keras_stylegan.layers.equalized import PACKAGE
from keras_stylegan.layers.seeds import derive_seed
from keras_stylegan.models.flops import generator_flops
from keras_stylegan.models.inference import Mapping, Synthesis, as_trained
from keras_stylegan.models.mapping import MappingNetwork
from keras_stylegan.models.synthesis import SynthesisNetwork
from keras_stylegan.sizes import height_width


class TwoPartGenerator(keras.Model):
    """What the generators of both papers share: a mapping network before a synthesis network.

    A family's constructor calls `_assemble` after `keras.Model`'s; `synthesis` has the sizes of the images.

    Call arguments:
        z: (N, z_dim), N(0, 1).
        label: See `MappingNetwork`.
        truncation_psi: See `MappingNetwork`.
        truncation_cutoff: See `MappingNetwork`.
        noise: See the synthesis network.
        training: Also move `mapping.w_avg`.

    Returns:
        (N, height, width, channels), about [-1, 1].
    """

    def _assemble(self, synthesis, z_dim, c_dim, covariates, mapping_layers, seed):
        self.synthesis = synthesis
        self.mapping = MappingNetwork(
            z_dim=z_dim,
            w_dim=synthesis.w_dim,
            num_ws=synthesis.num_ws,
            c_dim=c_dim,
            covariates=covariates,
            num_layers=mapping_layers,
            seed=derive_seed(seed, "mapping"),
            name="mapping",
            dtype=self.variable_dtype,
        )
        self.z_dim, self.w_dim, self.c_dim = z_dim, synthesis.w_dim, c_dim
        self.covariates = self.mapping.covariates
        self.resolution, self.channels = synthesis.resolution, synthesis.channels
        self.num_ws = synthesis.num_ws
        self.style_resolutions = synthesis.style_resolutions
        self.seed = seed

    def build(self, z_shape=None, label_shape=None):
        """Build both networks; all sizes are known, so the shapes may be left out."""
        self.mapping.build(z_shape, label_shape)
        self.synthesis.build()

    def call(self, z, label=None, truncation_psi=1.0, truncation_cutoff=None, noise="const", training=False):
        """See the class."""
        ws = self.mapping(
            z,
            label,
            truncation_psi=truncation_psi,
            truncation_cutoff=truncation_cutoff,
            training=training,
        )
        return self.synthesis(ws, noise=noise)

    @property
    def full_grown(self):
        """Whether the images are those of the last level alone, or the network never had another."""
        growth = self.synthesis.growth
        return growth is None or float(ops.convert_to_numpy(growth)) >= len(self.synthesis.levels) - 1

    def compute_output_shape(self, z_shape, label_shape=None):
        """(N, height, width, channels)."""
        return (z_shape[0], *height_width(self.resolution), self.channels)

    def get_config(self):
        """The constructor arguments of every family."""
        return super().get_config() | {
            "z_dim": self.z_dim,
            "w_dim": self.w_dim,
            "c_dim": self.c_dim,
            "covariates": {name: list(spread) for name, spread in self.covariates.items()},
            "resolution": self.resolution,
            "channels": self.channels,
            "channel_base": self.synthesis.channel_base,
            "channel_max": self.synthesis.channel_max,
            "mapping_layers": self.mapping.num_layers,
            "conv_clamp": self.synthesis.conv_clamp,
            "growing_start": self.synthesis.growing_start,
            "seed": self.seed,
        }


@keras.saving.register_keras_serializable(PACKAGE)
class Generator(TwoPartGenerator):
    """StyleGAN2's generator (Karras et al. 2019): z and label to image, through `mapping` and `synthesis`.

    `dtype="mixed_bfloat16"` or `"mixed_float16"` (with `conv_clamp=256`) lets the convolutions of `synthesis` compute
    in 16 bits; `mapping`, weights and images are float32 all the same.

    Args:
        z_dim: Size of z.
        w_dim: Size of w.
        c_dim: Classes; 0 for none.
        covariates: See `MappingNetwork`.
        resolution: Side of a square image, or (height, width); which ones: `keras_stylegan.sizes`.
        channels: 1 (grey) or 3 (RGB).
        architecture: "skip" or "resnet".
        channel_base: Channels at resolution r are min(channel_base / r, channel_max); r as in `sizes.block_sizes`.
        channel_max: See channel_base.
        mapping_layers: Dense layers of the mapping network.
        conv_clamp: See `SynthesisNetwork`.
        growing_start: See `SynthesisNetwork`.
        seed: Seed of the initial weights.

    Call arguments and returns: See `TwoPartGenerator`.

    Example:
        >>> generator = Generator(z_dim=64, w_dim=64, resolution=32, channel_base=512)
        >>> images = generator(keras.random.normal((4, 64)), truncation_psi=0.7)  # (4, 32, 32, 1)
    """

    def __init__(
        self,
        z_dim=512,
        w_dim=512,
        c_dim=0,
        covariates=None,
        resolution=64,
        channels=1,
        architecture="skip",
        channel_base=16384,
        channel_max=512,
        mapping_layers=8,
        conv_clamp=None,
        growing_start=None,
        seed=None,
        **kwargs,
    ):
        super().__init__(autocast=False, **kwargs)
        synthesis = SynthesisNetwork(
            w_dim=w_dim,
            resolution=resolution,
            channels=channels,
            architecture=architecture,
            channel_base=channel_base,
            channel_max=channel_max,
            conv_clamp=conv_clamp,
            growing_start=growing_start,
            seed=derive_seed(seed, "synthesis"),
            name="synthesis",
            dtype=self.dtype_policy,
        )
        self._assemble(synthesis, z_dim, c_dim, covariates, mapping_layers, seed)

    def flops(self):
        """Operations of one image: 2 · multiply-adds of convolutions and dense layers, styles included."""
        return generator_flops(self)

    def inference(self, float16=False):
        """The two halves as they run best elsewhere (`models.inference`); float16: no sum leaves its range."""
        if not self.full_grown:
            return as_trained(self)
        return Mapping(self.mapping), Synthesis(self.synthesis, bounded_styles=float16)

    def get_config(self):
        """All constructor arguments."""
        return super().get_config() | {"architecture": self.synthesis.architecture}
