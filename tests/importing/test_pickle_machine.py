"""Hostile pickles: nothing runs, nothing takes long or much memory, and every answer is one line."""

import pickle
import random
import struct
import zipfile

import files
import numpy as np
import pytest
from files import Call, Name, refuse

from keras_stylegan.errors import InputError
from keras_stylegan.importing.pickle_machine import Budget, load
from keras_stylegan.importing.read import read_weights


class Payload:
    """Python's own unpickler would create a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


@pytest.mark.parametrize("protocol", range(6))
def test_a_payload_is_named_and_does_not_run(tmp_path, protocol):
    victim = tmp_path / "victim"
    content = pickle.dumps({"G_ema": Payload(victim)}, protocol)
    refuse(tmp_path, content, r"names the global (io|_io|__builtin__|builtins)\.open, .* nothing of the file was run")
    assert not victim.exists()
    # The payload is real.
    pickle.loads(content)
    assert victim.exists()


def test_a_payload_deep_inside_does_not_run(tmp_path, small):
    victim = tmp_path / "victim"
    evil = Call(Name("builtins", "open"), (str(victim), "w"))
    message = r"names the global builtins\.open"
    g = files.generator_of(small)
    refuse(tmp_path, files.official_pytorch(small, surprise=evil), message)
    refuse(tmp_path, files.torch_saved(g, lambda t: {"g_ema": t, "args": evil}), message)
    refuse(tmp_path, files.torch_saved(g, lambda t: {"g_ema": t, "args": evil}, zipped=True), message)
    refuse(tmp_path, files.official_tensorflow(small, options={"x": evil}), message)
    inner = files.legacy(evil, {})
    refuse(tmp_path, files.dumps({"G_ema": Call(Name("torch.storage", "_load_from_bytes"), (inner,))}), message)
    assert not victim.exists()


@pytest.mark.parametrize(
    ("module", "name"),
    [("os", "system"), ("builtins", "eval"), ("builtins", "getattr"), ("torch", "load"), ("numpy", "load"),
     ("torch.utils._device", "x"), ("collections", "OrderedDict.fromkeys"), ("__main__", "x" * 5000)],
)  # fmt: skip
def test_other_names_are_refused(tmp_path, module, name):
    refuse(tmp_path, files.dumps(Call(Name(module, name), ())), f"names the global {module}.{name[:40]}")
    stacked = b"\x80\x04" + b"".join(b"\x8c" + bytes([len(t[:200])]) + t[:200].encode() for t in (module, name))
    refuse(tmp_path, stacked + b"\x93.", "names the global")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"(ios\nsystem\n.", "opcode INST has no place"),
        (b"(cbuiltins\nset\no.", "opcode OBJ has no place"),
        (b"\x80\x02\x82\x01.", "opcode EXT1 has no place"),
        (b"Pid\n.", "opcode PERSID has no place"),
        (b"NQ.", "storages outside of it"),
        (b"\x80\x05\x97.", "opcode NEXT_BUFFER has no place"),
    ],
)
def test_opcodes_that_make_objects_in_other_ways_are_refused(tmp_path, content, message):
    refuse(tmp_path, content, message)


def test_states_of_other_things_are_refused(tmp_path):
    refuse(tmp_path, files.dumps(5)[:-1] + b"}b.", "sets the state of a int")
    refuse(tmp_path, b"\x80\x02ccollections\nOrderedDict\n}b.", "sets the state of a _Name")


def official(shape, strides, count=4, offset=0, stored=None, raw=None, kind="FloatStorage"):
    raw = bytes(max(0, 4 * min(count, 16))) if raw is None else raw
    inner = files.legacy(files.storage_id("0", count, kind), {"0": (count if stored is None else stored, raw)})
    storage = Call(Name("torch.storage", "_load_from_bytes"), (inner,))
    made = Call(Name("torch._utils", "_rebuild_tensor_v2"), (storage, offset, shape, strides, False, {}))
    return files.dumps({"G_ema": {"synthesis.b4.const": made}})


BEYOND = "reaches beyond its storage|is -|has sizes or strides that are none|the length of a storage"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"shape": (5,), "strides": (1,)}, BEYOND),
        ({"shape": (4,), "strides": (2,)}, BEYOND),
        ({"shape": (2, 2), "strides": (1,)}, "2 sizes and 1 strides"),
        ({"shape": (4,), "strides": (1,), "offset": 1}, BEYOND),
        ({"shape": (4,), "strides": (1,), "offset": -1}, BEYOND),
        ({"shape": (4,), "strides": (-1,), "offset": 3}, BEYOND),
        ({"shape": (-4,), "strides": (1,)}, BEYOND),
        ({"shape": (10**9,), "strides": (0,)}, BEYOND),
        ({"shape": (2**62, 4), "strides": (0, 0)}, "a size or stride of a tensor is 4611686018427387904"),
        ({"shape": (10**9, 10**9), "strides": (0, 0)}, BEYOND),
        ({"shape": (True,), "strides": (1,)}, "a size or stride of a tensor is bool"),
        ({"shape": (1.0,), "strides": (1,)}, "a size or stride of a tensor is float"),
        ({"shape": [4], "strides": (1,)}, "sizes or strides that are none"),
        ({"shape": (1,) * 40, "strides": (1,) * 40}, "sizes or strides that are none"),
        ({"shape": (4,), "strides": (1,), "count": 10**9}, "too early, within a storage"),
        ({"shape": (4,), "strides": (1,), "count": 2**50}, "the length of a storage is"),
        ({"shape": (4,), "strides": (1,), "count": -4}, "the length of a storage is -4"),
        ({"shape": (4,), "strides": (1,), "stored": 5}, "a storage of 4 numbers is stored with 5"),
        ({"shape": (4,), "strides": (1,), "stored": -1}, "a storage of 4 numbers is stored with -1"),
        ({"shape": (4,), "strides": (1,), "raw": bytes(15)}, "ends 1 bytes too early"),
        ({"shape": (4,), "strides": (1,), "kind": "QuantizedStorage"}, r"names the global torch\.QuantizedStorage"),
        ({"shape": (4,), "strides": (1,), "kind": "LongStorage", "raw": bytes(32)}, "holds int64"),
    ],
)
def test_tensors_that_claim_what_is_not_there(tmp_path, arguments, message):
    refuse(tmp_path, official(**arguments), message)


@pytest.mark.parametrize(
    "content",
    [
        b"\x80\x04B\xff\xff\xff\x7f" + bytes(10),  # BINBYTES
        b"\x80\x04\x8e" + struct.pack("<Q", 2**62) + bytes(10),  # BINBYTES8
        b"\x80\x04\x8d" + struct.pack("<Q", 2**63) + bytes(10),  # BINUNICODE8
        b"\x80\x05\x96" + struct.pack("<Q", 2**40) + bytes(10),  # BYTEARRAY8
        b"\x80\x02\x8b\xff\xff\xff\x7f" + bytes(10),  # LONG4
        b"\x80\x02\x8b\xff\xff\xff\xff" + bytes(10),  # LONG4, negative
        b"\x80\x04\x95" + struct.pack("<Q", 2**62) + b"].",  # FRAME
        b"I" + b"9" * 100_000 + b"\n.",
        b"\x80\x02Nr\xff\xff\xff\xff.",
        b"Np" + b"9" * 50 + b"\n.",
    ],
)
def test_counts_that_claim_what_is_not_there(tmp_path, content):
    refuse(tmp_path, content, "cannot be imported")


@pytest.mark.slow
def test_bombs(tmp_path):
    nested = 1_200_000
    refuse(tmp_path, b"\x80\x02" + b"]" * nested + b".", "takes more than 1,000,000 steps")
    refuse(tmp_path, b"\x80\x02" + b"]" * 400_000 + b"a" * 399_999 + b".", "holds a list, not a network")
    refuse(tmp_path, b"\x80\x02)" + b"\x85" * 400_000 + b"}\x8c\x01as.", "cannot be imported")
    # A tuple as a key would be hashed to the bottom.
    refuse(tmp_path, b"\x80\x02})" + b"\x85" * 400_000 + b"Ns.", "a tuple is no key")
    # Keys with one hash value: 2^61 - 1 times 1, 2, ...
    keys = b"".join(b"\x8a\x0a" + (k * (2**61 - 1)).to_bytes(10, "little") + b"N" for k in range(1, 50_000))
    refuse(tmp_path, b"\x80\x02}(" + keys + b"u.", "a int is no key")
    # Every list holds the one before ten times: 10^50 elements for whoever walks them.
    refuse(tmp_path, b"\x80\x02" + LAUGHS + b".", "holds a list, not a network")


LEVELS = [b"](" + (b"h" + bytes([i])) * 10 + b"eq" + bytes([i + 1]) for i in range(50)]
LAUGHS = b"]q\x000" + b"0".join(LEVELS)
DEEP = b")" + b"\x85" * 400_000


def spliced(value, code):
    """A pickle in which the text "HERE" is replaced by other code."""
    here = files.dumps("HERE")[2:-1]
    content = files.dumps(value)
    assert here in content
    return content.replace(here, code)


@pytest.mark.slow
@pytest.mark.parametrize("code", [LAUGHS, DEEP], ids=["laughs", "deep"])
@pytest.mark.parametrize(
    ("value", "message"),
    [
        (files.tensorflow_network([], options={"resample_kernel": "HERE"}), "built with resample_kernel = "),
        (files.tensorflow_network([], options={"conv_clamp": "HERE"}), "limited to a (list|tuple), no number"),
        (files.tensorflow_network([("HERE", files.numpy_array(np.ones(3, "f4")))]), "a (list|tuple) is no key"),
        (files.tensorflow_network([("x", Call(Name("numpy", "dtype"), ("HERE", 0, 1)))]), "which are no numbers"),
        (files.persistent("G", {"conv_clamp": "HERE", "_parameters": {"weight": None}}), "limited to a (list|tuple)"),
        (files.persistent("G", {"activation": "HERE"}), "built with activation = "),
        (Call(Name("collections", "OrderedDict"), ([("HERE", 1)],)), "a (list|tuple) is no key"),
        (Call(Name("__builtin__", "set"), (["HERE"],)), "members that are no text"),
    ],
)
def test_bombs_where_something_else_belongs(tmp_path, value, message, code):
    refuse(tmp_path, spliced(value, code), message)


@pytest.mark.slow
def test_a_text_that_is_copied_again_and_again(tmp_path):
    """300 GB, if every copy were made."""
    text = b"X" + struct.pack("<I", 3_000_000) + b"a" * 3_000_000 + b"q\x00"
    encode = b"c_codecs\nencode\n(h\x00X\x06\x00\x00\x00latin1tRa"
    refuse(tmp_path, b"\x80\x02]" + text + b"0" + encode * 100_000 + b".", "more bytes than the file")


def test_steps_are_shared_with_what_is_nested():
    budget = Budget(20)
    load(b"\x80\x02]" + b"]a" * 5 + b".", {}, budget)
    with pytest.raises(ValueError, match="takes more than"):
        load(b"\x80\x02]" + b"]a" * 5 + b".", {}, budget)


def test_archives_that_are_larger_than_they_are(tmp_path, small):
    content = files.torch_saved(files.generator_of(small), zipped=True)
    with zipfile.ZipFile(tmp_path / "bomb.pt", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", bytes(20_000_000))
    refuse(tmp_path, (tmp_path / "bomb.pt").read_bytes(), "its members claim more bytes than it has")
    assert content.count(b"archive/data/0") == 2
    refuse(tmp_path, content.replace(b"archive/data/0", b"archive/data/x"), "data/0 is missing")


@pytest.mark.slow
def test_a_small_file_truncated_at_every_byte(tmp_path):
    """Every shorter file is refused in one line, whatever the format."""
    array = np.arange(4, dtype=np.float32)
    small = {"synthesis.b4.const": array}
    whole = {
        "a.pkl": files.dumps({"G_ema": files.official_module(small)}),
        "a.pt": files.torch_saved(small),
        "b.pt": files.torch_saved(small, zipped=True),
        "a.safetensors": files.safetensors(small),
        "b.pkl": files.dumps(files.tensorflow_network([("dlatent_avg", files.numpy_array(array))])),
    }
    for name, content in whole.items():
        path = tmp_path / name
        path.write_bytes(content)
        read_weights(path)
        for end in range(len(content)):
            path.write_bytes(content[:end])
            with pytest.raises(InputError, match="cannot be imported"):
                read_weights(path)


@pytest.mark.parametrize("name", ["a.pkl", "a.pt", "b.pt", "a.safetensors", "b.pkl"])
def test_flipped_bytes_are_read_or_refused(tmp_path, name):
    """Nothing but an `InputError` comes out, and nothing hangs."""
    small = {"synthesis.b4.const": np.arange(4, dtype=np.float32)}
    content = {
        "a.pkl": lambda: files.dumps({"G_ema": files.official_module(small)}),
        "a.pt": lambda: files.torch_saved(small),
        "b.pt": lambda: files.torch_saved(small, zipped=True),
        "a.safetensors": lambda: files.safetensors(small),
        "b.pkl": lambda: files.dumps(files.tensorflow_network([("dlatent_avg", files.numpy_array(np.ones(3, "f4")))])),
    }[name]()
    rng, path, refused = random.Random(0), tmp_path / name, 0
    for _ in range(150):
        changed = bytearray(content)
        for _ in range(rng.choice((1, 1, 2, 5))):
            changed[rng.randrange(len(changed))] = rng.randrange(256)
        path.write_bytes(changed)
        try:
            read_weights(path)
        except InputError as error:
            refused += 1
            assert "\n" not in str(error)
    assert refused > 40
