"""Files of weights in every format, written by minimal writers of our own from the arrays of a reference network."""

import io
import json
import pickle
import re
import resource
import struct
import zipfile

import numpy as np
import pytest

from keras_stylegan.errors import InputError
from keras_stylegan.importing.read import read_weights

MAGIC = 0x1950A86A20F9469CFC6C
FILTER = np.outer([1, 3, 3, 1], [1, 3, 3, 1]).astype(np.float32) / 64


class Name:
    """Pickled as a global, whatever module it is in: nothing has to be there to be imported."""

    def __init__(self, module, name):
        self.module, self.name = module, name


class Call:
    """Pickled as the call of a global, and a state or items that follow."""

    def __init__(self, name, arguments=(), state=None, items=None):
        self.name, self.arguments, self.state, self.items = name, arguments, state, items


class Persistent:
    def __init__(self, identity):
        self.identity = identity


def dumps(value, protocol=2):
    """A pickle of plain values, `Name`, `Call` and `Persistent`."""
    return b"\x80" + bytes([protocol]) + _code(value) + b"."


def _code(value):
    if isinstance(value, Name):
        return f"c{value.module}\n{value.name}\n".encode()
    if isinstance(value, Call):
        code = _code(value.name) + _code(tuple(value.arguments)) + b"R"
        if value.items:
            code += b"(" + b"".join(_code(part) for item in value.items for part in item) + b"u"
        return code + (b"" if value.state is None else _code(value.state) + b"b")
    if isinstance(value, Persistent):
        return _code(value.identity) + b"Q"
    if isinstance(value, dict):
        return b"}(" + b"".join(_code(part) for item in value.items() for part in item) + b"u"
    if isinstance(value, tuple):
        return b"(" + b"".join(map(_code, value)) + b"t"
    if isinstance(value, list):
        return b"](" + b"".join(map(_code, value)) + b"e"
    if isinstance(value, bytes):
        return b"B" + struct.pack("<I", len(value)) + value
    # Python's own pickle of a number, text or None, without its frame.
    return pickle.dumps(value, 2)[2:-1].replace(b"q\x00", b"")


KINDS = {"float32": "FloatStorage", "float16": "HalfStorage", "float64": "DoubleStorage", "bfloat16": "BFloat16Storage"}


def storage_id(key, count, kind="FloatStorage"):
    return Persistent(("storage", Name("torch", kind), key, "cpu", count, None))


def legacy(root, storages, system=None):
    """A file of torch.save before 1.6: storages are {key: (count, bytes)}."""
    system = system or {"protocol_version": 1001, "little_endian": True, "type_sizes": {"int": 4}}
    parts = [dumps(part) for part in (MAGIC, 1001, system, root, sorted(storages))]
    return b"".join(parts) + b"".join(
        struct.pack("<q", storages[key][0]) + storages[key][1] for key in sorted(storages)
    )


def tensor(array, storage, offset=0):
    strides = tuple(stride // array.itemsize for stride in np.array(array, order="C").strides)
    arguments = (storage, offset, tuple(array.shape), strides, False, Call(Name("collections", "OrderedDict")))
    return Call(Name("torch._utils", "_rebuild_tensor_v2"), arguments)


def nested_tensor(array):
    """A tensor as pickle.dump writes it: its storage is a file of torch.save within the pickle."""
    array = np.array(array, order="C")
    inner = legacy(storage_id("7", array.size, KINDS[array.dtype.name]), {"7": (array.size, array.tobytes())})
    return tensor(array, Call(Name("torch.storage", "_load_from_bytes"), (inner,)))


def torch_saved(arrays, wrap=lambda tensors: tensors, zipped=False):
    """torch.save of `wrap` of a state dict, in the old or the new format."""
    arrays = {name: np.array(array, order="C") for name, array in arrays.items()}
    keys = {name: str(number) for number, name in enumerate(arrays)}
    tensors = Call(
        Name("collections", "OrderedDict"),
        items=[(name, tensor(a, storage_id(keys[name], a.size, KINDS[a.dtype.name]))) for name, a in arrays.items()],
        state={"_metadata": Call(Name("collections", "OrderedDict"))},
    )
    raw = {keys[name]: (array.size, array.tobytes()) for name, array in arrays.items()}
    if not zipped:
        return legacy(wrap(tensors), raw)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", dumps(wrap(tensors)))
        archive.writestr("archive/byteorder", "little")
        for key, (_, content) in raw.items():
            archive.writestr(f"archive/data/{key}", content)
        archive.writestr("archive/version", "3\n")
    return file.getvalue()


def safetensors(arrays):
    header, raw = {"__metadata__": {"format": "pt"}}, b""
    for name, array in arrays.items():
        content = np.array(array, order="C").tobytes()
        kind = {"float32": "F32", "float16": "F16", "float64": "F64"}[array.dtype.name]
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": [len(raw), len(raw) + len(content)]}
        raw += content
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + raw


def generator_of(arrays):
    """The parameters of the generator, without its filters."""
    names = [name for name in arrays if name.startswith("G/") and not name.endswith("resample_filter")]
    return {name[2:]: np.asarray(arrays[name]) for name in names}


def persistent(class_name, state, source="raise SystemExit('the source was run')"):
    meta = {"type": "class", "version": 6, "module_src": source, "class_name": class_name, "state": state}
    return Call(Name("torch_utils.persistence", "_reconstruct_persistent_obj"), (meta,))


def official_module(arrays, conv_clamp=None, source="source text", architecture="skip"):
    """Nested objects of an official PyTorch pickle, from a state dict."""
    own = {name: array for name, array in arrays.items() if "." not in name}
    children = {}
    for name, array in arrays.items():
        if "." in name:
            child, rest = name.split(".", 1)
            children.setdefault(child, {})[rest] = array
    buffers = {"noise_const", "w_avg", "resample_filter"}
    parameters = {
        name: Call(Name("torch._utils", "_rebuild_parameter"), (nested_tensor(array), True, {}))
        for name, array in own.items()
        if name not in buffers
    }
    state = {
        "training": False,
        "_parameters": Call(Name("collections", "OrderedDict"), items=list(parameters.items())),
        "_buffers": {name: nested_tensor(array) for name, array in own.items() if name in buffers},
        "_non_persistent_buffers_set": Call(Name("__builtin__", "set"), ([],)),
        "_modules": {name: official_module(part, conv_clamp, source, architecture) for name, part in children.items()},
        "_init_kwargs": Call(Name("dnnlib.util", "EasyDict"), items=[("z_dim", 4)]),
    }
    if "affine" in children:
        state |= {"conv_clamp": conv_clamp, "activation": "lrelu", "use_noise": True, "architecture": architecture}
    return persistent("Module", state, source)


def official_pytorch(arrays, conv_clamp=None, architecture="skip", **others):
    g = generator_of(arrays) | {"synthesis.b8.conv0.resample_filter": FILTER}
    root = {
        "G": None,
        "D": None,
        "G_ema": official_module(g, conv_clamp, architecture=architecture),
        "augment_pipe": None,
    }
    dtype = Call(Name("numpy", "dtype"), ("f8", 0, 1), (3, "<", None, None, None, -1, -1, 0))
    scalar = Call(Name("numpy.core.multiarray", "scalar"), (dtype, struct.pack("<d", 0.5)))
    return dumps(root | {"training_set_kwargs": Call(Name("dnnlib.util", "EasyDict"), items=[("p", scalar)])} | others)


def numpy_array(array, as_text=False):
    """As numpy pickles it; as_text as Python 2 did, or Python 3 for it."""
    array = np.array(array, order="C")
    dtype = Call(Name("numpy", "dtype"), (array.dtype.str[1:], 0, 1), (3, "<", None, None, None, -1, -1, 0))
    raw = array.tobytes()
    if as_text:
        raw = Call(Name("_codecs", "encode"), (raw.decode("latin-1"), "latin1"))
    empty = Call(Name("numpy.core.multiarray", "_reconstruct"), (Name("numpy", "ndarray"), (0,), b"b"))
    empty.state = (1, tuple(array.shape), dtype, False, raw)
    return empty


def tensorflow_name(name, array):
    """(variable, array) of stylegan2 in TensorFlow: the inverse of what public converters do."""
    if name == "mapping.w_avg":
        return "dlatent_avg", array
    if match := re.fullmatch(r"mapping\.fc(\d+)\.(weight|bias)", name):
        return f"mapping/Dense{match[1]}/{match[2]}", array.T
    if match := re.fullmatch(r"mapping\.embed\.(weight|bias)", name):
        return f"mapping/LabelEmbed/{match[1]}", array.T
    if name == "synthesis.b4.const":
        return "synthesis/4x4/Const/const", array[None]
    size, layer, part = re.fullmatch(r"synthesis\.b(\d+)\.(\w+)\.(.+)", name).groups()
    if part == "noise_const":
        number = 2 * int(np.log2(int(size))) - (5 if layer == "conv0" else 4)
        return f"synthesis/noise{number}", array[None, None]
    theirs = {"conv0": "Conv0_up", "conv1": "Conv" if size == "4" else "Conv1", "torgb": "ToRGB", "skip": "Skip"}[layer]
    if part == "weight":
        array = array.transpose(2, 3, 1, 0)
        array = array[::-1, ::-1] if layer in ("conv0", "skip") else array
    if part == "affine.weight":
        part, array = "mod_weight", array.T
    if part == "affine.bias":
        part, array = "mod_bias", array - 1
    return f"synthesis/{size}x{size}/{theirs}/{part}", array


def tensorflow_network(variables, components=None, options=None):
    state = {
        "version": 4,
        "name": "G",
        "static_kwargs": Call(
            Name("dnnlib.util", "EasyDict"), items=list({"resolution": 32, **(options or {})}.items())
        ),
        "build_module_src": "raise SystemExit('the source was run')",
        "build_func_name": "G_main",
        "components": components or {},
        "variables": variables,
    }
    return Call(Name("dnnlib.tflib.network", "Network"), (), state)


def official_tensorflow(arrays, as_text=False, options=None, extra=()):
    parts = {"": [], "mapping": [], "synthesis": []}
    for name, array in generator_of(arrays).items():
        theirs, array = tensorflow_name(name, array)
        part, _, rest = theirs.partition("/")
        parts[part if rest else ""].append((rest or theirs, numpy_array(array, as_text)))
    components = {name: tensorflow_network(parts[name]) for name in ("mapping", "synthesis")}
    network = tensorflow_network([*parts[""], *extra], components, options)
    return dumps((None, None, network))


def rosinality_names(arrays):
    """The state dict of a generator in rosinality's names, without latent_avg."""
    found = {}
    for name, array in generator_of(arrays).items():
        if match := re.fullmatch(r"mapping\.fc(\d+)\.(weight|bias)", name):
            found[f"style.{int(match[1]) + 1}.{match[2]}"] = array
        elif name == "synthesis.b4.const":
            found["input.input"] = array[None]
        elif name != "mapping.w_avg":
            size, layer, part = re.fullmatch(r"synthesis\.b(\d+)\.(\w+)\.(.+)", name).groups()
            block = int(np.log2(int(size))) - 3
            if part == "noise_const":
                number = 0 if block < 0 else 2 * block + (1 if layer == "conv0" else 2)
                found[f"noises.noise_{number}"] = array[None, None]
                continue
            if layer == "torgb":
                prefix = "to_rgb1" if block < 0 else f"to_rgbs.{block}"
            else:
                prefix = "conv1" if block < 0 else f"convs.{2 * block + (layer == 'conv1')}"
            ours = {"weight": "conv.weight", "noise_strength": "noise.weight",
                    "bias": "bias" if layer == "torgb" else "activate.bias"}  # fmt: skip
            theirs = ours.get(part, part.replace("affine", "conv.modulation"))
            array = array[None] if part == "weight" else array
            array = array.reshape(1) if part == "noise_strength" else array
            array = array.reshape(1, -1, 1, 1) if theirs == "bias" else array
            found[f"{prefix}.{theirs}"] = array
    found["convs.0.conv.blur.kernel"] = FILTER * 4
    return found


def refuse(tmp_path, content, message, name="a.pkl"):
    """The file is refused with a message of one line, and without 200 MB more of memory."""
    (tmp_path / name).write_bytes(content)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(InputError, match=message) as caught:
        read_weights(tmp_path / name)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000
    assert "\n" not in str(caught.value)
