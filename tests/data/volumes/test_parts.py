"""Preparations that are interrupted, killed or out of room, and go on to the same bytes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from small_sources import contents, prepare, write_source
from small_volumes import head, save_nifti

from keras_stylegan.data.volumes import parts, preparation, reading
from keras_stylegan.data.volumes.find import find_scans
from keras_stylegan.errors import InputError

ROOT = Path(__file__).resolve().parents[3]

# Prepares in a process that kills itself at a call of one of the functions that write.
KILLED = """
import os, signal, sys
from pathlib import Path
from keras_stylegan.data.volumes import dataset_files, parts
from keras_stylegan.data.volumes.options import VolumeOptions
from keras_stylegan.data.volumes.preparation import prepare_volumes

source, out, salt, place, last = sys.argv[1:]
module, name = {"images": (parts.Parts, "append"), "known": (parts, "replace_file"),
                "entry": (dataset_files, "finish_entry"), "files": (dataset_files, "replace_file")}[place]
original, calls = getattr(module, name), []

def killed(*arguments, **options):
    calls.append(arguments)
    if len(calls) == int(last):
        if place == "images":
            # Three slices of the scan and some rows of the next one.
            growing, split, images = arguments
            original(growing, split, images[:3])
            original(growing, split, images[3, :5])
        os.kill(os.getpid(), signal.SIGKILL)
    return original(*arguments, **options)

setattr(module, name, killed)
options = VolumeOptions(size=(16, 32), spacing=2.0, min_brain=0.0, workers=2, salt=Path(salt))
prepare_volumes(Path(source), Path(out), options, progress=False)
"""


def program(text, *arguments):
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", text, *map(str, arguments)], env=environment, capture_output=True)
    return done.returncode, done.stderr.decode()


@pytest.fixture
def source(tmp_path):
    """Eight scans, of which the second and the last are refused."""
    path = write_source(tmp_path / "in", subjects=4)
    for name in ("P0_1.nii.gz", "P3_1.nii.gz"):
        (tmp_path / "in" / name).write_bytes(b"no volume")
    return path


@pytest.mark.parametrize(
    ("place", "last", "found"),
    [
        ("images", 1, 0),
        ("images", 4, 3),
        ("known", 1, 0),
        ("known", 5, 3),
        ("known", 8, 6),
        ("entry", 1, 6),
        ("entry", 2, 6),
        ("files", 1, 6),
        ("files", 2, 6),
    ],
)
def test_a_killed_preparation_goes_on_to_the_same_bytes(tmp_path, salt, source, place, last, found):
    prepare(source, tmp_path / "whole", salt=salt)
    code, said = program(KILLED, source, tmp_path / "out", salt, place, last)
    assert code == -signal.SIGKILL, said
    assert not (tmp_path / "out" / "dataset.json").exists()
    lines = prepare(source, tmp_path / "out", salt=salt).lines
    assert lines[0].startswith(f"Went on after an interruption: {found} volumes") == bool(found)
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def interrupt(monkeypatch, source, out, salt, after, **changes):
    """Ctrl-C when so many scans have been read."""
    read, done = reading.read_nifti, []

    def interrupted(path):
        if len(done) == after:
            raise KeyboardInterrupt
        done.append(path)
        return read(path)

    with monkeypatch.context() as patch:
        patch.setattr(reading, "read_nifti", interrupted)
        with pytest.raises(KeyboardInterrupt):
            prepare(source, out, salt=salt, workers=1, **changes)


def names_read(monkeypatch, source, out, salt, **changes):
    """Prepares, and the names of the scans that were read for it."""
    read, names = reading.read_nifti, []
    with monkeypatch.context() as patch:
        patch.setattr(reading, "read_nifti", lambda path: names.append(path.name) or read(path))
        prepare(source, out, salt=salt, **changes)
    return sorted(names)


ALL = [f"P{subject}_{session}.nii.gz" for subject in range(4) for session in range(2)]


def longer(path):
    """Another scan in the place of one."""
    save_nifti(path / "in" / ALL[2], head((12, 14, 12), seed=99))


def cut(path):
    os.truncate(path / "out" / "test" / "images.npy", 128 + 11 * 16 * 32 * 2 + 5)


def overwritten(path):
    with (path / "out" / "test" / "images.npy").open("r+b") as file:
        file.seek(128 + 11 * 16 * 32 * 2 + 5)
        file.write(b"\xff\xff")


def without_records(path):
    for file in (path / "out" / ".parts").iterdir():
        file.write_bytes(file.read_bytes()[:20])


# P0 and P1 are held out, so the twelfth image there is of P0_1, at 6 slices a scan.
@pytest.mark.parametrize(
    ("change", "options", "kept"),
    [
        (lambda path: None, {}, 5),
        (longer, {}, 2),
        (cut, {}, 1),
        (overwritten, {}, 1),
        (without_records, {}, 0),
        (lambda path: (path / "in" / ALL[0]).unlink(), {}, 0),
        (lambda path: None, {"spacing": 2.5}, 0),
        (lambda path: None, {"size": (8, 8)}, 0),
        (lambda path: None, {"split": "1/0"}, None),
        (lambda path: None, {"seed": 3}, None),
    ],
)
def test_what_no_longer_holds_is_read_again(tmp_path, salt, monkeypatch, change, options, kept):
    source = write_source(tmp_path / "in", subjects=4)
    interrupt(monkeypatch, source, tmp_path / "out", salt, after=5)
    change(tmp_path)
    names = names_read(monkeypatch, source, tmp_path / "out", salt, **options)
    if kept is not None:
        assert names == [name for name in ALL[kept:] if (tmp_path / "in" / name).exists()]
    prepare(source, tmp_path / "whole", salt=salt, **options)
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def test_a_refused_scan_is_tried_again(tmp_path, salt, monkeypatch):
    source = write_source(tmp_path / "in", subjects=4)
    path = tmp_path / "in" / ALL[1]
    content, changed = path.read_bytes(), path.stat().st_mtime_ns
    # As if a server had not been there for a moment: the file is the same before and after.
    path.write_bytes(bytes(len(content)))
    os.utime(path, ns=(changed, changed))
    interrupt(monkeypatch, source, tmp_path / "out", salt, after=5)
    path.write_bytes(content)
    os.utime(path, ns=(changed, changed))
    prepare(source, tmp_path / "whole", salt=salt)
    prepare(source, tmp_path / "out", salt=salt)
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def test_two_preparations_of_one_dataset(tmp_path, salt, source, monkeypatch):
    """The second comes while the first reads, and before and after the first has finished."""
    read, said = reading.read_nifti, []
    command = (sys.executable, ROOT / "run.py", "prepare", source, "--out", tmp_path / "out", "--salt", salt)

    def meanwhile(path):
        if path.name == ALL[3]:
            said.append(subprocess.run(list(map(str, command)), capture_output=True, text=True))
        return read(path)

    with monkeypatch.context() as patch:
        patch.setattr(reading, "read_nifti", meanwhile)
        prepare(source, tmp_path / "out", salt=salt)
    (second,) = said
    line = f"Error: {tmp_path / 'out'} is in use by another process: wait for it or choose another folder with --out."
    assert (second.returncode, " ".join(f"{second.stdout}{second.stderr}".split())) == (2, line)
    prepare(source, tmp_path / "whole", salt=salt)
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")
    # Found to be free, then finished by another process, then locked.
    monkeypatch.setattr(preparation, "find_scans", lambda *given: finished(tmp_path) or find_scans(*given))
    monkeypatch.setattr(parts.Parts, "grow", lambda *given: pytest.fail("it was read again"))
    with pytest.raises(InputError, match="late holds a dataset already"):
        prepare(source, tmp_path / "late", salt=salt)


def finished(folder):
    (folder / "late").mkdir()
    (folder / "late" / "dataset.json").touch()


FULL = """
import resource, sys
from pathlib import Path
from keras_stylegan.data.volumes.options import VolumeOptions
from keras_stylegan.data.volumes.preparation import prepare_volumes
from keras_stylegan.errors import InputError

source, out, salt, room = sys.argv[1:]
resource.setrlimit(resource.RLIMIT_FSIZE, (int(room), int(room)))
options = VolumeOptions(size=(16, 32), spacing=2.0, min_brain=0.0, workers=2, salt=Path(salt))
try:
    prepare_volumes(Path(source), Path(out), options, progress=False)
except InputError as error:
    raise SystemExit(str(error))
"""


@pytest.mark.parametrize("room", [300, 16_000])
def test_no_room_left(tmp_path, salt, room):
    """Files may have `room` bytes: what is known of a scan does not fit, or its slices do only in part."""
    source = write_source(tmp_path / "in", subjects=4)
    code, said = program(FULL, source, tmp_path / "out", salt, room)
    assert code == 1 and "File too large" in said and "ree some space or choose another" in said
    assert "Traceback" not in said
    prepare(source, tmp_path / "out", salt=salt)
    prepare(source, tmp_path / "whole", salt=salt)
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def test_images_stand_in_the_order_of_the_scans_however_long_each_takes(tmp_path, salt, monkeypatch):
    source = write_source(tmp_path / "in", subjects=4)
    prepare(source, tmp_path / "whole", salt=salt, workers=1)
    read, lasting = reading.read_nifti, np.random.default_rng(0).permutation(8) / 40

    def slowly(path):
        time.sleep(lasting[ALL.index(path.name)])
        return read(path)

    monkeypatch.setattr(reading, "read_nifti", slowly)
    prepare(source, tmp_path / "out", salt=salt, workers=8)
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def test_what_is_read_ahead_is_bounded(tmp_path, salt, monkeypatch):
    """A scan whose slices are written slowly is not overtaken by all the others, which would fill the memory."""
    source = write_source(tmp_path / "in", subjects=12)
    read, append, begun, ahead = reading.read_nifti, parts.Parts.append, [], []

    def slowly(self, split, images):
        time.sleep(0.02)
        ahead.append(len(begun) - len(ahead) - 1)
        append(self, split, images)

    monkeypatch.setattr(reading, "read_nifti", lambda path: begun.append(path) or read(path))
    monkeypatch.setattr(parts.Parts, "append", slowly)
    prepare(source, tmp_path / "out", salt=salt, workers=2)
    assert len(ahead) == 24 and max(ahead) <= 2 + reading.AHEAD
