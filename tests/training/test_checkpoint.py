import errno
import os
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from keras_stylegan.config import Config
from keras_stylegan.errors import InputError
from keras_stylegan.training import npz
from keras_stylegan.training.checkpoint import CheckpointFolder, load, save
from keras_stylegan.training.record import Record
from keras_stylegan.typed_json import to_json

ARRAYS = {
    "generator/kernel": np.arange(6, dtype=np.float32).reshape(2, 3),
    "stylegan/step": np.int32(7),
    "stylegan/draws": np.array([1, 2**32 - 1], np.uint32),
    "metrics/r1_penalty/total": np.float32("inf"),
}
RECORD = Record(Config(), ("AD", "NC"), "f" * 16, 64)


def test_round_trip(tmp_path):
    save(tmp_path / "a.npz", ARRAYS, RECORD)
    arrays, record = load(tmp_path / "a.npz")
    assert record == RECORD
    assert arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(arrays[name], array)
    assert list(load(tmp_path / "a.npz", groups=("stylegan",))[0]) == ["stylegan/step", "stylegan/draws"]


@pytest.mark.parametrize("position", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("damage", ["flip", "cut"])
def test_damage_is_found(tmp_path, position, damage):
    path = tmp_path / "a.npz"
    # One large array: nearly every byte of the file is content.
    save(path, {"generator/kernel": np.random.default_rng(0).random(5000)}, RECORD)
    content = bytearray(path.read_bytes())
    place = int(len(content) * position)
    if damage == "flip":
        content[place] ^= 1
    path.write_bytes(content if damage == "flip" else content[:place])
    with pytest.raises(InputError, match=f"checkpoint {path} is damaged"):
        load(path)


@pytest.mark.parametrize(
    ("name", "array", "reason"),
    [
        ("generator_ema/kernel", np.float32([1, np.nan]), "generator_ema/kernel holds numbers that are not finite"),
        ("discriminator/bias", np.float32([-np.inf]), "discriminator/bias holds numbers that are not finite"),
        ("stylegan/images", np.int32(-8), "stylegan/images is negative: -8"),
        ("generator/kernel", np.zeros(2, np.complex64), "an array holds complex64"),
        ("generator/kernel", np.array(["a"]), "an array holds <U1"),
    ],
)
def test_numbers_that_no_run_can_go_on_with(tmp_path, name, array, reason):
    save(tmp_path / "a.npz", {name: array}, RECORD)
    with pytest.raises(InputError, match=rf"checkpoint .*a\.npz is damaged \({reason}\)"):
        load(tmp_path / "a.npz")


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ("", "JSON"),
        ("[]", "Input should be"),
        ("null", "Input should be"),
        ("{}", "config: missing"),
        ("[" * 100_000, "JSON"),
        (to_json(RECORD).replace('"images_seen": 64', '"images_seen": -64'), "images_seen"),
        (to_json(RECORD).replace('"images_seen": 64', '"images_seen": 64.5'), "images_seen"),
        (to_json(RECORD).replace('"images_seen": 64', '"images_seen": null'), "images_seen"),
        (to_json(RECORD).replace('"AD"', "null"), "classes.0"),
        (to_json(RECORD).replace('"batch_size": 64', '"batch_size": null'), "config.training.batch_size"),
    ],
)
def test_a_record_that_is_none(tmp_path, record, reason):
    npz.write(tmp_path / "a.npz", ARRAYS, record)
    with pytest.raises(InputError, match=rf"the record of checkpoint .*a\.npz is damaged.*{reason}"):
        load(tmp_path / "a.npz")


def test_full_disk_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.npz"
    save(path, ARRAYS, RECORD)
    before = path.read_bytes()

    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(
        InputError, match=r"Cannot write .*a\.npz: No space left on device.* Earlier checkpoints are kept"
    ):
        save(path, {"generator/kernel": np.zeros(9)}, RECORD)
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
from keras_stylegan.config import Config
from keras_stylegan.training.checkpoint import save
from keras_stylegan.training.record import Record
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, {resource.RLIM_INFINITY}))
try:
    save(Path({str(tmp_path / "a.npz")!r}), {{"generator/kernel": np.zeros(100_000)}}, Record(Config(), ("a",), "", 0))
except InputError as error:
    print(error)
"""
    root = Path(__file__).resolve().parents[2]
    environment = os.environ | {"PYTHONPATH": str(root), "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert "a.npz: File too large" in done.stdout and "Earlier checkpoints are kept" in done.stdout
    assert os.listdir(tmp_path) == []


def write(folder, images, size=1000):
    save(folder.folder / f"checkpoint_{images:010d}.npz", {"generator/kernel": np.zeros(size, np.uint8)}, RECORD)


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
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"cannot read .*file: Not a directory"):
        CheckpointFolder(tmp_path / "file").load_newest()
    # What only has the name of a checkpoint is none.
    (tmp_path / "checkpoint_0000000900.npz").mkdir()
    assert CheckpointFolder(tmp_path).paths()[-1].name == "checkpoint_0000000300.npz"
