"""Reading an .npz file that nobody should trust."""

import io
import json
import random
import struct
import sys
import tracemalloc
import zipfile

import numpy as np
import pytest

from keras_stylegan.training import npz

ARRAYS = {
    "generator/kernel": np.arange(6, dtype=np.float32).reshape(2, 3),
    "stylegan/step": np.int32(7),
    "stylegan/draws": np.array([1, 2**32 - 1], np.uint32),
    "empty": np.zeros((0, 3), np.float64),
    "columns first": np.asfortranarray(np.arange(12.0).reshape(3, 4)),
}


def read(path):
    return npz.read(path, lambda name: True)


def archive_of(path, members, record=b"{}", names=None, **options):
    """A file with these members, whatever they are."""
    with zipfile.ZipFile(path, "w", **options) as archive:
        archive.writestr(npz.RECORD, record)
        archive.writestr(npz.NAMES, json.dumps([name[:-4] for name in members] if names is None else names))
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def header(text, data=b"", version=(1, 0)):
    """An .npy file with this header."""
    text = text.encode() + b"\n"
    return b"\x93NUMPY" + bytes(version) + struct.pack("<H", len(text)) + text + data


def npy(array, **options):
    buffer = io.BytesIO()
    np.save(buffer, array, **options)
    return buffer.getvalue()


def test_round_trip_keeps_every_bit_and_type(tmp_path):
    path = tmp_path / "a.npz"
    npz.write(path, ARRAYS, '{"a": 1}')
    arrays, record = read(path)
    assert record == b'{"a": 1}'
    assert list(arrays) == list(ARRAYS)
    for name, array in ARRAYS.items():
        assert arrays[name].dtype == array.dtype and arrays[name].shape == array.shape
        np.testing.assert_array_equal(arrays[name], array)
        assert arrays[name].flags.writeable
    # Any tool reads it as well.
    with np.load(path) as archive:
        np.testing.assert_array_equal(archive["generator/kernel"], ARRAYS["generator/kernel"])
    assert list(npz.read(path, lambda name: name.startswith("gen"))[0]) == ["generator/kernel"]


TERABYTES = header("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000, 1000000), }", b"1234")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "magic string"),
        (b"no array", "magic string"),
        (header("{'descr': '<f4', 'fortran_"), "Cannot parse header|EOF in multi-line"),
        (header("(" * 5000), "Cannot parse header|EOF in multi-line"),
        (header("[1]"), "not a dictionary"),
        (header("{'descr': 7, 'fortran_order': False, 'shape': (1,), }"), "descr"),
        (header("{'descr': '<f4', 'fortran_order': False, 'shape': (-2, -1), }", b"12345678"), "dimension"),
        (header("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", b"1234", (9, 0)), "unknown version"),
        (TERABYTES, r"shape \(1000000, 1000000\) and type float32 has 4 bytes"),
        (npy(np.zeros(3)) + b"more", "has 28 bytes"),
        (npy(np.zeros(3))[:-1], "has 23 bytes"),
        (npy(np.array(["a", "bc"])), "holds <U2"),
        (npy(np.array([{}, None]), allow_pickle=True), "holds object"),
        (npy(np.zeros(2, np.complex64)), "holds complex64"),
        (npy(np.zeros(2, "M8[s]")), "holds datetime64"),
        (npy(np.zeros(2, [("a", "<f4")])), r"holds \[\('a', '<f4'\)\]"),
    ],
)
def test_an_array_that_is_none_is_refused(tmp_path, content, reason):
    path = archive_of(tmp_path / "a.npz", {"x.npy": content})
    tracemalloc.start()
    with pytest.raises(ValueError, match=reason):
        read(path)
    assert tracemalloc.get_traced_memory()[1] < 5e6
    tracemalloc.stop()


def test_members_must_be_stored_as_they_are(tmp_path):
    good = {"x.npy": npy(np.zeros(1000))}
    compressed = archive_of(tmp_path / "a.npz", good, compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(ValueError, match="arrays.json is encrypted or compressed"):
        read(compressed)
    content = bytearray(archive_of(tmp_path / "b.npz", good).read_bytes())
    # The last entry of the central directory: flags at 8, the method at 10 bytes from its signature.
    entry = content.rindex(b"PK\x01\x02")
    for place, value in ((8, 1), (10, 99)):
        changed = bytearray(content)
        changed[entry + place] = value
        (tmp_path / "c.npz").write_bytes(changed)
        with pytest.raises(ValueError, match=r"x\.npy is encrypted or compressed"):
            read(tmp_path / "c.npz")


def test_a_missing_or_additional_member_is_found(tmp_path):
    good = {"x.npy": npy(np.zeros(2)), "y.npy": npy(np.zeros(2))}
    for names in (["x"], ["x", "y", "z"], ["x", "y", "y"]):
        with pytest.raises(ValueError, match="its members are not those of arrays.json"):
            read(archive_of(tmp_path / "a.npz", good, names=names))
    for names in (None, 7, {"x": 1}, [[]], [None]):
        with pytest.raises(ValueError):
            read(archive_of(tmp_path / "a.npz", {}, names=names if names is not None else "x"))


@pytest.mark.parametrize("seed", range(4))
def test_no_flipped_cut_or_inserted_byte_passes(tmp_path, seed):
    """Whatever a byte becomes, the file is refused or gives the same arrays (a time stamp is nobody's)."""
    path = tmp_path / "a.npz"
    npz.write(path, ARRAYS, '{"a": 1}')
    content, draw, refused = path.read_bytes(), random.Random(seed), 0
    for _ in range(400):
        changed, place = bytearray(content), draw.randrange(len(content))
        kind = draw.choice(("flip", "flip", "flip", "cut", "insert", "zero"))
        if kind == "flip":
            changed[place] ^= 1 << draw.randrange(8)
        elif kind == "cut":
            del changed[place : place + draw.choice((1, 2, 100, sys.maxsize))]
        elif kind == "insert":
            changed[place:place] = draw.randbytes(3)
        else:
            changed[place : place + 64] = bytes(len(changed[place : place + 64]))
        path.write_bytes(changed)
        try:
            arrays, record = read(path)
        except ValueError:
            refused += 1
            continue
        assert record == b'{"a": 1}' and list(arrays) == list(ARRAYS)
        for name, array in ARRAYS.items():
            np.testing.assert_array_equal(arrays[name], array)
    assert refused > 200
