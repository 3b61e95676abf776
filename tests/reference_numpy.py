"""StyleGAN2's generator and discriminator in plain numpy, float64, in the layout of the reference arrays.

Images are (N, C, H, W), kernels (out, in, h, w), dense weights (out, in). Written from the papers' equations and
checked against the golden files, independent of the package: per-sample kernels as in equations 1 to 3, filters by
`scipy.signal`.
"""

import numpy as np
from scipy.signal import convolve2d

FILTER = np.outer([1, 3, 3, 1], [1, 3, 3, 1]) / 64.0
SQRT2 = np.sqrt(2.0)


def leaky_relu(x):
    return np.where(x < 0, 0.2 * x, x)


def normalize(x):
    return x / np.sqrt(np.mean(x**2, axis=1, keepdims=True) + 1e-8)


def conv2d(x, kernel, stride=1, padding=0):
    """Cross-correlation, as deep learning calls convolution."""
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    size = kernel.shape[2]
    height, width = [(n - size) // stride + 1 for n in x.shape[2:]]
    out = np.zeros((len(x), kernel.shape[0], height, width))
    for i in range(size):
        for j in range(size):
            window = x[:, :, i : i + stride * height : stride, j : j + stride * width : stride]
            out += np.einsum("nchw,oc->nohw", window, kernel[:, :, i, j])
    return out


def conv_transpose2d(x, kernel):
    """Stride 2, no padding, kernel not flipped: every input pixel adds a copy of the kernel. H to 2H + 1 for 3x3."""
    size = kernel.shape[2]
    n, _, height, width = x.shape
    out = np.zeros((n, kernel.shape[0], 2 * (height - 1) + size, 2 * (width - 1) + size))
    for i in range(size):
        for j in range(size):
            out[:, :, i : i + 2 * height : 2, j : j + 2 * width : 2] += np.einsum(
                "nchw,oc->nohw", x, kernel[:, :, i, j]
            )
    return out


def fir(x, before, after, gain=1.0):
    """Pad with zeros and convolve with the filter (symmetric, so flipping does not matter)."""
    x = np.pad(x, ((0, 0), (0, 0), (before, after), (before, after)))
    planes = x.reshape(-1, *x.shape[2:])
    out = np.stack([convolve2d(plane, FILTER * gain, mode="valid") for plane in planes])
    return out.reshape(*x.shape[:2], *out.shape[1:])


def downsample(x):
    return fir(x, 1, 1)[:, :, ::2, ::2]


def upsample(x):
    n, c, height, width = x.shape
    out = np.zeros((n, c, 2 * height, 2 * width))
    out[:, :, ::2, ::2] = x
    return fir(out, 2, 1, gain=4.0)


def dense(p, name, x, lr_multiplier=1.0):
    weight = p[f"{name}.weight"]
    return x @ (weight * lr_multiplier / np.sqrt(weight.shape[1])).T + p[f"{name}.bias"] * lr_multiplier


def mapping(p, name, z, label):
    """w (N, w_dim)."""
    parts = [] if z is None else [normalize(z)]
    if f"{name}.embed.weight" in p:
        parts.append(normalize(dense(p, f"{name}.embed", label)))
    x = np.concatenate(parts, axis=1)
    layer = 0
    while f"{name}.fc{layer}.weight" in p:
        x = leaky_relu(dense(p, f"{name}.fc{layer}", x, 0.01)) * SQRT2
        layer += 1
    return x


def truncate(ws, w_avg, psi, cutoff=None):
    out = ws.copy()
    cutoff = ws.shape[1] if cutoff is None else cutoff
    out[:, :cutoff] = w_avg + psi * (ws[:, :cutoff] - w_avg)
    return out


def modulated_kernels(weight, style):
    """Equations 1 and 3: one demodulated kernel per sample, (N, out, in, h, w)."""
    kernels = np.empty((len(style), *weight.shape))
    for n in range(len(style)):
        modulated = weight * style[n][None, :, None, None]
        for out in range(len(weight)):
            kernels[n, out] = modulated[out] / np.sqrt(np.sum(modulated[out] ** 2) + 1e-8)
    return kernels


def modulated_conv(x, weight, style, up=False):
    outputs = []
    for n, kernel in enumerate(modulated_kernels(weight, style)):
        sample = x[n : n + 1]
        outputs.append(fir(conv_transpose2d(sample, kernel), 1, 1, 4.0) if up else conv2d(sample, kernel, padding=1))
    return np.concatenate(outputs)


def styled_conv(p, name, x, w, noise, up=False, gain=1.0):
    x = modulated_conv(x, p[f"{name}.weight"], dense(p, f"{name}.affine", w), up)
    if isinstance(noise, str):
        x = x + p[f"{name}.noise_const"] * p[f"{name}.noise_strength"]
    elif noise is not None:
        x = x + noise * p[f"{name}.noise_strength"]
    return leaky_relu(x + p[f"{name}.bias"][:, None, None]) * SQRT2 * gain


def to_rgb(p, name, x, w):
    weight = p[f"{name}.weight"]
    style = dense(p, f"{name}.affine", w) / np.sqrt(weight.shape[1])
    images = [conv2d(x[n : n + 1], weight * style[n][None, :, None, None]) for n in range(len(x))]
    return np.concatenate(images) + p[f"{name}.bias"][:, None, None]


def synthesis(p, ws, noise="const"):
    """Images (N, C, H, W) of ws (N, num_ws, w_dim); noise "const" (the buffers), None, or drawn."""
    name = "G/synthesis"
    top = max(int(key.split(".b")[1].split(".")[0]) for key in p if key.startswith(name))
    resnet = f"{name}.b8.skip.weight" in p
    x = np.repeat(p[f"{name}.b4.const"][None], len(ws), axis=0)
    image, index, r = None, 0, 4
    while r <= top:
        block = f"{name}.b{r}"
        residual = resnet and r > 4
        if residual:
            skip = conv2d(upsample(x), p[f"{block}.skip.weight"] / np.sqrt(x.shape[1])) * np.sqrt(0.5)
        if r > 4:
            x = styled_conv(p, f"{block}.conv0", x, ws[:, index], noise, up=True)
            index += 1
        x = styled_conv(p, f"{block}.conv1", x, ws[:, index], noise, gain=np.sqrt(0.5) if residual else 1.0)
        index += 1
        if residual:
            x = x + skip
        if not resnet or r == top:
            rgb = to_rgb(p, f"{block}.torgb", x, ws[:, index])
            image = rgb if image is None else upsample(image) + rgb
        r *= 2
    return image


def conv_layer(p, name, x, down=False, activate=True, gain=1.0):
    weight = p[f"{name}.weight"]
    weight = weight / np.sqrt(np.prod(weight.shape[1:]))
    if not down:
        x = conv2d(x, weight, padding=weight.shape[2] // 2)
    elif weight.shape[2] == 1:
        x = conv2d(downsample(x), weight)
    else:
        x = conv2d(fir(x, 2, 2), weight, stride=2)
    if f"{name}.bias" in p:
        x = x + p[f"{name}.bias"][:, None, None]
    return (leaky_relu(x) * SQRT2 if activate else x) * gain


def minibatch_stddev(x, group_size):
    n, _, height, width = x.shape
    group = min(group_size, n)
    feature = np.zeros((n, 1, height, width))
    for first in range(n // group):
        members = list(range(first, n, n // group))
        feature[members] = np.mean(np.sqrt(np.var(x[members], axis=0) + 1e-8))
    return np.concatenate([x, feature], axis=1)


def discriminator(p, x, label=None, group_size=4):
    """Logits (N, 1) of images (N, C, H, W)."""
    top = r = x.shape[2]
    x = conv_layer(p, f"D/b{top}.fromrgb", x)
    while r > 4:
        skip = conv_layer(p, f"D/b{r}.skip", x, down=True, activate=False, gain=np.sqrt(0.5))
        x = conv_layer(p, f"D/b{r}.conv1", conv_layer(p, f"D/b{r}.conv0", x), down=True, gain=np.sqrt(0.5))
        x = skip + x
        r //= 2
    x = conv_layer(p, "D/b4.conv", minibatch_stddev(x, group_size))
    x = leaky_relu(dense(p, "D/b4.fc", x.reshape(len(x), -1))) * SQRT2
    x = dense(p, "D/b4.out", x)
    if label is not None:
        cmap = mapping(p, "D/mapping", None, label)
        x = np.sum(x * cmap, axis=1, keepdims=True) / np.sqrt(cmap.shape[1])
    return x


def random_parameters(
    seed=0,
    *,
    resolution=16,
    channels=1,
    c_dim=0,
    z_dim=6,
    w_dim=5,
    mapping_layers=2,
    d_mapping_layers=8,
    channel_base=64,
    channel_max=8,
    resnet=False,
):
    """Random parameters of both networks under the reference's names, float32."""
    rng = np.random.default_rng(seed)
    p = {}

    def draw(name, *shape, scale=1.0, offset=0.0):
        p[name] = (offset + scale * rng.normal(size=shape)).astype(np.float32)

    def draw_dense(name, inputs, outputs, scale=1.0, offset=0.0):
        draw(f"{name}.weight", outputs, inputs, scale=scale)
        draw(f"{name}.bias", outputs, scale=0.1 * scale, offset=offset)

    def draw_mapping(name, z, w, layers):
        if c_dim:
            draw_dense(f"{name}.embed", c_dim, w)
        for layer in range(layers):
            draw_dense(f"{name}.fc{layer}", (z + (w if c_dim else 0)) if layer == 0 else w, w, scale=100.0)

    def features(r):
        return min(channel_base // r, channel_max)

    def draw_styled(name, inputs, outputs, r):
        draw(f"{name}.weight", outputs, inputs, 3, 3)
        draw(f"{name}.noise_strength", scale=0.3)
        draw(f"{name}.noise_const", r, r)
        draw(f"{name}.bias", outputs, scale=0.1)
        draw_dense(f"{name}.affine", w_dim, inputs, offset=1.0)

    draw_mapping("G/mapping", z_dim, w_dim, mapping_layers)
    draw("G/mapping.w_avg", w_dim, scale=0.3)
    draw("G/synthesis.b4.const", features(4), 4, 4)
    resolutions = [4 * 2**k for k in range(9) if 4 * 2**k <= resolution]
    for r in resolutions:
        block = f"G/synthesis.b{r}"
        if r > 4:
            draw_styled(f"{block}.conv0", features(r // 2), features(r), r)
            p[f"{block}.resample_filter"] = FILTER.astype(np.float32)
        draw_styled(f"{block}.conv1", features(r), features(r), r)
        if resnet and r > 4:
            draw(f"{block}.skip.weight", features(r), features(r // 2), 1, 1)
        if not resnet or r == resolution:
            draw(f"{block}.torgb.weight", channels, features(r), 1, 1)
            draw(f"{block}.torgb.bias", channels, scale=0.1)
            draw_dense(f"{block}.torgb.affine", w_dim, features(r), offset=1.0)

    def draw_conv(name, inputs, outputs, size, bias=True):
        draw(f"{name}.weight", outputs, inputs, size, size)
        if bias:
            draw(f"{name}.bias", outputs, scale=0.1)

    draw_conv(f"D/b{resolution}.fromrgb", channels, features(resolution), 1)
    for r in resolutions[:0:-1]:
        draw_conv(f"D/b{r}.conv0", features(r), features(r), 3)
        draw_conv(f"D/b{r}.conv1", features(r), features(r // 2), 3)
        draw_conv(f"D/b{r}.skip", features(r), features(r // 2), 1, bias=False)
    if c_dim:
        draw_mapping("D/mapping", 0, features(4), d_mapping_layers)
    draw_conv("D/b4.conv", features(4) + 1, features(4), 3)
    draw_dense("D/b4.fc", features(4) * 16, features(4))
    draw_dense("D/b4.out", features(4), features(4) if c_dim else 1)
    return p
