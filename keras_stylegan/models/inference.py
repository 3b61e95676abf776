"""The trained generator in the form that runs best elsewhere: constants folded, channels first, nothing to train.

`Mapping` and `Synthesis` are the same functions as StyleGAN2's networks, written for export (`export.verify` compares
the two after every export): equalised learning rates and activation gains are multiplied into the weights, the
normalised embedding of a class is a table, the demodulation energies Σ W² are constants, and images are channels first,
the layout of ONNX convolutions. They are traced for export only and never run in TensorFlow, whose CPU kernels have no
channels-first convolution. `as_trained` has the same form for any family, and the networks' own speed.
"""

import keras
import numpy as np
from keras import ops

from keras_stylegan.layers.activation import leaky_relu
from keras_stylegan.layers.label_features import label_features
from keras_stylegan.layers.normalize import normalize_second_moment
from keras_stylegan.layers.resample import FILTER
from keras_stylegan.models.label import label_vector
from keras_stylegan.models.mean_styles import MeanStyles

FIRST = "channels_first"


def as_trained(generator):
    """The halves of `GeneratorNetwork.inference`, made of the networks as they are.

    Args:
        generator: Any `keras_stylegan.models.families.GeneratorNetwork`, built.
    """

    def mapping(z, label, covariates, truncation_psi):
        if covariates is not None:
            spreads = generator.covariates.values()
            covariates = covariates * [s.deviation for s in spreads] + [s.mean for s in spreads]
        label = label_vector(generator, label, covariates)
        return generator.mapping(z, label, truncation_psi=truncation_psi)[:, 0]

    def synthesis(ws, noise):
        noise = noise if isinstance(noise, str) else [ops.transpose(tensor, (0, 2, 3, 1)) for tensor in noise]
        return ops.transpose(generator.synthesis(ops.stack(ws, axis=1), noise=noise), (0, 3, 1, 2))

    return mapping, synthesis


class Mapping:
    """z, label, standardised covariates and truncation ψ to w.

    Args:
        mapping: `keras_stylegan.models.MappingNetwork`, built.
    """

    def __init__(self, mapping):
        self.layers = [dense(layer) for layer in mapping.dense_layers]
        self.w_avg = to_numpy(mapping.w_avg)
        self.c_dim, self.means = mapping.c_dim, mapping.means
        self.covariates = {name: spread.standardised() for name, spread in mapping.covariates.items()}
        if self.means is not None:
            self.means = MeanStyles(self.means.base, self.means.effects, list(self.covariates.values()))
        self.embed = dense(mapping.embed) if mapping.label_dim else None
        self.embedding = None
        if mapping.c_dim and not mapping.covariates:
            kernel, bias = self.embed
            rows = kernel + bias
            self.embedding = rows / np.sqrt(np.mean(rows**2, axis=1, keepdims=True) + 1e-8)

    def __call__(self, z, label, covariates, truncation_psi):
        """(N, z_dim) float32, (N,) int64 or None, (N, K) float32 or None, () float32 to (N, w_dim)."""
        w, vector = normalize_second_moment(z), label_vector(self, label, covariates)
        if self.embedding is not None:
            w = ops.concatenate([w, ops.take(self.embedding, label, axis=0)], axis=1)
        elif self.embed is not None:
            kernel, bias = self.embed
            features = ops.matmul(label_features(vector, self.c_dim, self.covariates), kernel) + bias
            w = ops.concatenate([w, normalize_second_moment(features)], axis=1)
        for kernel, bias in self.layers:
            w = leaky_relu(ops.matmul(w, kernel) + bias)
        mean = self.w_avg if self.means is None else self.means(vector)
        return mean + truncation_psi * (w - mean)


class Synthesis:
    """Styles to image.

    Args:
        synthesis: `keras_stylegan.models.SynthesisNetwork`, built.
        bounded_styles: Divide every style by its largest magnitude. Demodulation undoes it; without it the products
            of features and styles could leave the range of float16 (Karras et al. 2020, "ADA", appendix D.1).
    """

    def __init__(self, synthesis, bounded_styles=False):
        self.resolutions = synthesis.resolutions
        self.coarsest = synthesis.coarsest
        self.const = to_numpy(synthesis.const).transpose(2, 0, 1)[None]
        self.convs = [_StyledConv(layer, bounded_styles) for layer in synthesis.convs]
        self.to_rgbs = {int(r): _ToRGB(layer) for r, layer in synthesis.to_rgbs.items()}
        self.skips = {int(r): to_numpy(layer.kernel) * layer.kernel_gain for r, layer in synthesis.skips.items()}

    def __call__(self, ws, noise):
        """Styles and noise to (N, C, H, W) float, about [-1, 1].

        Args:
            ws: List of num_ws tensors (N, w_dim).
            noise: "const", "none", or a list of tensors (N, 1, h, w), one per convolution.
        """
        noise = [noise] * len(self.convs) if isinstance(noise, str) else noise
        layers = iter(zip(self.convs, noise, strict=True))
        # The first layer scales the constant by the style: the batch axis comes from there.
        features, image, index = self.const, None, 0
        for r in self.resolutions:
            # The 1x1 convolution first: it commutes with the filter and is four times cheaper before it.
            skip = _upsample(ops.conv(features, self.skips[r], data_format=FIRST)) if r in self.skips else None
            for _ in range(1 if r == self.coarsest else 2):
                conv, conv_noise = next(layers)
                features = conv(features, ws[index], conv_noise)
                index += 1
            if skip is not None:
                features = features + skip
            if r in self.to_rgbs:
                rgb = self.to_rgbs[r](features, ws[index])
                image = rgb if image is None else _upsample(image) + rgb
        return image


class _StyledConv:
    """`keras_stylegan.layers.StyledConv2D`."""

    def __init__(self, layer, bounded_styles):
        self.affine = dense(layer.affine)
        kernel = to_numpy(layer.conv.kernel)
        self.up, self.clamp = layer.up, layer.clamp and layer.clamp * layer.gain
        # (in, out). The kernel's own scale is arbitrary: 1/sqrt(fan_in) keeps the sums in the range of float16.
        energy = np.sum(kernel.astype(np.float64) ** 2, axis=(0, 1))
        energy = energy.T if layer.up else energy
        fan_in = kernel.shape[3 if layer.up else 2] * 9
        self.kernel = kernel / np.float32(fan_in**0.5)
        self.energy = (energy / fan_in).astype(np.float32)
        self.epsilon = layer.conv.epsilon / fan_in
        self.gain = layer.total_gain
        self.bias = to_numpy(layer.bias)[None, :, None, None] * layer.total_gain
        self.strength = to_numpy(layer.noise.strength) * layer.total_gain
        self.noise_const = to_numpy(layer.noise.noise_const).transpose(0, 3, 1, 2)
        self.bounded_styles = bounded_styles

    def __call__(self, features, w, noise):
        style = ops.matmul(w, self.affine[0]) + self.affine[1]
        if self.bounded_styles:
            style = style / (ops.max(ops.abs(style), axis=1, keepdims=True) + 1e-6)
        demodulation = self.gain * ops.rsqrt(ops.matmul(ops.square(style), self.energy) + self.epsilon)
        features = features * per_pixel(style)
        if self.up:
            features = filter_doubled(conv_transpose(features, self.kernel))
        else:
            features = ops.conv(features, self.kernel, padding="same", data_format=FIRST)
        features = features * per_pixel(demodulation)
        if isinstance(noise, str):
            # A model trained without noise has strength 0: no map the size of the features then.
            offset = self.bias + (self.strength * self.noise_const if noise == "const" and self.strength else 0)
            return leaky_relu(features + offset, self.clamp)
        return leaky_relu(features + (self.strength * noise + self.bias), self.clamp)


class _ToRGB:
    """`keras_stylegan.layers.ToRGB`."""

    def __init__(self, layer):
        self.affine = dense(layer.affine)
        self.kernel = (to_numpy(layer.kernel) * layer.kernel_gain).T  # (channels, C)
        self.bias = to_numpy(layer.bias)[:, None]
        self.clamp = layer.clamp

    def __call__(self, features, w):
        _, c, height, width = features.shape
        style = ops.matmul(w, self.affine[0]) + self.affine[1]
        kernel = ops.expand_dims(style, 1) * self.kernel  # (N, channels, C)
        image = ops.matmul(kernel, ops.reshape(features, (-1, c, height * width))) + self.bias
        image = ops.reshape(image, (-1, len(self.kernel), height, width))
        return image if self.clamp is None else ops.clip(image, -self.clamp, self.clamp)


def conv_transpose(inputs, kernel):
    """Transposed convolution with stride 2, as four plain ones: runtimes have no fast transposed convolution.

    With x padded by zeros, even outputs of an axis are w₀·x[i] + w₂·x[i − 1], odd ones w₁·x[i]. The four results are
    interleaved channels last, where that is a concatenation.

    Args:
        inputs: (N, C, H, W).
        kernel: (3, 3, filters, C).

    Returns:
        (N, filters, 2H + 2, 2W + 2); the last row and column are 0.
    """
    _, _, height, width = inputs.shape
    kernel = kernel.transpose(0, 1, 3, 2)
    filters = kernel.shape[-1]
    rows = []
    for taps_h, pad_h in (([2, 0], (1, 1)), ([1], (0, 1))):
        phases = []
        for taps_w, pad_w in (([2, 0], (1, 1)), ([1], (0, 1))):
            padded = ops.pad(inputs, ((0, 0), (0, 0), pad_h, pad_w))
            phase = ops.conv(padded, kernel[taps_h][:, taps_w], padding="valid", data_format=FIRST)
            phases.append(ops.transpose(phase, (0, 2, 3, 1)))
        rows.append(ops.reshape(ops.concatenate(phases, axis=3), (-1, height + 1, (2 * width + 2) * filters)))
    outputs = ops.reshape(ops.concatenate(rows, axis=2), (-1, 2 * height + 2, 2 * width + 2, filters))
    return ops.transpose(outputs, (0, 3, 1, 2))


def filter_doubled(inputs):
    """Filter with gain 4 after a transposed convolution: (N, C, 2H + 2, 2W + 2) to (N, C, 2H, 2W)."""
    padded = ops.pad(inputs, ((0, 0), (0, 0), (1, 0), (1, 0)))
    kernel = np.repeat(np.float32(4 * FILTER)[:, :, None, None], inputs.shape[1], axis=2)
    return ops.depthwise_conv(padded, kernel, padding="valid", data_format=FIRST)


def _upsample(images):
    """`keras_stylegan.layers.resample.upsample`: [1, 3, 3, 1] around inserted zeros is bilinear with zero borders."""
    _, _, height, width = images.shape
    padded = ops.pad(images, ((0, 0), (0, 0), (1, 1), (1, 1)))
    doubled = ops.image.resize(
        padded, (2 * height + 4, 2 * width + 4), interpolation="bilinear", data_format="channels_first"
    )
    return doubled[:, :, 2:-2, 2:-2]


def per_pixel(values):
    """(N, C) to (N, C, 1, 1)."""
    return ops.reshape(values, (-1, values.shape[1], 1, 1))


def dense(layer):
    """(kernel, bias) of an `EqualizedDense` with its factors multiplied in."""
    return to_numpy(layer.kernel) * layer.kernel_gain, to_numpy(layer.bias) * layer.bias_gain


def to_numpy(variable):
    """A variable as a float32 array."""
    return np.asarray(keras.ops.convert_to_numpy(variable), np.float32)
