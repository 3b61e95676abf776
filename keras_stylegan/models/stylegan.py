"""The networks of StyleGAN (Karras et al. 2018): AdaIN after every convolution, one image from the last features.

Mapping network, minibatch deviation and the score of a label are StyleGAN2's. Filters are [1, 3, 3, 1] here too, which
is what the paper's bilinear [1, 2, 1] and its doubled (or averaged) pixels [1, 1] make together.
"""

import keras
from keras import ops

from keras_stylegan.layers.adain_conv import AdaINConv2D, AdaINEpilogue
from keras_stylegan.layers.equalized import PACKAGE, EqualizedConv2D
from keras_stylegan.layers.seeds import derive_seed
from keras_stylegan.models.channels import channels_at
from keras_stylegan.models.discriminator import Discriminator
from keras_stylegan.models.flops import stylegan_flops
from keras_stylegan.models.generator import TwoPartGenerator
from keras_stylegan.models.growth import add_growth, image_of, levels_from
from keras_stylegan.models.inference import Mapping, as_trained
from keras_stylegan.models.stylegan_inference import StyleGANSynthesisInference
from keras_stylegan.sizes import block_sizes, simplest


@keras.saving.register_keras_serializable(PACKAGE)
class StyleGANSynthesis(keras.Model):
    """Constant 4x4 input with an epilogue, one convolution; two per further resolution; a plain 1x1 ToRGB at the end.

    Karras et al. 2018, figure 1b. The constant starts at N(0, 1), not at 1: an AdaIN of equal pixels would leave
    nothing of it. Sizes and mixed precision are as in `SynthesisNetwork`.

    Args:
        w_dim: Size of w.
        resolution: Side of a square image, or (height, width); which ones: `keras_stylegan.sizes`.
        channels: 1 or 3.
        channel_base: Channels at resolution r are min(channel_base / r, channel_max); r as in `sizes.block_sizes`.
        channel_max: See channel_base.
        conv_clamp: Limit of the layers' outputs; needed with float16 only.
        growing_start: Resolution of the first level of a network that grows (`models.growth`).
        seed: Seed of the initial weights.

    Call arguments:
        ws: (N, num_ws, w_dim), num_ws = 2·(number of doublings) + 2.
        noise: "const" (fixed buffers), "none", or a list of tensors, one per style, of the shapes of `noise_shapes(N)`.
        level: See `SynthesisNetwork`.

    Returns:
        (N, height, width, channels), float, about [-1, 1].
    """

    def __init__(
        self,
        w_dim,
        resolution,
        channels=1,
        channel_base=16384,
        channel_max=512,
        conv_clamp=None,
        growing_start=None,
        seed=None,
        **kwargs,
    ):
        super().__init__(autocast=False, **kwargs)
        self.w_dim, self.resolution, self.channels = w_dim, simplest(resolution), channels
        self.channel_base, self.channel_max = channel_base, channel_max
        self.conv_clamp = conv_clamp
        self.growing_start = growing_start
        self.seed = seed
        self.sizes = block_sizes(resolution)
        self.coarsest = min(self.sizes)
        self.levels, self.growth = levels_from(growing_start, resolution), None
        # Two styles per resolution: at the coarsest for the constant and its convolution.
        self.style_resolutions = tuple(r for r in self.sizes for _ in range(2))
        self.num_ws = len(self.style_resolutions)
        self.styled = []
        for r in self.sizes:
            options = {"clamp": conv_clamp, "dtype": self.variable_dtype if r == self.coarsest else self.dtype_policy}
            filters = channels_at(r, channel_base, channel_max)
            if r == self.coarsest:
                self.styled.append(self._part(AdaINEpilogue, f"b{r}_const", **options))
            else:
                self.styled.append(self._part(AdaINConv2D, f"b{r}_conv0", filters, up=True, **options))
            self.styled.append(self._part(AdaINConv2D, f"b{r}_conv1", filters, **options))
        options = {"activation": None, "clamp": conv_clamp, "dtype": self.variable_dtype}
        self.to_rgb = self._part(EqualizedConv2D, "torgb", channels, 1, **options)
        # Make images on the way only.
        self.level_rgbs = {
            f"{r}": self._part(EqualizedConv2D, f"b{r}_torgb", channels, 1, **options) for r in self.levels[:-1]
        }

    def _part(self, kind, name, *args, **kwargs):
        return kind(*args, seed=derive_seed(self.seed, name), name=name, **kwargs)

    def build(self, ws_shape=None):
        """Create `const` (4, 4, C), or of another coarsest size, and build all layers; the shape may be left out."""
        features = channels_at(self.coarsest, self.channel_base, self.channel_max)
        self.const = self.add_weight(
            name="const",
            shape=(*self.sizes[self.coarsest], features),
            initializer=keras.initializers.RandomNormal(0.0, 1.0, seed=derive_seed(self.seed, "const")),
            autocast=False,
        )
        shape, w_shape = (None, *self.const.shape), (None, self.w_dim)
        for layer in self.styled:
            layer.build(shape, w_shape)
            shape = layer.compute_output_shape(shape, w_shape)
        self.to_rgb.build(shape)
        for r, to_rgb in self.level_rgbs.items():
            to_rgb.build((None, *self.sizes[int(r)], channels_at(int(r), self.channel_base, self.channel_max)))
        if self.growing_start is not None:
            self.growth = add_growth(self)

    def noise_shapes(self, batch):
        """Shapes (batch, h, w, 1) of the noise of every style, from coarse to fine."""
        return [(batch, *self.sizes[r], 1) for r in self.style_resolutions]

    def draw_noise(self, batch, seed):
        """See `models.families.SynthesisPart`."""
        return [keras.random.normal(shape, seed=seed) for shape in self.noise_shapes(batch)]

    def call(self, ws, noise="const", level=None):
        """See the class."""
        return self._image_and_maps(ws, noise, level)[0]

    def feature_maps(self, ws, noise="const"):
        """Name of every styled layer to its features (N, h, w, C), after AdaIN."""
        return self._image_and_maps(ws, noise)[1]

    def style_kernels(self):
        """For every style the kernel (w_dim, 2C) of the dense layer that makes scale and shift of it."""
        layers = [getattr(layer, "epilogue", layer) for layer in self.styled]
        return [[layer.adain.affine.kernel] for layer in layers]

    def _image_and_maps(self, ws, noise, level=None):
        styled = self.styled
        if level is not None:
            styled = styled[: sum(r <= self.levels[level] for r in self.style_resolutions)]
        if isinstance(noise, str):
            noise = [noise] * len(styled)
        elif len(noise) != len(styled):
            raise ValueError(f"noise must have one tensor per style ({len(styled)}). Received: {len(noise)}")
        features = ops.tile(ops.convert_to_tensor(self.const)[None], (ops.shape(ws)[0], 1, 1, 1))
        maps, images = {}, []
        for index, (layer, r, layer_noise) in enumerate(zip(styled, self.style_resolutions, noise, strict=False)):
            features = maps[layer.name] = layer(features, ws[:, index], noise=layer_noise)
            if index % 2 and r in self.levels:
                images.append(self.level_rgbs.get(f"{r}", self.to_rgb)(features))
        image = image_of(images, self.growth, level)
        # Never below float32, whatever the layers compute in.
        return ops.cast(image, keras.backend.result_type(self.compute_dtype, "float32")), maps

    def compute_output_shape(self, ws_shape):
        """(N, height, width, channels)."""
        return (ws_shape[0], *self.sizes[max(self.sizes)], self.channels)

    def get_config(self):
        """All constructor arguments."""
        return super().get_config() | {
            "w_dim": self.w_dim,
            "resolution": self.resolution,
            "channels": self.channels,
            "channel_base": self.channel_base,
            "channel_max": self.channel_max,
            "conv_clamp": self.conv_clamp,
            "growing_start": self.growing_start,
            "seed": self.seed,
        }


@keras.saving.register_keras_serializable(PACKAGE)
class StyleGANGenerator(TwoPartGenerator):
    """StyleGAN's generator: z and label to image, through `mapping` and `synthesis`.

    Arguments are those of `Generator`, but for its architecture, which is one here.

    Call arguments and returns: See `TwoPartGenerator`.
    """

    def __init__(
        self,
        z_dim=512,
        w_dim=512,
        c_dim=0,
        covariates=None,
        resolution=64,
        channels=1,
        channel_base=16384,
        channel_max=512,
        mapping_layers=8,
        conv_clamp=None,
        growing_start=None,
        seed=None,
        **kwargs,
    ):
        super().__init__(autocast=False, **kwargs)
        synthesis = StyleGANSynthesis(
            w_dim=w_dim,
            resolution=resolution,
            channels=channels,
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
        return stylegan_flops(self)

    def inference(self, float16=False):
        """The two halves as they run best elsewhere; float16: no sum leaves its range."""
        if not self.full_grown:
            return as_trained(self)
        return Mapping(self.mapping), StyleGANSynthesisInference(self.synthesis, bounded=float16)


@keras.saving.register_keras_serializable(PACKAGE)
class StyleGANDiscriminator(Discriminator):
    """StyleGAN's discriminator: `Discriminator` without the second branch of its blocks (Karras et al. 2017, table 2).

    Arguments, call arguments and returns are those of `Discriminator`.
    """

    residual = False
