"""StyleGAN2 weights in the widely used PyTorch layout, loaded into our networks.

Reference layout: kernels (out, in, h, w), dense weights (out, in), images (N, C, H, W); names `G/…` and `D/…`.
All sizes are read from the arrays.
"""

import re

import numpy as np

from keras_stylegan.models.discriminator import Discriminator
from keras_stylegan.models.generator import Generator


def from_reference(arrays, mbstd_group_size=4):
    """Build both networks from reference parameters and load them.

    Args:
        arrays: Mapping of names (`G/synthesis.b4.const`, `D/b32.conv0.weight`, …) to arrays, for example an open
            .npz file; other names are ignored.
        mbstd_group_size: Group size of the minibatch standard deviation; it has no parameter to read it from.

    Returns:
        (generator, discriminator), built and loaded.

    Raises:
        ValueError: A parameter is missing, is left over, or has a shape that these networks cannot have.
    """
    arrays = {name: np.asarray(arrays[name]) for name in arrays if name.startswith(("G/", "D/"))}
    # Filters are constants here.
    arrays = {name: array for name, array in arrays.items() if not name.endswith("resample_filter")}
    generator = Generator(**generator_sizes(arrays))
    discriminator = Discriminator(**_discriminator_sizes(arrays), mbstd_group_size=mbstd_group_size)
    generator.build()
    discriminator.build()
    _assign([*_generator_pairs(generator), *_discriminator_pairs(discriminator)], arrays)
    return generator, discriminator


def assign_generator(generator, arrays):
    """Load the parameters of a generator, built with `generator_sizes`; see `from_reference`."""
    _assign(_generator_pairs(generator), arrays)


def _assign(pairs, arrays):
    for name, variable, convert in pairs:
        value = convert(_get(arrays, name))
        if value.shape != tuple(variable.shape):
            raise ValueError(f"{name} must become {tuple(variable.shape)}. Received: {value.shape}")
        variable.assign(value)
    left = sorted(set(arrays) - {name for name, _, _ in pairs})
    if left:
        raise ValueError(f"These reference parameters have no place in our networks: {left}")


def _get(arrays, name):
    if name not in arrays:
        raise ValueError(f"The reference parameter {name} is missing")
    return arrays[name]


def _count(arrays, pattern):
    return sum(bool(re.fullmatch(pattern, name)) for name in arrays)


def _resolution(arrays, pattern):
    found = [int(match[1]) for name in arrays if (match := re.match(pattern, name))]
    if not found:
        raise ValueError(f"No reference parameter matches {pattern}")
    return max(found)


def _channel_sizes(channels):
    """channel_base and channel_max that give these channels at each resolution: {4: 16, 8: 16, 16: 8, …}."""
    channel_max = max(channels.values())
    # The smallest base with base // r >= c at every resolution; larger ones may give the same network.
    channel_base = max(c * r for r, c in channels.items())
    for r, c in channels.items():
        if min(channel_base // r, channel_max) != c:
            raise ValueError(
                f"channels must be min(channel_base / r, channel_max) at every resolution r. Received: {channels}"
            )
    return {"channel_base": channel_base, "channel_max": channel_max}


def generator_sizes(arrays):
    """The arguments of `Generator` that parameters `G/…` show."""
    resolution = _resolution(arrays, r"G/synthesis\.b(\d+)\.")
    resolutions = [4 * 2**k for k in range(9) if 4 * 2**k <= resolution]
    fc0 = _get(arrays, "G/mapping.fc0.weight")
    embed = arrays.get("G/mapping.embed.weight")
    return {
        "z_dim": fc0.shape[1] - (0 if embed is None else embed.shape[0]),
        "w_dim": _get(arrays, "G/mapping.w_avg").shape[0],
        "c_dim": 0 if embed is None else embed.shape[1],
        "resolution": resolution,
        "channels": _get(arrays, f"G/synthesis.b{resolution}.torgb.weight").shape[0],
        "architecture": "resnet" if "G/synthesis.b8.skip.weight" in arrays else "skip",
        "mapping_layers": _count(arrays, r"G/mapping\.fc\d+\.weight"),
        **_channel_sizes({r: _get(arrays, f"G/synthesis.b{r}.conv1.weight").shape[0] for r in resolutions}),
    }


def _discriminator_sizes(arrays):
    resolution = _resolution(arrays, r"D/b(\d+)\.")
    channels = {4: _get(arrays, "D/b4.conv.weight").shape[0]}
    for r in [4 * 2**k for k in range(1, 9) if 4 * 2**k <= resolution]:
        channels[r] = _get(arrays, f"D/b{r}.conv0.weight").shape[0]
    embed = arrays.get("D/mapping.embed.weight")
    return {
        "c_dim": 0 if embed is None else embed.shape[1],
        "resolution": resolution,
        "channels": _get(arrays, f"D/b{resolution}.fromrgb.weight").shape[1],
        "mapping_layers": _count(arrays, r"D/mapping\.fc\d+\.weight") or 8,
        **_channel_sizes(channels),
    }


def _same(array):
    return array


def _conv(array):
    """(out, in, h, w) to (h, w, in, out)."""
    return array.transpose(2, 3, 1, 0)


def _up_conv(array):
    """(out, in, h, w) to (h, w, out, in), the layout of a transposed convolution."""
    return array.transpose(2, 3, 0, 1)


def _pixels(array):
    """(C, H, W) to (H, W, C)."""
    return array.transpose(1, 2, 0)


def _dense_pairs(name, layer):
    return [(f"{name}.weight", layer.kernel, np.transpose), (f"{name}.bias", layer.bias, _same)]


def _mapping_pairs(name, mapping):
    pairs = [("embed", mapping.embed)] if mapping.c_dim else []
    pairs += [(f"fc{i}", layer) for i, layer in enumerate(mapping.dense_layers)]
    return [pair for part, layer in pairs for pair in _dense_pairs(f"{name}.{part}", layer)]


def _generator_pairs(generator):
    synthesis = generator.synthesis
    pairs = _mapping_pairs("G/mapping", generator.mapping)
    pairs.append(("G/mapping.w_avg", generator.mapping.w_avg, _same))
    pairs.append(("G/synthesis.b4.const", synthesis.const, _pixels))
    for layer in synthesis.convs:
        name = "G/synthesis." + layer.name.replace("_", ".")
        pairs += [
            (f"{name}.weight", layer.conv.kernel, _up_conv if layer.up else _conv),
            (f"{name}.noise_strength", layer.noise.strength, _same),
            (f"{name}.noise_const", layer.noise.noise_const, lambda array: array[None, :, :, None]),
            (f"{name}.bias", layer.bias, _same),
            *_dense_pairs(f"{name}.affine", layer.affine),
        ]
    for layer in synthesis.to_rgbs.values():
        name = "G/synthesis." + layer.name.replace("_", ".")
        pairs.append((f"{name}.weight", layer.kernel, lambda array: array[:, :, 0, 0].T))
        pairs.append((f"{name}.bias", layer.bias, _same))
        pairs += _dense_pairs(f"{name}.affine", layer.affine)
    for layer in synthesis.skips.values():
        pairs.append(("G/synthesis." + layer.name.replace("_", ".") + ".weight", layer.kernel, _conv))
    return pairs


def _discriminator_pairs(discriminator):
    top = discriminator.resolution
    channels = discriminator.conv.filters

    def flat(array):
        """Columns over a flattened (C, 4, 4) map to rows over a flattened (4, 4, C) map."""
        return array.reshape(-1, channels, 4, 4).transpose(2, 3, 1, 0).reshape(-1, array.shape[0])

    convs = [(f"D/b{top}.fromrgb", discriminator.from_rgb), ("D/b4.conv", discriminator.conv)]
    for block in discriminator.blocks:
        convs += [("D/" + layer.name.replace("_", "."), layer) for layer in block]
    pairs = [(f"{name}.weight", layer.kernel, _conv) for name, layer in convs]
    pairs += [(f"{name}.bias", layer.bias, _same) for name, layer in convs if layer.use_bias]
    pairs += [("D/b4.fc.weight", discriminator.fc.kernel, flat), ("D/b4.fc.bias", discriminator.fc.bias, _same)]
    pairs += _dense_pairs("D/b4.out", discriminator.out)
    return pairs + (_mapping_pairs("D/mapping", discriminator.mapping) if discriminator.c_dim else [])
