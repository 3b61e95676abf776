"""`generate` refuses what cannot fit before it writes anything, and says the figures."""

import os
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from keras_stylegan.errors import InputError
from keras_stylegan.generation import picture_room
from keras_stylegan.generation.generate import GenerateOptions
from keras_stylegan.generation.picture_room import file_bytes, free_files, require_room

SMALL = SimpleNamespace(resolution=64, channels=1, num_ws=10, w_dim=512)
LARGE = SimpleNamespace(resolution=1024, channels=3, num_ws=18, w_dim=512)


@pytest.fixture(autouse=True)
def machine(monkeypatch):
    """16 GB of memory, 100 GB of disk."""
    monkeypatch.setattr(picture_room, "memory", lambda: 16e9)
    monkeypatch.setattr(picture_room, "free_disk", lambda folder: 100e9)
    monkeypatch.setattr(picture_room, "free_files", lambda folder: 50e6)


@pytest.mark.parametrize("generator", [SMALL, LARGE])
def test_the_defaults_fit(generator, tmp_path):
    require_room(GenerateOptions(output_dir=tmp_path), generator)
    require_room(GenerateOptions(count=10_000, bits=8, output_dir=tmp_path / "not" / "there"), generator)


@pytest.mark.parametrize(
    ("generator", "options", "message"),
    [
        # 101² images of 12.6 MB five times, and their styles.
        (LARGE, {"mixing": 100}, r"mixing needs about 64\d GB of memory, and there are 16 GB; .* Received: 100"),
        # 100,000 images of 12.6 MB twice.
        (LARGE, {"sweep": 99, "interpolation": 0, "interpolation_frames": 999}, r"sweep needs about 2,4\d\d GB .*: 99"),
        # 10,000 frames of 12.6 MB twice.
        (LARGE, {"interpolation": 10, "interpolation_frames": 1000}, r"interpolation needs about 252 GB .*: 10"),
        # 40,000,000 blocks of 4,096 bytes.
        (SMALL, {"count": 40_000_000}, r"count: about 164 GB of disk are needed, and .* 100 GB left; .*: 40000000"),
        # 10,000 arrays of 3·2²⁰ float32.
        (LARGE, {"count": 10_000, "format": "npy"}, r"count: about 126 GB of disk"),
        (SMALL, {"count": 10**30}, r"count: about .* of disk are needed"),
    ],
)  # fmt: skip
def test_what_cannot_fit_is_refused_with_its_figures(generator, options, message, tmp_path):
    with pytest.raises(InputError, match=message):
        require_room(GenerateOptions(**options, output_dir=tmp_path), generator)
    assert os.listdir(tmp_path) == []


def test_a_disk_that_has_no_room_for_more_files(monkeypatch, tmp_path):
    monkeypatch.setattr(picture_room, "free_files", lambda folder: 1000)
    with pytest.raises(InputError, match=r"count: the disk of .* has room for 1000 more files.* Received: 1001"):
        require_room(GenerateOptions(count=1001, output_dir=tmp_path), SMALL)


@pytest.mark.parametrize(("size", "bits"), [(64, 8), (64, 16), (256, 8)])
def test_files_are_at_least_as_large_as_counted(tmp_path, size, bits):
    """Of a smooth picture with a little noise, as slices are; the array's size is exact but for its header."""
    random = np.random.default_rng(0)
    smooth = np.outer(*[np.hanning(size)] * 2) * 200 + random.normal(0, 3, (size, size)) + 20
    pixels = smooth.clip(0, 255).astype(np.uint8) if bits == 8 else (257 * smooth).clip(0, 65535).astype(np.uint16)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    assert file_bytes(size**2, "png", bits) <= 4096 * -(-(tmp_path / "a.png").stat().st_size // 4096)
    np.save(tmp_path / "a.npy", smooth.astype(np.float32))
    assert file_bytes(size**2, "nifti", 8) == file_bytes(size**2, "png", 16)
    assert 0 <= (tmp_path / "a.npy").stat().st_size - file_bytes(size**2, "npy", bits) < 4096


def test_free_files_of_this_disk(tmp_path):
    assert picture_room.os.statvfs(tmp_path).f_files == 0 or free_files(tmp_path / "later") > 0
