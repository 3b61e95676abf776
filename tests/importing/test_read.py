"""Every format gives the parameters that were written, bit for bit or to the last one; what is none is refused."""

from pathlib import Path

import files
import numpy as np
import pytest
import reference_numpy
from reference_numpy import random_parameters

from keras_stylegan.errors import InputError
from keras_stylegan.importing.read import read_weights


def equal(found, arrays):
    expected = files.generator_of(arrays)
    assert set(found) == set(expected)
    for name, array in expected.items():
        assert found[name].shape == array.shape, name
        # The style bias of TensorFlow's files lacks a 1.
        np.testing.assert_allclose(found[name], array, rtol=0, atol=1e-6, err_msg=name)


def with_average(arrays):
    return files.rosinality_names(arrays) | {"latent_avg": np.asarray(arrays["G/mapping.w_avg"])}


def averaged(tensors):
    return {"g_ema": tensors}


def split_average(tensors):
    """As the converter of rosinality writes it: latent_avg beside g_ema."""
    last = next(item for item in tensors.items if item[0] == "latent_avg")
    tensors.items = [item for item in tensors.items if item is not last]
    return {"g_ema": tensors, "latent_avg": last[1], "args": files.Call(files.Name("argparse", "Namespace"))}


FORMATS = {
    "official.pkl": files.official_pytorch,
    "tensorflow.pkl": files.official_tensorflow,
    "tensorflow_latin.pkl": lambda a: files.official_tensorflow(a, as_text=True),
    "rosinality.pt": lambda a: files.torch_saved(with_average(a), split_average),
    "rosinality_zip.pt": lambda a: files.torch_saved(with_average(a), averaged, zipped=True),
    "plain.pt": lambda a: files.torch_saved(files.generator_of(a)),
    "plain_zip.pth": lambda a: files.torch_saved(files.generator_of(a), zipped=True),
    "plain.safetensors": lambda a: files.safetensors(files.generator_of(a)),
    "both.safetensors": lambda a: files.safetensors({k: v for k, v in a.items() if k.startswith(("G/", "D/"))}),
    "rosinality.safetensors": lambda a: files.safetensors(with_average(a)),
}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("sizes", [{}, {"channels": 3, "resolution": 32}], ids=["8 grey", "32 rgb"])
def test_every_format_gives_what_was_written(tmp_path, name, sizes):
    arrays = random_parameters(**{"resolution": 8, **sizes})
    (tmp_path / name).write_bytes(FORMATS[name](arrays))
    weights = read_weights(tmp_path / name)
    equal(weights.arrays, arrays)
    assert weights.notes == []


@pytest.mark.parametrize("name", [name for name in FORMATS if "rosinality" not in name])
def test_classes_and_resnet(tmp_path, name):
    arrays = random_parameters(resolution=8, resnet=True, c_dim=3)
    (tmp_path / name).write_bytes(FORMATS[name](arrays))
    equal(read_weights(tmp_path / name).arrays, arrays)


def test_the_source_is_hashed_and_the_limit_is_kept(tmp_path, small):
    (tmp_path / "a.pkl").write_bytes(files.official_pytorch(small, conv_clamp=256))
    weights = read_weights(tmp_path / "a.pkl")
    assert weights.conv_clamp == 256
    # sha256 of "source text", by sha256sum.
    assert weights.sources == {"Module": "a28130a037ced440a70f1e1e896d9f6cf7147adc31e233e588f58dde12902a2d"}


@pytest.mark.parametrize("dtype", ["float16", "float64"])
def test_other_precisions_become_float32(tmp_path, small, dtype):
    arrays = {name: array.astype(dtype) for name, array in files.generator_of(small).items()}
    (tmp_path / "a.pt").write_bytes(files.torch_saved(arrays, zipped=True))
    found = read_weights(tmp_path / "a.pt").arrays
    assert {array.dtype.name for array in found.values()} == {"float32"}
    equal(found, {f"G/{name}": array.astype(np.float32) for name, array in arrays.items()})


def test_bfloat16_is_the_upper_half_of_a_float():
    from keras_stylegan.importing.torch_tensors import decode

    np.testing.assert_array_equal(decode(bytes([0x80, 0x3F, 0x40, 0xC0]), "bfloat16"), np.float32([1, -3]))


def test_noise_that_is_left_out(tmp_path, small):
    arrays = {name: array for name, array in files.generator_of(small).items() if not name.endswith("noise_const")}
    (tmp_path / "a.pt").write_bytes(files.torch_saved(arrays))
    weights = read_weights(tmp_path / "a.pt")
    assert weights.notes == ["3 constant noise maps are not in the file: drawn anew"]
    assert weights.arrays["synthesis.b8.conv1.noise_const"].shape == (8, 8)


def broken(arrays, **changes):
    return files.torch_saved(files.generator_of(arrays) | changes)


NAN = {"synthesis.b8.conv1.bias": np.full(8, np.nan, np.float32)}
REFUSED = {
    "not finite": (lambda a: broken(a, **NAN), r"synthesis\.b8\.conv1\.bias holds numbers that are not finite"),
    "another filter": (
        lambda a: files.torch_saved(with_average(a) | {"convs.1.conv.blur.kernel": np.ones((4, 4), np.float32)}),
        r"convs\.1\.conv\.blur\.kernel is another filter than \[1, 3, 3, 1\]",
    ),
    "StyleGAN3": (
        lambda a: files.official_pytorch({"G/synthesis.input.weight": np.ones((2, 2), np.float32)}),
        "it holds a StyleGAN3; only StyleGAN2",
    ),
    "2018": (
        lambda a: files.official_tensorflow(
            a, extra=[("4x4/StyleMod/weight", files.numpy_array(np.ones(3, np.float32)))]
        ),
        "it holds a StyleGAN of 2018; only StyleGAN2",
    ),
    "labels of 2019": (
        lambda a: files.official_tensorflow(a, extra=[("LabelConcat/weight", files.numpy_array(np.ones(3, "f4")))]),
        "conditional in the way of stylegan2 of 2019",
    ),
    "another kernel": (
        lambda a: files.official_tensorflow(a, options={"resample_kernel": [1, 2, 1]}),
        r"built with resample_kernel = \[1, 2, 1\]",
    ),
    "another name": (
        lambda a: files.torch_saved(with_average(a) | {"convs.0.surprise": np.ones(2, np.float32)}),
        r"convs\.0\.surprise is no part of a StyleGAN2",
    ),
    "other names": (
        lambda a: files.torch_saved({"features.0.weight": np.ones(3, np.float32)}),
        r"no StyleGAN2 generator in names that are known \(it begins with features\.0\.weight\)",
    ),
    "a list": (lambda a: files.dumps([1, 2]), "it holds a list, not a network"),
    "nothing": (lambda a: b"", "it is empty"),
    "a text": (lambda a: b"hello", "imported: it does not begin as a pickle, .* does; it is incomplete or damaged$"),
    "half a pickle": (lambda a: files.official_pytorch(a)[:5000], "its pickle is damaged, or ends too early$"),
    "half of a new .pt": (
        lambda a: files.torch_saved(files.generator_of(a), zipped=True)[:9000],
        "its zip archive is incomplete or damaged: fetch the file again$",
    ),
    "half of an old .pt": (
        lambda a: files.torch_saved(files.generator_of(a))[:-9000],
        "it ends [0-9]+ bytes too early, within a storage$",
    ),
    "a number for a tensor": (
        lambda a: b"\x0d\0\0\0\0\0\0\0" + b'{"weight": 5}',
        "weight is no tensor: it has no dtype, shape and data_offsets$",
    ),
    "no end": (
        lambda a: b"\x35\0\0\0\0\0\0\0" + b'{"weight":{"dtype":"F32","shape":[1],"data_offsets":4}}'[:53],
        "its header is no JSON$",
    ),
    "a memo that is none": (lambda a: b"\x80\x02h\x65.", "cannot be imported: it is incomplete or damaged$"),
    "a picture": (lambda a: b"\x89PNG\r\n\x1a\n", "does not begin as a pickle"),
    "a zip of something else": (
        lambda a: b"PK\x03\x04" + bytes(60),
        "its zip archive is incomplete or damaged",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_generator_of_ours_is_refused(tmp_path, small, name):
    write, message = REFUSED[name]
    (tmp_path / "a.pkl").write_bytes(write(small))
    with pytest.raises(InputError, match=message) as caught:
        read_weights(tmp_path / "a.pkl")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600


def test_what_is_no_file(tmp_path):
    with pytest.raises(InputError, match="there is no file .*nowhere.pkl"):
        read_weights(tmp_path / "nowhere.pkl")
    with pytest.raises(InputError, match="there is no file"):
        read_weights(tmp_path)
    with pytest.raises(InputError, match=r"there is no file x{200}\.\.\.;"):
        read_weights(Path("x" * 5000))


@pytest.mark.needs("torch")
@pytest.mark.parametrize("zipped", [True, False])
def test_what_torch_itself_writes(tmp_path, small, zipped):
    import torch

    arrays = files.generator_of(small)
    tensors = {name: torch.nn.Parameter(torch.tensor(array)) for name, array in arrays.items()}
    # A view with strides of its own, and half precision.
    name = "mapping.fc0.weight"
    tensors[name] = torch.tensor(np.ascontiguousarray(arrays[name].T)).T
    torch.save({"g_ema": tensors}, tmp_path / "a.pt", _use_new_zipfile_serialization=zipped)
    equal(read_weights(tmp_path / "a.pt").arrays, small)
    torch.save({k: t.detach().bfloat16() for k, t in tensors.items()}, tmp_path / "b.pt")
    found = read_weights(tmp_path / "b.pt").arrays
    np.testing.assert_array_equal(found[name], tensors[name].bfloat16().float().numpy())


@pytest.mark.needs("torch")
def test_what_pickle_makes_of_torch_tensors(tmp_path, small):
    """An official file has its tensors from `pickle.dump`; only the modules around them are ours here."""
    import pickle

    import torch

    tensors = {name: torch.nn.Parameter(torch.tensor(array)) for name, array in files.generator_of(small).items()}
    (tmp_path / "a.pkl").write_bytes(pickle.dumps({"G_ema": tensors}))
    equal(read_weights(tmp_path / "a.pkl").arrays, small)


def test_the_reference_network_is_not_trivial():
    assert reference_numpy.random_parameters(resolution=8)["G/synthesis.b8.conv0.affine.bias"].std() > 0
