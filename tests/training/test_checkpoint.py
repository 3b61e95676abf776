import errno
import os
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from keras_stylegan.errors import InputError
from keras_stylegan.training.checkpoint import CheckpointFolder, load, save

ARRAYS = {
    "generator/000/kernel": np.arange(6, dtype=np.float32).reshape(2, 3),
    "counters/000/step": np.int32(7),
    "draws/000/state": np.array([1, 2**32 - 1], np.uint32),
}
RECORD = {"classes": ["AD", "NC"], "images_seen": 64}


def test_round_trip_keeps_every_bit_and_type(tmp_path):
    save(tmp_path / "a.npz", ARRAYS, RECORD)
    arrays, record = load(tmp_path / "a.npz")
    assert record == RECORD
    assert arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(arrays[name], array)
    # Any tool reads it as well.
    with np.load(tmp_path / "a.npz") as archive:
        np.testing.assert_array_equal(archive["generator/000/kernel"], ARRAYS["generator/000/kernel"])


def test_only_the_wanted_groups_are_read(tmp_path):
    save(tmp_path / "a.npz", ARRAYS, RECORD)
    assert list(load(tmp_path / "a.npz", groups=("counters",))[0]) == ["counters/000/step"]


@pytest.mark.parametrize("position", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("damage", ["flip", "cut"])
def test_damage_is_found(tmp_path, position, damage):
    path = tmp_path / "a.npz"
    # One large array: nearly every byte of the file is content.
    save(path, {"generator/000/kernel": np.random.default_rng(0).random(5000)}, RECORD)
    content = bytearray(path.read_bytes())
    place = int(len(content) * position)
    if damage == "flip":
        content[place] ^= 1
    path.write_bytes(content if damage == "flip" else content[:place])
    with pytest.raises(InputError, match=f"checkpoint {path} is damaged"):
        load(path)


def test_full_disk_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.npz"
    save(path, ARRAYS, RECORD)
    before = path.read_bytes()

    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match=r"cannot save .*a\.npz: No space left on device; earlier"):
        save(path, {"generator/000/kernel": np.zeros(9)}, RECORD)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["a.npz"]


@pytest.mark.slow
def test_a_file_too_large_for_the_system_leaves_nothing(tmp_path):
    """The same with the kernel refusing the write: a limit on the size of a file, in a process of its own."""
    program = f"""
import resource, signal, sys
import numpy as np
from pathlib import Path
from keras_stylegan.errors import InputError
from keras_stylegan.training.checkpoint import save
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, {resource.RLIM_INFINITY}))
try:
    save(Path({str(tmp_path / "a.npz")!r}), {{"generator/000/kernel": np.zeros(100_000)}}, {{}})
except InputError as error:
    print(error)
"""
    root = Path(__file__).resolve().parents[2]
    environment = os.environ | {"PYTHONPATH": str(root), "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert "a.npz: File too large; earlier checkpoints are kept" in done.stdout
    assert os.listdir(tmp_path) == []


def write(folder, images, size=1000):
    save(folder.folder / f"checkpoint_{images:010d}.npz", {"generator/000/kernel": np.zeros(size, np.uint8)}, RECORD)


def test_budget_deletes_the_oldest_but_never_the_newest_two(tmp_path):
    folder = CheckpointFolder(tmp_path, budget_bytes=0)
    for images in (100, 200, 300, 400):
        write(folder, images)
    size = folder.paths()[0].stat().st_size
    (tmp_path / "notes.txt").write_text("not a checkpoint")
    folder.budget_bytes = 3 * size
    folder._delete_oldest()
    assert [path.name for path in folder.paths()] == [f"checkpoint_{n:010d}.npz" for n in (200, 300, 400)]
    folder.budget_bytes = 0
    folder._delete_oldest()
    assert [path.name for path in folder.paths()] == [f"checkpoint_{n:010d}.npz" for n in (300, 400)]
    assert (tmp_path / "notes.txt").exists()


def test_falls_back_past_damaged_checkpoints_and_says_so(tmp_path):
    folder, said = CheckpointFolder(tmp_path), []
    for images in (100, 200, 300):
        write(folder, images)
    for path in folder.paths()[1:]:
        path.write_bytes(b"")
    assert folder.load_newest(warn=said.append)[0] == tmp_path / "checkpoint_0000000100.npz"
    assert len(said) == 2
    assert all("is damaged" in line and "falling back to the previous one" in line for line in said)
    folder.paths()[0].write_bytes(b"PK")
    with pytest.raises(InputError, match="every checkpoint is damaged; start a new run"):
        folder.load_newest(warn=said.append)
    with pytest.raises(InputError, match="there is no checkpoint"):
        CheckpointFolder(tmp_path / "none").load_newest()
