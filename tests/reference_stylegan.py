"""StyleGAN's networks of 2018 in plain numpy, float64: loops of the paper's equations, independent of the package.

Images are (N, C, H, W), kernels (out, in, h, w), dense weights (out, in); parameters by name in a dictionary. The
activation's gain √2 is applied, where the package leaves it to AdaIN.
"""

import numpy as np
from reference_numpy import (
    SQRT2,
    conv2d,
    conv_layer,
    conv_transpose2d,
    dense,
    fir,
    leaky_relu,
    mapping,
    minibatch_stddev,
)


def adain(x, scale, shift):
    """Karras et al. 2018, equation 1, channel by channel; scale and shift (N, C)."""
    out = np.empty(x.shape)
    for n in range(x.shape[0]):
        for c in range(x.shape[1]):
            plane = x[n, c]
            normalized = (plane - np.sum(plane) / plane.size) / np.sqrt(np.var(plane) + 1e-8)
            out[n, c] = scale[n, c] * normalized + shift[n, c]
    return out


def epilogue(p, name, x, w, noise):
    """Noise scaled per channel, bias, leaky ReLU, AdaIN; noise (N or 1, 1, h, w) or None."""
    if noise is not None:
        x = x + p[f"{name}.noise_strength"][:, None, None] * noise
    x = leaky_relu(x + p[f"{name}.bias"][:, None, None]) * SQRT2
    style = dense(p, f"{name}.affine", w)
    channels = x.shape[1]
    return adain(x, 1 + style[:, :channels], style[:, channels:])


def styled_conv(p, name, x, w, noise, up=False):
    weight = p[f"{name}.weight"]
    weight = weight / np.sqrt(np.prod(weight.shape[1:]))
    x = fir(conv_transpose2d(x, weight), 1, 1, 4.0) if up else conv2d(x, weight, padding=1)
    return epilogue(p, name, x, w, noise)


def synthesis(p, ws, noises):
    """Images (N, C, H, W) of ws (N, num_ws, w_dim); noises: one array or None per style."""
    x = np.repeat(p["const"][None], len(ws), axis=0)
    x = epilogue(p, "b4_const", x, ws[:, 0], noises[0])
    x = styled_conv(p, "b4_conv1", x, ws[:, 1], noises[1])
    index, r = 2, 8
    while f"b{r}_conv0.weight" in p:
        x = styled_conv(p, f"b{r}_conv0", x, ws[:, index], noises[index], up=True)
        x = styled_conv(p, f"b{r}_conv1", x, ws[:, index + 1], noises[index + 1])
        index, r = index + 2, 2 * r
    return conv_layer(p, "torgb", x, activate=False)


def discriminator(p, x, label=None, group_size=4):
    """Logits (N, 1) of images (N, C, H, W)."""
    r = x.shape[2]
    x = conv_layer(p, "fromrgb", x)
    while r > 4:
        x = conv_layer(p, f"b{r}_conv1", conv_layer(p, f"b{r}_conv0", x), down=True)
        r //= 2
    x = conv_layer(p, "b4_conv", minibatch_stddev(x, group_size))
    x = leaky_relu(dense(p, "b4_fc", x.reshape(len(x), -1))) * SQRT2
    x = dense(p, "b4_out", x)
    if label is not None:
        cmap = mapping(p, "mapping", None, label)
        x = np.sum(x * cmap, axis=1, keepdims=True) / np.sqrt(cmap.shape[1])
    return x
