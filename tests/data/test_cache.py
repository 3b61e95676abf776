import errno
import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from keras_stylegan.data import cache
from keras_stylegan.data.cache_entry import DamagedError, open_entry, pixel_digest
from keras_stylegan.data.image_set import label_dtype
from keras_stylegan.errors import InputError

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 4, 4, 1), np.uint8)


def build(writer, images=IMAGES):
    for index, image in enumerate(images):
        digest = pixel_digest(image)
        height = {"height": index / 2} if index else {}
        writer.append(image, label=index % 2, subject=f"s{index}", name=f"n{index}", digest=digest, covariates=height)
    return {"fact": 7}


def load(root, build=build, key=None):
    return cache.load_or_build(root, "set", key or {"source": "test"}, (4, 4, 1), build, ["height"])


def no_build(writer):
    raise AssertionError("the cache was not used")


def folder_of(root):
    (folder,) = [folder for folder in root.iterdir() if not folder.name.startswith(".")]
    return folder


def test_an_entry_holds_what_was_appended_and_is_reused(tmp_path):
    for entry in (load(tmp_path), load(tmp_path, no_build)):
        assert entry.images.dtype == np.uint8
        np.testing.assert_array_equal(entry.images, IMAGES)
        labels = entry.columns["labels"]
        assert labels.dtype == label_dtype(["height"])
        assert labels["class"].tolist() == [0, 1, 0, 1, 0]
        np.testing.assert_array_equal(labels["height"], np.array([np.nan, 0.5, 1, 1.5, 2], np.float32))
        assert entry.columns["subjects"].tolist() == ["s0", "s1", "s2", "s3", "s4"]
        assert entry.columns["names"].tolist() == ["n0", "n1", "n2", "n3", "n4"]
        assert len(set(entry.columns["digests"].tolist())) == 5
        assert entry.notes == {"fact": 7}
        assert entry.remark == ""
        assert not entry.images.flags.writeable
    assert not list(tmp_path.glob(".writing*"))


def test_the_default_folder_is_below_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    load(None)
    assert (tmp_path / ".cache" / "keras_stylegan").is_dir()


def test_another_key_is_another_entry(tmp_path):
    first = load(tmp_path)
    other = load(tmp_path, lambda writer: build(writer, IMAGES[:2]), {"source": "other"})
    assert (len(first.images), len(other.images)) == (5, 2)
    assert first.fingerprint != other.fingerprint


def test_the_fingerprint_follows_content_not_files(tmp_path):
    first = load(tmp_path, key={"files": [["a", 1, 2]]})
    touched = load(tmp_path, key={"files": [["a", 1, 3]]})
    changed = load(tmp_path, lambda writer: build(writer, IMAGES[::-1]), {"files": [["a", 1, 4]]})
    assert first.fingerprint == touched.fingerprint
    assert first.fingerprint != changed.fingerprint


def test_covariates_are_data(tmp_path):
    def build_with(height):
        def build(writer):
            digest = pixel_digest(IMAGES[0])
            writer.append(IMAGES[0], label=0, subject="s", name="n", digest=digest, covariates={"height": height})
            return {}

        return build

    first = load(tmp_path, build_with(1.0), {"files": [1]})
    assert load(tmp_path, build_with(1.0), {"files": [2]}).fingerprint == first.fingerprint
    assert load(tmp_path, build_with(2.0), {"files": [3]}).fingerprint != first.fingerprint


def test_the_report_goes_on_with_covariates_and_the_remark(tmp_path):
    load(tmp_path)
    (folder_of(tmp_path) / "names.npy").unlink()
    images = load(tmp_path).image_set(("a", "b"), ["first"], shows_people=False)
    lines = images.report.splitlines()
    assert lines[:2] == ["first", "Covariate height: 0.5 to 2; 1 images have none."]
    assert "was damaged" in lines[2]
    assert not images.shows_people
    unknown = cache.load_or_build(tmp_path, "set", {}, (4, 4, 1), build, ["age"])
    assert "No image has a number for the covariate age." in unknown.image_set(("a", "b"), [], True).report


def test_images_that_are_not_square(tmp_path):
    rectangles = np.random.default_rng(1).integers(0, 256, (3, 2, 8, 1), np.uint8)

    def widening(writer):
        for index, image in enumerate([rectangles[0], rectangles[1].astype(np.uint16), rectangles[2]]):
            writer.append(image, label=0, subject="s", name=str(index), digest=pixel_digest(image))
        return {}

    entry = cache.load_or_build(tmp_path, "set", {}, (2, 8, 1), widening)
    assert (entry.images.shape, entry.images.dtype) == ((3, 2, 8, 1), np.uint16)
    np.testing.assert_array_equal(entry.images[::2], rectangles[::2].astype(int) * 257)
    other = cache.load_or_build(
        tmp_path, "set", {}, (8, 2, 1), lambda writer: build(writer, rectangles.reshape(3, 8, 2, 1))
    )
    assert other.images.shape == (3, 8, 2, 1)


def test_the_first_16_bit_image_widens_the_whole_set(tmp_path):
    wide = np.full((4, 4, 1), 1000, np.uint16)
    entry = load(tmp_path, lambda writer: build(writer, [IMAGES[0], IMAGES[1], wide, IMAGES[2]]))
    assert entry.images.dtype == np.uint16
    expected = [IMAGES[0] * np.uint16(257), IMAGES[1] * np.uint16(257), wide, IMAGES[2] * np.uint16(257)]
    np.testing.assert_array_equal(entry.images, expected)
    assert not (folder_of(tmp_path) / "images16.npy").exists()


def test_equal_digests_mean_equal_pixels():
    image = IMAGES[0]
    assert pixel_digest(image) == pixel_digest(image.copy())
    assert pixel_digest(image) != pixel_digest(image.reshape(2, 8, 1))
    assert pixel_digest(image) != pixel_digest(image.astype(np.uint16))
    # None ends in a zero byte, which a numpy column would drop.
    digests = [pixel_digest(np.full((1, 1, 1), value, np.uint8)) for value in range(256)]
    assert np.array(digests, "S16").tolist() == digests


@pytest.mark.parametrize("name", ["images.npy", "labels.npy", "names.npy", "subjects.npy", "digests.npy", "entry.json"])
@pytest.mark.parametrize("damage", ["cut", "gone", "empty"])
def test_a_damaged_entry_is_rebuilt_and_said_so(tmp_path, name, damage):
    load(tmp_path)
    path = folder_of(tmp_path) / name
    content = path.read_bytes()
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(content[:-3] if damage == "cut" else b"")
    entry = load(tmp_path)
    np.testing.assert_array_equal(entry.images, IMAGES)
    assert "was damaged" in entry.remark and "built anew" in entry.remark
    assert load(tmp_path, no_build).remark == ""


def test_rows_that_disagree_are_damage(tmp_path):
    load(tmp_path)
    folder = folder_of(tmp_path)
    np.save(folder / "labels.npy", np.zeros(5, np.int64))
    with pytest.raises(DamagedError, match="labels.npy holds int64, entry.json says .*height"):
        open_entry(folder)
    np.save(folder / "labels.npy", np.zeros(4, label_dtype(["height"])))
    with pytest.raises(DamagedError, match="4 rows for 5 images"):
        open_entry(folder)
    np.save(folder / "labels.npy", np.zeros(5, label_dtype(["height"])))
    entry = json.loads((folder / "entry.json").read_text())
    (folder / "entry.json").write_text(json.dumps({**entry, "shape": [6, 4, 4, 1]}))
    with pytest.raises(DamagedError, match=r"\(5, 4, 4, 1\).*\(6, 4, 4, 1\)"):
        open_entry(folder)


def test_a_failed_build_leaves_nothing(tmp_path):
    def fail(writer):
        build(writer)
        raise InputError("bad file")

    with pytest.raises(InputError, match="bad file"):
        load(tmp_path, fail)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path, monkeypatch):
    class FullDisk:
        def __init__(self, file):
            self.file = file

        def __getattr__(self, name):
            return getattr(self.file, name)

        def write(self, content):
            raise OSError(errno.ENOSPC, "No space left on device")

    def build_on_full_disk(writer):
        writer._file = FullDisk(writer._file)
        return build(writer)

    with pytest.raises(
        InputError, match=r"cannot write the image cache in .*No space left on device.*--data\.cache-dir"
    ):
        load(tmp_path, build_on_full_disk)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_disk_that_is_full_at_the_last_flush(tmp_path):
    def build_on_full_disk(writer):
        writer._file.close()
        writer._file = open("/dev/full", "wb")  # noqa: SIM115
        return build(writer)

    with pytest.raises(InputError, match="No space left on device"):
        load(tmp_path, build_on_full_disk)
    assert list(tmp_path.iterdir()) == []


def test_a_cache_dir_that_is_a_file(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write the image cache"):
        load(tmp_path / "file")


@pytest.mark.parametrize("name", ["a" * 5000, "a\0b"])
def test_a_cache_dir_that_cannot_be_a_path(tmp_path, name):
    with pytest.raises(InputError, match=r"cannot write the image cache in .*--data\.cache-dir"):
        load(tmp_path / name)


def test_a_user_without_a_home(monkeypatch):
    def homeless():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    with pytest.raises(InputError, match=r"no home directory .*--data\.cache-dir"):
        load(None)


def test_what_a_killed_preparation_left_is_removed(tmp_path):
    process = subprocess.Popen(["true"])
    process.wait()
    host = os.uname().nodename
    dead = tmp_path / f".writing-{host}-{process.pid}-abc"
    alive = tmp_path / f".writing-{host}-{os.getpid()}-abc"
    elsewhere = tmp_path / f".writing-other-{process.pid}-abc"
    for folder in (dead, alive, elsewhere):
        folder.mkdir()
    load(tmp_path)
    assert (dead.exists(), alive.exists(), elsewhere.exists()) == (False, True, True)


def test_a_preparation_killed_while_it_writes_leaves_nothing_valid(tmp_path):
    program = f"""
import time
from keras_stylegan.data import cache
import numpy as np
def build(writer):
    writer.append(np.zeros((4, 4, 1), np.uint8), label=0, subject="s", name="n", digest=b"d")
    print("writing", flush=True)
    time.sleep(60)
cache.load_or_build({str(tmp_path)!r}, "set", {{"source": "test"}}, (4, 4, 1), build)
"""
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "writing\n"
    process.kill()
    process.communicate()
    assert len(list(tmp_path.glob(".writing-*"))) == 1
    entry = load(tmp_path)
    np.testing.assert_array_equal(entry.images, IMAGES)
    assert (entry.remark, len(list(tmp_path.iterdir()))) == ("", 1)


@pytest.mark.parametrize("damaged_first", [False, True])
def test_two_builders_at_once_end_with_one_whole_entry(tmp_path, damaged_first):
    if damaged_first:
        load(tmp_path)
        (folder_of(tmp_path) / "labels.npy").unlink()
    barrier = threading.Barrier(4)
    results = []

    def build_together(writer):
        notes = build(writer)
        barrier.wait(10)  # All four have written everything and publish at the same moment.
        return notes

    threads = [threading.Thread(target=lambda: results.append(load(tmp_path, build_together))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4
    for entry in results:
        np.testing.assert_array_equal(entry.images, IMAGES)
    assert [folder.name for folder in tmp_path.iterdir()] == [folder_of(tmp_path).name]


def test_a_damaged_entry_that_another_builder_moves_aside_at_the_wrong_moment(tmp_path, monkeypatch):
    load(tmp_path)
    folder = folder_of(tmp_path)
    (folder / "labels.npy").unlink()
    rename = Path.rename

    def refused_and_then_gone(self, target):
        try:
            return rename(self, target)
        except OSError:
            shutil.rmtree(folder)
            raise

    monkeypatch.setattr(Path, "rename", refused_and_then_gone)
    np.testing.assert_array_equal(load(tmp_path).images, IMAGES)
    assert load(tmp_path, no_build).remark == ""


def test_an_image_of_another_shape_is_a_bug(tmp_path):
    with pytest.raises(ValueError, match=r"Received: \(2, 2, 1\)"):
        load(tmp_path, lambda writer: build(writer, IMAGES[:, :2, :2]))
