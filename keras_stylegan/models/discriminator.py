"""The discriminator: image (and label) to one score."""

import keras
from keras import ops

from keras_stylegan.layers.equalized import PACKAGE, EqualizedConv2D, EqualizedDense
from keras_stylegan.layers.label_features import spreads
from keras_stylegan.layers.minibatch_stddev import DeviationMaps, MinibatchStddev
from keras_stylegan.layers.resample import halve
from keras_stylegan.layers.seeds import derive_seed
from keras_stylegan.models.channels import channels_at
from keras_stylegan.models.flops import discriminator_flops
from keras_stylegan.models.growth import add_growth, fade_in, levels_from
from keras_stylegan.models.mapping import MappingNetwork, check_label
from keras_stylegan.sizes import block_sizes, height_width, simplest

ROOT_HALF = 0.5**0.5
"""Keeps the second moment of the sum of two equal branches."""


@keras.saving.register_keras_serializable(PACKAGE)
class Discriminator(keras.Model):
    """Residual discriminator with minibatch standard deviation (Karras et al. 2019, figure 7c).

    With a mixed dtype policy the convolutions of all blocks compute in 16 bits; the minibatch standard deviation and
    the layers after it (at 4x4, or the coarsest of `sizes.block_sizes`), the label's mapping network and the logits are
    float32.

    With labels the score is the projection of the features onto an embedding of the label (Miyato and Koyama 2018).

    Args:
        c_dim: Classes; 0 for none.
        covariates: See `MappingNetwork`.
        resolution: Side of a square image, or (height, width); which ones: `keras_stylegan.sizes`.
        channels: 1 (grey) or 3 (RGB).
        channel_base: Channels at resolution r are min(channel_base / r, channel_max); r as in `sizes.block_sizes`.
        channel_max: See channel_base.
        mbstd_group_size: See `MinibatchStddev`.
        mbstd_maps: A `DeviationMaps` after every block; the papers have none.
        mapping_layers: Dense layers of the label's mapping network.
        conv_clamp: Limit of the layers' outputs; needed with float16 only.
        growing_start: Resolution of the first level of a network that grows (`models.growth`).
        seed: Seed of the initial weights.

    Call arguments:
        images: (N, height, width, channels) in [-1, 1]; N a multiple of the group size. A network that grows takes
            those of any of its levels, which their size tells.
        label: See `MappingNetwork`.
        in_parts: From (function, images, group=G) to function(images), the way in which what only images of a group
            share is computed (`branches.in_branches`); None computes it whole.

    Returns:
        (N, 1) logits: higher means more real.
    """

    residual = True
    """Whether every block has a second branch, of one 1x1 convolution."""

    def __init__(
        self,
        c_dim=0,
        covariates=None,
        resolution=64,
        channels=1,
        channel_base=16384,
        channel_max=512,
        mbstd_group_size=4,
        mbstd_maps=False,
        mapping_layers=8,
        conv_clamp=None,
        growing_start=None,
        seed=None,
        **kwargs,
    ):
        super().__init__(autocast=False, **kwargs)
        self.c_dim, self.resolution, self.channels = c_dim, simplest(resolution), channels
        self.covariates = spreads(covariates)
        self.label_dim = c_dim + len(self.covariates)
        self.channel_base, self.channel_max = channel_base, channel_max
        self.mbstd_group_size, self.mbstd_maps = mbstd_group_size, mbstd_maps
        self.mapping_layers = mapping_layers
        self.conv_clamp = conv_clamp
        self.growing_start = growing_start
        self.seed = seed

        def conv(name, *args, dtype=self.dtype_policy, **options):
            seed = derive_seed(self.seed, name)
            return EqualizedConv2D(*args, seed=seed, name=name, dtype=dtype, clamp=conv_clamp, **options)

        def filters(r):
            return channels_at(r, channel_base, channel_max)

        def skip(r):
            options = {"down": True, "gain": ROOT_HALF, "activation": None, "use_bias": False}
            return [conv(f"b{r}_skip", filters(r // 2), 1, **options)] if self.residual else []

        gain = ROOT_HALF if self.residual else 1.0
        self.sizes = block_sizes(resolution)
        coarsest, *resolutions = self.sizes
        self.from_rgb = conv("fromrgb", filters(resolutions[-1]), 1)
        self.levels = levels_from(growing_start, resolution)
        # Of the images on the way.
        self.level_rgbs = {f"{r}": conv(f"b{r}_fromrgb", filters(r), 1) for r in self.levels[:-1]}
        self.blocks = [
            (
                conv(f"b{r}_conv0", filters(r), 3),
                conv(f"b{r}_conv1", filters(r // 2), 3, down=True, gain=gain),
                *skip(r),
            )
            for r in reversed(resolutions)
        ]

        def deviation(r):
            # Never in 16 bits, as the layer of the papers: what images differ in is small beside what they share.
            name = f"b{r}_deviation"
            seed = derive_seed(self.seed, name)
            return DeviationMaps(mbstd_group_size, seed=seed, name=name, dtype=self.variable_dtype)

        # One for every block, or none.
        self.deviations = [deviation(r) if mbstd_maps else None for r in reversed(resolutions)]
        self.stddev = MinibatchStddev(mbstd_group_size, name="mbstd", dtype=self.variable_dtype)
        self.conv = conv(f"b{coarsest}_conv", filters(coarsest), 3, dtype=self.variable_dtype)
        self.fc = EqualizedDense(
            filters(coarsest),
            activation="leaky_relu",
            seed=derive_seed(seed, "fc"),
            name=f"b{coarsest}_fc",
            dtype=self.variable_dtype,
        )
        self.out = EqualizedDense(
            filters(coarsest) if self.label_dim else 1,
            seed=derive_seed(seed, "out"),
            name=f"b{coarsest}_out",
            dtype=self.variable_dtype,
        )
        if self.label_dim:
            self.mapping = MappingNetwork(
                z_dim=0,
                w_dim=filters(coarsest),
                c_dim=c_dim,
                covariates=self.covariates,
                num_layers=mapping_layers,
                w_avg_beta=None,
                seed=derive_seed(seed, "mapping"),
                name="mapping",
                dtype=self.variable_dtype,
            )

    def build(self, images_shape=None, label_shape=None):
        """Build all layers; all sizes are known, so the shapes may be left out."""
        shape = (None, *height_width(self.resolution), self.channels)
        self.from_rgb.build(shape)
        for r, from_rgb in self.level_rgbs.items():
            from_rgb.build((None, *self.sizes[int(r)], self.channels))
        if self.growing_start is not None:
            self.growth = add_growth(self)
        shape = self.from_rgb.compute_output_shape(shape)
        for (conv0, conv1, *skips), deviation in zip(self.blocks, self.deviations, strict=True):
            for layer in (conv0, conv1, *skips):
                layer.build(shape)
            shape = conv1.compute_output_shape(shape)
            if deviation is not None:
                deviation.build(shape)
        self.stddev.build(shape)
        shape = self.stddev.compute_output_shape(shape)
        self.conv.build(shape)
        _, h, w, features = self.conv.compute_output_shape(shape)
        self.fc.build((None, h * w * features))
        self.out.build((None, self.fc.units))
        if self.label_dim:
            self.mapping.build(None, label_shape)

    def call(self, images, label=None, in_parts=None):
        """See the class."""
        check_label(self, label)
        if in_parts is None:
            features = self._features(images)
        else:
            features = in_parts(self._features, images, group=self.mbstd_group_size if self.mbstd_maps else 1)
        features = self.conv(self.stddev(features))
        features = self.fc(ops.reshape(features, (-1, features.shape[1] * features.shape[2] * features.shape[3])))
        logits = self.out(features)
        if self.label_dim:
            embedding = self.mapping(None, label)
            logits = ops.sum(logits * embedding, axis=1, keepdims=True) / embedding.shape[1] ** 0.5
        # Never below float32, whatever the layers compute in.
        return ops.cast(logits, keras.backend.result_type(self.compute_dtype, "float32"))

    def _features(self, images):
        """(N, h, w, C) at the coarsest size, of each group alone: all up to the minibatch standard deviation."""
        level = self._level(images)
        features = self._from_rgb(images, level)
        first = len(self.levels) - 1 - level
        blocks = zip(self.blocks[first:], self.deviations[first:], strict=True)
        for number, ((conv0, conv1, *skips), deviation) in enumerate(blocks):
            branches = [*(skip(features) for skip in skips), conv1(conv0(features))]
            features = sum(branches[1:], branches[0])
            if deviation is not None:
                features = ops.cast(deviation(features), features.dtype)
            if number == 0 and level > 0:
                features = fade_in(self.growth, level, self._from_rgb(halve(images), level - 1), features)
        return features

    def _level(self, images):
        heights = [self.sizes[r][0] for r in self.levels]
        if images.shape[1] not in heights:
            raise ValueError(f"images must have a height of {heights}. Received: {images.shape}")
        return heights.index(images.shape[1])

    def _from_rgb(self, images, level):
        return self.level_rgbs.get(f"{self.levels[level]}", self.from_rgb)(images)

    def flops(self):
        """Operations of one image: 2 · multiply-adds of convolutions and dense layers."""
        return discriminator_flops(self)

    def compute_output_shape(self, images_shape, label_shape=None):
        """(N, 1)."""
        return (images_shape[0], 1)

    def get_config(self):
        """All constructor arguments."""
        return super().get_config() | {
            "c_dim": self.c_dim,
            "covariates": {name: list(spread) for name, spread in self.covariates.items()},
            "resolution": self.resolution,
            "channels": self.channels,
            "channel_base": self.channel_base,
            "channel_max": self.channel_max,
            "mbstd_group_size": self.mbstd_group_size,
            "mbstd_maps": self.mbstd_maps,
            "mapping_layers": self.mapping_layers,
            "conv_clamp": self.conv_clamp,
            "growing_start": self.growing_start,
            "seed": self.seed,
        }
