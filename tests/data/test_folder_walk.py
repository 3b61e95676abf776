"""Folders that nobody would train on: refused in one line, at once."""

import contextlib
import os
import socket
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from keras_stylegan.config import DataConfig
from keras_stylegan.data import folder_walk
from keras_stylegan.data.folder import Folder
from keras_stylegan.data.folder_walk import Walk, open_folder
from keras_stylegan.data.listing import list_images
from keras_stylegan.errors import InputError

RNG = np.random.default_rng(0)


@pytest.fixture
def layout(tmp_path):
    """train/ with the classes AD and NC: 3 + 2 images."""
    root = tmp_path / "set"
    for name in ("AD/11_1.png", "AD/11_2.png", "AD/12_1.png", "NC/21_1.png", "NC/22_1.png"):
        path = root / "train" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(RNG.integers(0, 256, (8, 8), np.uint8)).save(path)
    return root


def load(root, **options):
    data = DataConfig(path=root, cache_dir=root.parent / "cache", **options)
    return Folder(data).load("train", (8, 8), 1, progress=False)


@pytest.mark.parametrize("target", ["..", "../..", "../../..", "."])
def test_links_in_a_circle(layout, target):
    (layout / "train" / "NC" / "loop").symlink_to(target)
    # From above the root it goes round once through the whole layout.
    found = "train/NC/loop/set" if target == "../../.." else "train/NC/loop"
    with pytest.raises(InputError, match=rf"{found} leads back to .*: remove the link that makes a circle"):
        list_images(layout, "train")


def test_two_folders_that_link_to_each_other(layout):
    (layout / "train" / "AD" / "nc").symlink_to("../NC")
    (layout / "train" / "NC" / "ad").symlink_to("../AD")
    with pytest.raises(InputError, match=r"train/AD/nc/ad leads back to .*train/AD: remove"):
        list_images(layout, "train")


def test_links_that_lead_somewhere_are_followed(layout, tmp_path):
    (layout / "train" / "NC").rename(tmp_path / "elsewhere")
    (layout / "train" / "NC").symlink_to("../../elsewhere")
    (layout / "train" / "AD" / "broken").symlink_to("nowhere")
    (layout / "train" / "AD" / "self").symlink_to("self")
    listing = list_images(layout, "train")
    assert (len(listing.files), listing.classes, listing.ignored) == (5, ("AD", "NC"), 2)


@pytest.mark.parametrize(("name", "most"), [("MOST_IMAGES", 4), ("MOST_OTHERS", 3)])
def test_a_folder_without_end_is_given_up(layout, monkeypatch, name, most):
    for number in range(2):
        (layout / "train" / "NC" / f"{number}.txt").write_text("")
    monkeypatch.setattr(folder_walk, name, most)
    with pytest.raises(InputError, match=r"set is no folder of images: it holds more than .*--data\.path"):
        list_images(layout, "train")


def test_a_class_without_images_ends_the_walk(layout, monkeypatch):
    (layout / "train" / "AA" / "deep").mkdir(parents=True)
    scanned = []
    scan = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: scanned.append(Path(path).name) or scan(path))
    with pytest.raises(InputError, match=r"the class folder .*train/AA holds no images"):
        list_images(layout, "train")
    assert "NC" not in scanned


def test_folders_within_folders_beyond_pythons_recursion(layout):
    path, depth = str(layout / "train" / "NC"), 1500
    folder = os.open(path, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("d", dir_fd=folder)
        inner = os.open("d", os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = inner
    os.close(folder)
    assert len(list_images(layout, "train").files) == 5
    subprocess.run(["rm", "-rf", path], check=True)  # pytest's own cleaning recurs.


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs /proc")
@pytest.mark.parametrize("path", ["/proc", "/", "/dev"])
def test_the_machine_itself_is_no_folder_of_images(path):
    with pytest.raises(InputError) as raised:
        list_images(Path(path), "train")
    assert len(str(raised.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("a\0b", r"must be a folder of images \(embedded null byte\)\. Received: 'a\\x00b'"),
        ("x" * 5000, r"must be a folder of images \(File name too long\)\. Received: 'x+…, 5000 characters"),
        ("~nobody/set", r"is not there\. Received: '~nobody/set'"),
        ("self", r"must be a folder of images \(Too many levels of symbolic links\)"),
        ("file/inside", r"is not there\. Received: '.*file/inside'"),
        ("pipe", r"must be a folder of images, but it is a file"),
    ],
)
def test_what_cannot_be_a_folder(tmp_path, monkeypatch, path, message):
    monkeypatch.chdir(tmp_path)
    os.symlink("self", "self")
    os.mkfifo("pipe")
    Path("file").write_text("")
    with pytest.raises(InputError, match=r"data\.path " + message):
        open_folder(Path(path))
    with pytest.raises(InputError, match=r"data\.path " + message):
        list_images(Path(path), "train")


@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied"), OSError(5, "Input/output error")])
def test_a_folder_that_cannot_be_read(tmp_path, monkeypatch, error):
    def fail(path):
        raise error

    monkeypatch.setattr(os, "scandir", fail)
    with pytest.raises(
        InputError, match=r"no permission to read the folder .*|cannot read the folder .*\(Input/output"
    ):
        Walk(tmp_path).entries(tmp_path)


@pytest.mark.parametrize("kind", ["pipe", "socket", "device", "self-link"])
def test_what_is_no_regular_file_is_refused_by_name_and_never_opened(layout, kind):
    path = layout / "train" / "AD" / "99_1.png"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        with contextlib.chdir(path.parent), socket.socket(socket.AF_UNIX) as server:
            server.bind(path.name)
    else:
        path.symlink_to("/dev/zero" if kind == "device" else path.name)
    images = load(layout)
    assert len(images) == 5
    assert "Warning: 1 unreadable files skipped: train/AD/99_1.png (" in images.report
    with pytest.raises(InputError, match=r"train/AD/99_1\.png cannot be read"):
        load(layout, strict=True)


def test_names_that_cannot_be_printed(layout):
    path = os.fsencode(layout / "train" / "AD") + b"/caf\xe9\n_1.png"
    with open(path, "wb") as file:
        file.write((layout / "train" / "AD" / "11_1.png").read_bytes())
    images = load(layout)
    assert r"train/AD/caf\udce9\n_1.png" in images.names.tolist()
    assert r"train/AD/caf\udce9\n_1" in images.subjects.tolist()
    images.report.encode()
    assert r"exact copies of other images: train/AD/caf\udce9\n_1.png" in images.report
