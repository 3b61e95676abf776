"""Finding image files, their classes and their subjects in a folder."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from keras_stylegan.data.decode import ENDINGS
from keras_stylegan.errors import InputError

SPLITS = ("train", "test")
# The class of images that lie in a folder without subfolders.
SINGLE_CLASS = "all"


@dataclass(frozen=True)
class ImageFile:
    """One image file: `name` relative to the root with '/', its label, its size in bytes and its time of change."""

    name: str
    label: int
    size: int
    mtime_ns: int


@dataclass(frozen=True)
class Listing:
    """The image files of one split.

    Attributes:
        root: The folder that names are relative to.
        classes: Names of the classes, sorted.
        files: Image files sorted by name.
        ignored: Number of other files (hidden ones and other endings).
    """

    root: Path
    classes: tuple[str, ...]
    files: list[ImageFile]
    ignored: int


def list_images(path: Path | None, split: str) -> Listing:
    """Lists the images of a split.

    With a `train/` or `test/` inside, the folder is a layout of splits, each with one subfolder per class. Any other
    folder is the split 'train' as a whole, with one class per subfolder or, without subfolders, a single class.
    Images may lie deeper inside their class folder. Hidden files and other endings are ignored.

    Args:
        path: The folder.
        split: 'train' or 'test'.

    Raises:
        InputError: The folder is not given, missing, a file, unreadable or without images; it has no such split; a
            class has no image; images lie both beside and in class folders; test/ has a class that train/ lacks.
    """
    root = _checked(path)
    if not has_splits(root):
        if split != "train":
            raise InputError(f"data.path {root} has no {split}/ folder, so there is no {split} split.")
        return _list_split(root, root, None)
    folder = root / split
    if not folder.is_dir():
        raise InputError(f"data.path {root} has no {split}/ folder beside {'test' if split == 'train' else 'train'}/.")
    # Both splits count classes alike, so that a label means the same in both.
    classes = _classes(root / "train") if (root / "train").is_dir() else None
    return _list_split(root, folder, classes or None)


def has_splits(root: Path) -> bool:
    """Whether a folder has the layout `train/` and `test/`."""
    return any((root / split).is_dir() for split in SPLITS)


def subject_of(name: str, pattern: re.Pattern[str]) -> str | None:
    """The subject in a file name, or None if the pattern does not match.

    Args:
        name: File name with folders and ending, such as 'train/AD/1005_14.jpeg'.
        pattern: Compiled regular expression for the name alone without its ending, with a group 'subject'.
    """
    match = pattern.fullmatch(os.path.splitext(name.rpartition("/")[2])[0])
    return match["subject"] if match else None


def _checked(path: Path | None) -> Path:
    if path is None:
        raise InputError("data.path is not set: give the folder of images with --data.path FOLDER.")
    root = Path(path).expanduser()
    try:
        if not root.exists():
            raise InputError(f"data.path is not there. Received: {str(path)!r}")
        if not root.is_dir():
            raise InputError(f"data.path must be a folder of images, but it is a file. Received: {str(path)!r}")
    except PermissionError:
        raise InputError(f"no permission to read the folder {root}.") from None
    return root


def _list_split(root: Path, folder: Path, classes: tuple[str, ...] | None) -> Listing:
    own = _classes(folder)
    top, ignored = _images_in(root, folder, own)
    by_class = {name: _walk(root, folder / name) for name in own}
    if top and any(files for files, _ in by_class.values()):
        raise InputError(
            f"images must lie either in {folder} itself or in its class subfolders, not in both. Received: {top[0][0]}"
        )
    if top or not own:
        if not top:
            raise InputError(f"no images in {folder} (looked for {', '.join(ENDINGS)}).")
        files = [ImageFile(name, 0, size, mtime_ns) for name, size, mtime_ns in top]
        return Listing(root, (SINGLE_CLASS,), sorted(files, key=lambda file: file.name), ignored)
    unknown = sorted(set(own) - set(classes or own))
    if unknown:
        raise InputError(f"the classes of {folder} must be among those of train/, {list(classes)}. Received: {unknown}")
    listed = []
    for name, (files, others) in by_class.items():
        if not files:
            raise InputError(f"the class folder {folder / name} holds no images (looked for {', '.join(ENDINGS)}).")
        label = (classes or own).index(name)
        listed += [ImageFile(file, label, size, mtime_ns) for file, size, mtime_ns in files]
        ignored += others
    return Listing(root, classes or own, sorted(listed, key=lambda file: file.name), ignored)


def _classes(folder: Path) -> tuple[str, ...]:
    # A leading "__" as in __MACOSX is what archive programs leave beside the data.
    names = (entry.name for entry in _scan(folder) if entry.is_dir())
    return tuple(sorted(name for name in names if not name.startswith((".", "__"))))


def _images_in(root: Path, folder: Path, classes: tuple[str, ...]) -> tuple[list[tuple[str, int, int]], int]:
    files, ignored = [], 0
    prefix = "" if folder == root else folder.relative_to(root).as_posix() + "/"
    for entry in _scan(folder):
        if entry.name in classes or entry.is_dir():
            continue
        if entry.name.startswith(".") or os.path.splitext(entry.name)[1].lower() not in ENDINGS:
            ignored += 1
            continue
        try:
            status = entry.stat()
            files.append((prefix + entry.name, status.st_size, status.st_mtime_ns))
        except OSError:  # A broken link: listed, so that reading it refuses it by name.
            files.append((prefix + entry.name, 0, 0))
    return files, ignored


def _walk(root: Path, folder: Path) -> tuple[list[tuple[str, int, int]], int]:
    files, ignored = _images_in(root, folder, ())
    for inner in _classes(folder):
        inner_files, inner_ignored = _walk(root, folder / inner)
        files += inner_files
        ignored += inner_ignored
    return files, ignored


def _scan(folder: Path) -> Iterator[os.DirEntry]:
    try:
        with os.scandir(folder) as entries:
            yield from entries
    except PermissionError:
        raise InputError(f"no permission to read the folder {folder}.") from None
