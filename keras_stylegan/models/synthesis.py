"""The synthesis network: styles to image."""

import keras
from keras import ops

from keras_stylegan.layers.equalized import PACKAGE, EqualizedConv2D
from keras_stylegan.layers.resample import upsample
from keras_stylegan.layers.seeds import derive_seed
from keras_stylegan.layers.styled_conv import StyledConv2D, ToRGB
from keras_stylegan.models.channels import channels_at
from keras_stylegan.models.growth import add_growth, image_of, levels_from
from keras_stylegan.sizes import block_sizes, simplest

ROOT_HALF = 0.5**0.5
"""Keeps the second moment of the sum of two equal branches."""


@keras.saving.register_keras_serializable(PACKAGE)
class SynthesisNetwork(keras.Model):
    """Constant 4x4 input, then per resolution two styled convolutions and a ToRGB (Karras et al. 2019, figure 7).

    The constant of an image that is no power of two has the coarsest size of `sizes.block_sizes`. With a mixed dtype
    policy the convolutions from twice that size on compute in 16 bits; the coarsest block, every ToRGB and the sum of
    images stay in float32.

    Args:
        w_dim: Size of w.
        resolution: Side of a square image, or (height, width); which ones: `keras_stylegan.sizes`.
        channels: 1 or 3.
        architecture: "skip" sums the up-sampled images of all resolutions; "resnet" adds residual branches to the
            features and makes an image at the last resolution only.
        channel_base: Channels at resolution r are min(channel_base / r, channel_max); r as in `sizes.block_sizes`.
        channel_max: See channel_base.
        conv_clamp: Limit of the layers' outputs; needed with float16 only.
        growing_start: Resolution of the first level of a network that grows (`models.growth`).
        seed: Seed of the initial weights, and of the noise "random".

    Call arguments:
        ws: (N, num_ws, w_dim), num_ws = 2·(number of doublings) + 2.
        noise: "const" (fixed buffers), "random" (drawn per sample), "none", or a list of tensors, one per styled
            convolution from coarse to fine, of the shapes of `noise_shapes(N)`.
        level: Of a network that grows: the level to compute, with its noise tensors, at its size. By default the image
            that it has grown to, at full size.

    Returns:
        (N, height, width, channels), float, about [-1, 1].
    """

    def __init__(
        self,
        w_dim,
        resolution,
        channels=1,
        architecture="skip",
        channel_base=16384,
        channel_max=512,
        conv_clamp=None,
        growing_start=None,
        seed=None,
        **kwargs,
    ):
        super().__init__(autocast=False, **kwargs)
        if architecture not in ("skip", "resnet"):
            raise ValueError(f"architecture must be 'skip' or 'resnet'. Received: {architecture!r}")
        self.w_dim, self.resolution, self.channels = w_dim, simplest(resolution), channels
        self.architecture = architecture
        self.channel_base, self.channel_max = channel_base, channel_max
        self.conv_clamp = conv_clamp
        self.growing_start = growing_start
        self.seed = seed
        self.sizes = block_sizes(resolution)
        self.resolutions = list(self.sizes)
        self.coarsest, *finer = self.resolutions
        self.levels, self.growth = levels_from(growing_start, resolution), None
        # One convolution at the coarsest size, two at every other, and the last ToRGB.
        self.style_resolutions = (self.coarsest, *(r for r in finer for _ in range(2)), self.resolutions[-1])
        self.num_ws = len(self.style_resolutions)
        self.noise_seeds = keras.random.SeedGenerator(derive_seed(seed, "noise"), name="noise_seeds")
        # Those of `level_rgbs` make images on the way only.
        self.convs, self.to_rgbs, self.skips, self.level_rgbs = [], {}, {}, {}
        for r in self.resolutions:
            filters = channels_at(r, channel_base, channel_max)
            residual = architecture == "resnet" and r > self.coarsest
            if r > self.coarsest:
                self.convs.append(self._part(StyledConv2D, f"b{r}_conv0", filters, up=True, clamp=conv_clamp))
            self.convs.append(
                self._part(StyledConv2D, f"b{r}_conv1", filters, clamp=conv_clamp, gain=ROOT_HALF if residual else 1.0)
            )
            if residual:
                self.skips[f"{r}"] = self._part(
                    EqualizedConv2D, f"b{r}_skip", filters, 1, activation=None, use_bias=False, gain=ROOT_HALF
                )
            if architecture == "skip" or r == self.resolutions[-1]:
                self.to_rgbs[f"{r}"] = self._part(ToRGB, f"b{r}_torgb", channels, clamp=conv_clamp)
            elif r in self.levels:
                self.level_rgbs[f"{r}"] = self._part(ToRGB, f"b{r}_torgb", channels, clamp=conv_clamp)

    def _part(self, kind, name, *args, **kwargs):
        exact = kind is ToRGB or name == f"b{self.coarsest}_conv1"
        dtype = self.variable_dtype if exact else self.dtype_policy
        return kind(*args, seed=derive_seed(self.seed, name), name=name, dtype=dtype, **kwargs)

    def build(self, ws_shape=None):
        """Create `const` (4, 4, C), or of another coarsest size, and build all layers; the shape may be left out."""
        w_shape = (None, self.w_dim)
        size = self.sizes[self.coarsest]
        features = channels_at(self.coarsest, self.channel_base, self.channel_max)
        self.const = self.add_weight(
            name="const",
            shape=(*size, features),
            initializer=keras.initializers.RandomNormal(0.0, 1.0, seed=derive_seed(self.seed, "const")),
            autocast=False,
        )
        shape = (None, *size, features)
        convs = iter(self.convs)
        for r in self.resolutions:
            if f"{r}" in self.skips:
                self.skips[f"{r}"].build(shape)
            for _ in range(1 if r == self.coarsest else 2):
                conv = next(convs)
                conv.build(shape, w_shape)
                shape = conv.compute_output_shape(shape, w_shape)
            for rgbs in (self.to_rgbs, self.level_rgbs):
                if f"{r}" in rgbs:
                    rgbs[f"{r}"].build(shape, w_shape)
        if self.growing_start is not None:
            self.growth = add_growth(self)

    def noise_shapes(self, batch):
        """Shapes (batch, h, w, 1) of the noise of every styled convolution, from coarse to fine."""
        sizes = self.sizes.items()
        return [(batch, *size, 1) for r, size in sizes for _ in range(1 if r == self.coarsest else 2)]

    def draw_noise(self, batch, seed=None):
        """N(0, 1) noise for `call`.

        Args:
            batch: Number of samples, an integer or a scalar tensor.
            seed: A `keras.random.SeedGenerator`; the network's own by default.
        """
        seed = self.noise_seeds if seed is None else seed
        return [keras.random.normal(shape, seed=seed) for shape in self.noise_shapes(batch)]

    def call(self, ws, noise="const", level=None):
        """See the class."""
        return self._image_and_maps(ws, noise, level)[0]

    def feature_maps(self, ws, noise="const"):
        """Name of every styled convolution to its features (N, h, w, C), in a 'resnet' with the other branch added."""
        return self._image_and_maps(ws, noise)[1]

    def style_kernels(self):
        """For every style the kernels (w_dim, n) of the dense layers that it goes through: convolution, then ToRGB."""
        kernels = [[conv.affine.kernel] for conv in self.convs] + [[]]
        for number, r in enumerate(self.resolutions):
            if f"{r}" in self.to_rgbs:
                kernels[2 * number + 1].append(self.to_rgbs[f"{r}"].affine.kernel)
        return kernels

    def _image_and_maps(self, ws, noise, level=None):
        resolutions = self.resolutions if level is None else [r for r in self.resolutions if r <= self.levels[level]]
        convs = self.convs[: 2 * len(resolutions) - 1]
        if isinstance(noise, str):
            batch = ops.shape(ws)[0]
            noise = self.draw_noise(batch)[: len(convs)] if noise == "random" else [noise] * len(convs)
        elif len(noise) != len(convs):
            raise ValueError(f"noise must have one tensor per styled convolution ({len(convs)}). "
                             f"Received: {len(noise)}")  # fmt: skip
        # Every sample starts from the same constant; the layer scales it by the sample's style.
        features = ops.tile(ops.convert_to_tensor(self.const)[None], (ops.shape(ws)[0], 1, 1, 1))
        layers = iter(zip(convs, noise, strict=True))
        image, images, maps, index = None, [], {}, 0
        for r in resolutions:
            # The 1x1 convolution commutes with up-sampling and is a quarter of the work before it.
            skip = upsample(self.skips[f"{r}"](features)) if f"{r}" in self.skips else None
            for _ in range(1 if r == self.coarsest else 2):
                conv, conv_noise = next(layers)
                features = maps[conv.name] = conv(features, ws[:, index], noise=conv_noise)
                index += 1
            if skip is not None:
                features = maps[conv.name] = features + skip
            to_rgb = self.to_rgbs.get(f"{r}") or self.level_rgbs.get(f"{r}")
            if to_rgb is not None:
                # ToRGB shares its w with the first convolution of the next block.
                rgb = to_rgb(features, ws[:, index])
                image = rgb if image is None or self.architecture != "skip" else upsample(image) + rgb
            if r in self.levels:
                images.append(image)
        image = image_of(images, self.growth, level)
        # Never below float32, whatever the layers compute in.
        return ops.cast(image, keras.backend.result_type(self.compute_dtype, "float32")), maps

    def compute_output_shape(self, ws_shape):
        """(N, height, width, channels)."""
        return (ws_shape[0], *self.sizes[self.resolutions[-1]], self.channels)

    def get_config(self):
        """All constructor arguments."""
        return super().get_config() | {
            "w_dim": self.w_dim,
            "resolution": self.resolution,
            "channels": self.channels,
            "architecture": self.architecture,
            "channel_base": self.channel_base,
            "channel_max": self.channel_max,
            "conv_clamp": self.conv_clamp,
            "growing_start": self.growing_start,
            "seed": self.seed,
        }
