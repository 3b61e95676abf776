"""A second family of networks, as small as the protocols of `models.families` allow: for the test of the seam."""

import keras
from keras import ops

from keras_stylegan.layers.equalized import PACKAGE
from keras_stylegan.models.inference import as_trained

register = keras.saving.register_keras_serializable(PACKAGE)


@register
class ToyMapping(keras.layers.Layer):
    """w = tanh(z A + label B)."""

    def __init__(self, z_dim, w_dim, c_dim, num_ws, **kwargs):
        super().__init__(**kwargs)
        self.z_dim, self.w_dim, self.c_dim, self.num_ws = z_dim, w_dim, c_dim, num_ws

    def build(self, z_shape=None, label_shape=None):
        self.kernel = self.add_weight((self.z_dim, self.w_dim), name="kernel")
        self.embedding = self.add_weight((max(1, self.c_dim), self.w_dim), name="embedding")
        self.w_avg = self.add_weight((self.w_dim,), "zeros", name="w_avg", trainable=False)

    def call(self, z, label=None, truncation_psi=1.0, truncation_cutoff=None, training=False, update_w_avg=True):
        w = ops.matmul(z, self.kernel)
        w = ops.tanh(w if label is None else w + ops.matmul(label, self.embedding))
        if training and update_w_avg:
            self.w_avg.assign(0.9 * self.w_avg + 0.1 * ops.stop_gradient(ops.mean(w, axis=0)))
        ws = ops.repeat(w[:, None], self.num_ws, axis=1)
        if isinstance(truncation_psi, float) and truncation_psi == 1:
            return ws
        cutoff = self.num_ws if truncation_cutoff is None else truncation_cutoff
        truncated = ops.reshape(ops.arange(self.num_ws) < cutoff, (1, -1, 1))
        return ops.where(truncated, self.w_avg + truncation_psi * (ws - self.w_avg), ws)


@register
class ToySynthesis(keras.layers.Layer):
    """Four coarse pixels from the first style, all pixels from the second, and noise."""

    def __init__(self, w_dim, resolution, channels, **kwargs):
        super().__init__(**kwargs)
        self.w_dim, self.resolution, self.channels = w_dim, resolution, channels

    def build(self, ws_shape=None):
        size = self.resolution
        self.coarse = self.add_weight((self.w_dim, 4 * self.channels), name="coarse")
        self.fine = self.add_weight((self.w_dim, size * size * self.channels), name="fine")
        self.strength = self.add_weight((), keras.initializers.Constant(0.1), name="strength")
        self.buffer = self.add_weight((1, size, size, 1), "random_normal", name="buffer", trainable=False)

    def noise_shapes(self, batch):
        return [(batch, self.resolution, self.resolution, 1)]

    def draw_noise(self, batch, seed):
        return [keras.random.normal(shape, seed=seed) for shape in self.noise_shapes(batch)]

    def feature_maps(self, ws, noise="const"):
        return {"image": self(ws, noise=noise)}

    def call(self, ws, noise="const"):
        size, channels = self.resolution, self.channels
        coarse = ops.reshape(ops.matmul(ws[:, 0], self.coarse), (-1, 2, 2, channels))
        coarse = ops.repeat(ops.repeat(coarse, size // 2, axis=1), size // 2, axis=2)
        images = coarse + ops.reshape(ops.matmul(ws[:, 1], self.fine), (-1, size, size, channels))
        if noise == "none":
            return images
        return images + self.strength * (self.buffer if noise == "const" else noise[0])


@register
class ToyGenerator(keras.Model):
    """See the parts."""

    def __init__(self, z_dim, w_dim, c_dim, resolution, channels, seed=None, **kwargs):
        super().__init__(autocast=False, **kwargs)
        self.z_dim, self.w_dim, self.c_dim, self.covariates = z_dim, w_dim, c_dim, {}
        self.resolution, self.channels, self.seed = resolution, channels, seed
        self.style_resolutions, self.num_ws = (2, resolution), 2
        self.mapping = ToyMapping(z_dim, w_dim, c_dim, self.num_ws, name="mapping")
        self.synthesis = ToySynthesis(w_dim, resolution, channels, name="synthesis")

    def build(self, z_shape=None, label_shape=None):
        self.mapping.build()
        self.synthesis.build()

    def call(self, z, label=None, truncation_psi=1.0, truncation_cutoff=None, noise="const", training=False):
        options = {"truncation_psi": truncation_psi, "truncation_cutoff": truncation_cutoff}
        return self.synthesis(self.mapping(z, label, training=training, **options), noise=noise)

    def flops(self):
        pixels = self.resolution**2 * self.channels
        return 2 * self.w_dim * (self.z_dim + self.c_dim + 4 * self.channels + pixels)

    def inference(self, float16=False):
        return as_trained(self)

    def get_config(self):
        names = ("z_dim", "w_dim", "c_dim", "resolution", "channels", "seed")
        return super().get_config() | {name: getattr(self, name) for name in names}


@register
class ToyDiscriminator(keras.Model):
    """One hidden layer."""

    mbstd_group_size = 1
    covariates = {}  # noqa: RUF012

    def __init__(self, c_dim, resolution, channels, seed=None, **kwargs):
        super().__init__(autocast=False, **kwargs)
        self.c_dim, self.resolution, self.channels, self.seed = c_dim, resolution, channels, seed

    def build(self, images_shape=None, label_shape=None):
        self.hidden = self.add_weight((self.resolution**2 * self.channels + self.c_dim, 8), name="hidden")
        self.out = self.add_weight((8, 1), name="out")

    def call(self, images, label=None, in_parts=None):
        flat = ops.reshape(images, (-1, self.resolution**2 * self.channels))
        flat = flat if label is None else ops.concatenate([flat, label], axis=1)
        return ops.matmul(ops.softplus(ops.matmul(flat, self.hidden)), self.out)

    def flops(self):
        return 2 * 8 * (self.resolution**2 * self.channels + self.c_dim + 1)

    def get_config(self):
        names = ("c_dim", "resolution", "channels", "seed")
        return super().get_config() | {name: getattr(self, name) for name in names}
