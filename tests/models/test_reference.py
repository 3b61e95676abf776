"""Parity with the reference networks: the golden files, and other sizes against the numpy networks."""

import ast
from pathlib import Path

import numpy as np
import pytest
import reference_numpy as reference
import tensorflow as tf

from keras_stylegan.models.reference import from_reference

GOLDEN = Path(__file__).parents[1] / "golden"
FILES = ("stylegan2_32_grey", "stylegan2_32_grey_cond2")


@pytest.fixture(scope="module", params=FILES)
def golden(request):
    arrays = dict(np.load(GOLDEN / f"{request.param}.npz"))
    meta = ast.literal_eval(str(arrays["meta"]))
    generator, discriminator = from_reference(arrays, meta["mbstd_group_size"])
    return arrays, meta, generator, discriminator


def error(actual, expected):
    """Largest difference relative to the largest expected value."""
    assert actual.shape == expected.shape
    return np.max(np.abs(actual - expected)) / np.max(np.abs(expected))


def nchw(images):
    return np.asarray(images).transpose(0, 3, 1, 2)


def nhwc(images):
    return images.transpose(0, 2, 3, 1)


def test_sizes_are_read_from_the_golden_arrays(golden):
    _, meta, generator, discriminator = golden
    names = {"img_resolution": "resolution", "img_channels": "channels"}
    config = generator.get_config() | discriminator.get_config() | generator.get_config()
    for name, value in meta.items():
        if name != "mbstd_group_size":
            assert config[names.get(name, name)] == value, name
    assert discriminator.mbstd_group_size == meta["mbstd_group_size"]


def test_golden_mapping_and_images(golden):
    arrays, _, generator, _ = golden
    z, label = arrays["in/z"], arrays.get("in/c")
    ws = generator.mapping(z, label).numpy()
    assert error(ws, arrays["out/w"]) < 1e-5
    images = {
        "out/image_psi1": generator(z, label),
        "out/image_psi0.5": generator(z, label, truncation_psi=0.5),
        "out/image_nonoise": generator(z, label, noise="none"),
        "out/image_mixed_from_layer3": generator.synthesis(np.concatenate([ws[:, :3], ws[::-1, 3:]], axis=1)),
    }
    assert set(images) == {name for name in arrays if name.startswith("out/image")}
    for name, image in images.items():
        assert error(nchw(image), arrays[name]) < 1e-5, name


def test_golden_logits_and_second_order_gradients(golden):
    arrays, _, _, discriminator = golden
    images, label = tf.constant(nhwc(arrays["in/x"])), arrays.get("in/c")
    variables = {
        "b32.conv0.weight": discriminator.blocks[0][0].kernel,
        "b8.skip.weight": discriminator.blocks[-1][2].kernel,
        "b4.conv.weight": discriminator.conv.kernel,
        "b4.out.weight": discriminator.out.kernel,
    }
    assert {f"grad_r1/{name}" for name in variables} == {name for name in arrays if name.startswith("grad_r1/")}
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            inner.watch(images)
            logits = discriminator(images, label)
        gradient = inner.gradient(logits, images)
        r1 = tf.reduce_mean(tf.reduce_sum(gradient**2, axis=[1, 2, 3]))
    second = outer.gradient(r1, [variable.value for variable in variables.values()])
    assert error(logits.numpy(), arrays["out/logits"]) < 1e-5
    assert error(nchw(gradient), arrays["out/input_gradient"]) < 1e-5
    assert error(r1.numpy(), arrays["out/r1"]) < 1e-5
    for (name, _), value in zip(variables.items(), second, strict=True):
        value = value.numpy()
        value = value.transpose(3, 2, 0, 1) if value.ndim == 4 else value.T
        assert error(value, arrays[f"grad_r1/{name}"]) < 1e-5, name


def test_golden_path_lengths(golden):
    from keras_stylegan.losses.penalties import path_lengths

    arrays, _, generator, _ = golden
    ws = generator.mapping(arrays["in/z"], arrays.get("in/c"))
    lengths = path_lengths(generator.synthesis, ws, nhwc(arrays["in/pl_noise"]))
    assert error(lengths.numpy(), arrays["out/path_lengths"]) < 1e-5


def test_the_numpy_networks_agree_with_the_golden_files(golden):
    arrays, meta, _, _ = golden
    arrays = {name: array.astype(np.float64) for name, array in arrays.items() if name != "meta"}
    label = arrays.get("in/c")
    w = reference.mapping(arrays, "G/mapping", arrays["in/z"], label)
    ws = np.repeat(w[:, None], 8, axis=1)
    assert error(ws, arrays["out/w"]) < 1e-5
    assert error(reference.synthesis(arrays, ws), arrays["out/image_psi1"]) < 2e-5
    assert error(reference.synthesis(arrays, ws, None), arrays["out/image_nonoise"]) < 2e-5
    truncated = reference.truncate(ws, arrays["G/mapping.w_avg"], 0.5)
    assert error(reference.synthesis(arrays, truncated), arrays["out/image_psi0.5"]) < 2e-5
    logits = reference.discriminator(arrays, arrays["in/x"], label, meta["mbstd_group_size"])
    assert error(logits, arrays["out/logits"]) < 2e-5


OTHER_SIZES = {
    "16 grey, narrow": ({}, 4),
    "16 rgb, three classes, group 2": ({"channels": 3, "c_dim": 3}, 2),
    "16 resnet": ({"resnet": True}, 4),
    "8 resnet, rgb, two classes": ({"resolution": 8, "resnet": True, "channels": 3, "c_dim": 2}, 3),
    "64, channel_max never reached": ({"resolution": 64, "channel_base": 128, "channel_max": 512}, 1),
    "32, channel_max everywhere": ({"resolution": 32, "channel_base": 4096, "channel_max": 4}, 8),
    "32, odd channel_base": ({"resolution": 32, "channel_base": 100, "channel_max": 512}, 4),
    "128 rgb": ({"resolution": 128, "channel_base": 256, "channel_max": 4, "channels": 3}, 2),
    "16, one mapping layer, z > w": ({"mapping_layers": 1, "z_dim": 9, "w_dim": 4}, 6),
    "16, three mapping layers of D, z = w": ({"c_dim": 4, "d_mapping_layers": 3, "z_dim": 5, "w_dim": 5}, 6),
}


@pytest.mark.parametrize("name", OTHER_SIZES)
def test_other_sizes_compute_the_same_as_numpy(name):
    sizes, group = OTHER_SIZES[name]
    parameters = reference.random_parameters(**sizes)
    generator, discriminator = from_reference(parameters, group)
    sizes = {"resolution": 16, "channels": 1, "c_dim": 0, "z_dim": 6, "w_dim": 5, "mapping_layers": 2} | sizes
    config = generator.get_config()
    for key in ("resolution", "channels", "c_dim", "z_dim", "w_dim", "mapping_layers"):
        assert config[key] == sizes[key], key
    assert config["architecture"] == ("resnet" if sizes.get("resnet") else "skip")
    if sizes["c_dim"]:
        assert discriminator.mapping_layers == sizes.get("d_mapping_layers", 8)

    rng = np.random.default_rng(1)
    batch = 2 * group if group < 4 else group
    z = rng.normal(size=(batch, sizes["z_dim"]))
    label = np.eye(sizes["c_dim"])[rng.integers(sizes["c_dim"], size=batch)] if sizes["c_dim"] else None
    exact = {key: array.astype(np.float64) for key, array in parameters.items()}
    ws = np.repeat(reference.mapping(exact, "G/mapping", z, label)[:, None], generator.num_ws, axis=1)
    ws = reference.truncate(ws, exact["G/mapping.w_avg"], 0.7, cutoff=3)
    images = reference.synthesis(exact, ws)
    single = [None if array is None else array.astype(np.float32) for array in (z, label)]
    ours = generator(*single, truncation_psi=0.7, truncation_cutoff=3)
    assert error(nchw(ours), images) < 1e-4
    logits = reference.discriminator(exact, images, label, group)
    assert error(discriminator(nhwc(images).astype(np.float32), single[1]).numpy(), logits) < 1e-4


def test_a_missing_parameter_is_named():
    parameters = reference.random_parameters(resolution=8)
    del parameters["G/synthesis.b8.conv0.affine.bias"]
    with pytest.raises(ValueError, match=r"G/synthesis\.b8\.conv0\.affine\.bias is missing"):
        from_reference(parameters)


@pytest.mark.parametrize("name", ["G/synthesis.b8.skip.weight.extra", "D/b8.conv7.weight"])
def test_a_surplus_parameter_is_named(name):
    parameters = reference.random_parameters(resolution=8)
    parameters[name] = np.zeros(3, np.float32)
    with pytest.raises(ValueError, match=f"no place in our networks.*{name}"):
        from_reference(parameters)


def test_a_wrong_shape_is_named():
    parameters = reference.random_parameters(resolution=8)
    parameters["G/synthesis.b8.conv1.bias"] = np.zeros(7, np.float32)
    with pytest.raises(ValueError, match=r"b8\.conv1\.bias must become \(8,\)\. Received: \(7,\)"):
        from_reference(parameters)


def test_channels_that_follow_no_rule_are_refused():
    parameters = reference.random_parameters(resolution=16)
    parameters["G/synthesis.b16.conv1.weight"] = np.zeros((9, 9, 3, 3), np.float32)
    with pytest.raises(ValueError, match=r"min\(channel_base / r, channel_max\).*Received: \{4: 8, 8: 8, 16: 9\}"):
        from_reference(parameters)


@pytest.mark.parametrize("prefix", ["G/", "D/"])
def test_a_missing_network_is_said(prefix):
    parameters = reference.random_parameters(resolution=8)
    parameters = {name: array for name, array in parameters.items() if not name.startswith(prefix)}
    with pytest.raises(ValueError, match=f"No reference parameter matches {prefix}"):
        from_reference(parameters)
