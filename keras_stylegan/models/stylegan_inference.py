"""StyleGAN's trained synthesis network in the form that runs best elsewhere; see `inference`."""

import numpy as np
from keras import ops

from keras_stylegan.layers.activation import leaky_relu
from keras_stylegan.models.inference import FIRST, conv_transpose, dense, filter_doubled, per_pixel, to_numpy


class StyleGANSynthesisInference:
    """Styles to image.

    Args:
        synthesis: `keras_stylegan.models.StyleGANSynthesis`, built.
        bounded: Divide every channel by its largest magnitude before AdaIN. AdaIN undoes it; without it the squares
            of features could leave the range of float16.
    """

    def __init__(self, synthesis, bounded=False):
        self.const = to_numpy(synthesis.const).transpose(2, 0, 1)[None]
        constant, *convs = synthesis.styled
        self.constant = _Epilogue(constant, bounded)
        self.convs = [_Conv(layer, bounded) for layer in convs]
        self.kernel = to_numpy(synthesis.to_rgb.kernel) * synthesis.to_rgb.kernel_gain
        self.bias = to_numpy(synthesis.to_rgb.bias)[None, :, None, None] * synthesis.to_rgb.bias_gain
        self.clamp = synthesis.conv_clamp

    def __call__(self, ws, noise):
        """Styles and noise to (N, C, H, W) float, about [-1, 1].

        Args:
            ws: List of num_ws tensors (N, w_dim).
            noise: "const", "none", or a list of tensors (N, 1, h, w), one per style.
        """
        noise = [noise] * len(ws) if isinstance(noise, str) else noise
        # The batch axis comes from the styles.
        features = self.constant(self.const, ws[0], noise[0])
        for layer, w, layer_noise in zip(self.convs, ws[1:], noise[1:], strict=True):
            features = layer(features, w, layer_noise)
        image = ops.conv(features, self.kernel, data_format=FIRST) + self.bias
        return image if self.clamp is None else ops.clip(image, -self.clamp, self.clamp)


class _Epilogue:
    """`keras_stylegan.layers.adain_conv.AdaINEpilogue`."""

    def __init__(self, layer, bounded):
        kernel, bias = dense(layer.adain.affine)
        kernels, biases = np.split(kernel, 2, axis=1), np.split(bias, 2)
        self.scale, self.shift = (kernels[0], biases[0] + 1), (kernels[1], biases[1])
        self.bias = to_numpy(layer.bias)[None, :, None, None]
        self.strength = to_numpy(layer.noise.strength)[None, :, None, None]
        self.noise_const = to_numpy(layer.noise.noise_const).transpose(0, 3, 1, 2)
        self.clamp = layer.clamp
        self.bounded = bounded
        # 1e-8 would be 0 in float16.
        self.epsilon = 1e-6 if bounded else layer.adain.epsilon

    def __call__(self, features, w, noise):
        if isinstance(noise, str):
            # A model trained without noise has strength 0: no map the size of the features then.
            used = noise == "const" and self.strength.any()
            features = features + (self.bias + self.strength * self.noise_const if used else self.bias)
        else:
            features = features + (self.strength * noise + self.bias)
        features = leaky_relu(features)
        features = features - _mean(features)
        if self.bounded:
            features = features / (ops.max(ops.abs(features), axis=(2, 3), keepdims=True) + self.epsilon)
        scale, shift = (ops.matmul(w, kernel) + bias for kernel, bias in (self.scale, self.shift))
        scale = per_pixel(scale) * ops.rsqrt(_mean(ops.square(features)) + self.epsilon)
        outputs = features * scale + per_pixel(shift)
        return outputs if self.clamp is None else ops.clip(outputs, -self.clamp, self.clamp)


class _Conv:
    """`keras_stylegan.layers.adain_conv.AdaINConv2D`."""

    def __init__(self, layer, bounded):
        self.kernel = to_numpy(layer.kernel) * np.float32(layer.kernel_gain)
        self.up = layer.up
        self.epilogue = _Epilogue(layer.epilogue, bounded)

    def __call__(self, features, w, noise):
        if self.up:
            features = filter_doubled(conv_transpose(features, self.kernel))
        else:
            features = ops.conv(features, self.kernel, padding="same", data_format=FIRST)
        return self.epilogue(features, w, noise)


def _mean(features):
    """Over the pixels; one axis after the other, as float16 cannot hold the sum over a large image."""
    return ops.mean(ops.mean(features, axis=3, keepdims=True), axis=2, keepdims=True)
