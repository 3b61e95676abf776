"""Finding image files and their classes in a folder."""

import os
from dataclasses import dataclass
from pathlib import Path

from keras_stylegan.data.decode import ENDINGS
from keras_stylegan.data.folder_walk import Found, Walk, open_folder, visible_folders
from keras_stylegan.errors import InputError

FOLDERS = {"train": ("train", "training"), "test": ("test", "testing", "val", "valid", "validation")}
"""What the folder of a split may be called, in any case; the first that is there is the one."""
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

    With a `train/` or `test/` inside (or `Training/`, `val/`, see `FOLDERS`), the folder is a layout of splits, each
    with one subfolder per class. Any other folder is the split 'train' as a whole, with one class per subfolder or,
    without subfolders, a single class. Images may lie deeper inside their class folder. Hidden files and other endings
    are ignored.

    Args:
        path: The folder.
        split: 'train' or 'test'.

    Raises:
        InputError: The folder is not given, missing, a file, unreadable, endless or without images; it has no such
            split; a class has no image; images lie both beside and in class folders; test/ has a class that train/
            lacks.
    """
    if path is None:
        raise InputError("data.path is not set: give the folder of images with --data.path FOLDER.")
    root = open_folder(path)
    if not has_splits(root):
        if split != "train":
            raise InputError(f"data.path {root} has no {split}/ folder, so there is no {split} split.")
        return _list_split(root, root, None)
    name, other = split_folder(root, split), split_folder(root, "test" if split == "train" else "train")
    if name is None:
        raise InputError(f"data.path {root} has no {split}/ folder beside {other}/.")
    # Both splits count classes alike, so that a label means the same in both.
    train = split_folder(root, "train")
    classes = visible_folders(Walk(root).entries(root / train)) if train else None
    return _list_split(root, root / name, classes or None)


def has_splits(root: Path) -> bool:
    """Whether a folder has the layout `train/` and `test/`."""
    return any(split_folder(root, split) for split in FOLDERS)


def split_folder(path: Path | None, split: str) -> str | None:
    """The name of the folder inside that holds a split, such as 'Training'; None if there is none."""
    if path is None:
        return None
    root = os.path.expanduser(path)
    try:
        names = sorted(os.listdir(root))
    except (OSError, ValueError):  # Not there, no folder, or no name that a file can have.
        return None
    # Not Path.is_dir, which raises an error for some names.
    found = (name for wanted in FOLDERS[split] for name in names if name.lower() == wanted)
    return next((name for name in found if os.path.isdir(os.path.join(root, name))), None)


def _list_split(root: Path, folder: Path, classes: tuple[str, ...] | None) -> Listing:
    walk = Walk(root)
    entries = walk.entries(folder)
    own = visible_folders(entries)
    top = walk.images(folder, entries, own)
    # A walk of its own: what it ignores in there does not count.
    inside = next((name for name in own if Walk(root).below(folder / name, first=True)), None) if top else None
    if inside is not None:
        raise InputError(
            f"images must lie either in {folder} itself or in its class subfolders, not in both. "
            f"Received: {top[0].name} and images in {inside}/"
        )
    if top or not own:
        if not top:
            raise InputError(f"no images in {folder} (looked for {', '.join(ENDINGS)}).")
        return _listing(root, (SINGLE_CLASS,), [(0, found) for found in top], walk)
    unknown = sorted(set(own) - set(classes or own))
    if unknown:
        raise InputError(f"the classes of {folder} must be among those of train/, {list(classes)}. Received: {unknown}")
    listed = []
    for name in own:
        files = walk.below(folder / name)
        if not files:
            raise InputError(f"the class folder {folder / name} holds no images (looked for {', '.join(ENDINGS)}).")
        label = (classes or own).index(name)
        listed += [(label, found) for found in files]
    return _listing(root, classes or own, listed, walk)


def _listing(root: Path, classes: tuple[str, ...], listed: list[tuple[int, Found]], walk: Walk) -> Listing:
    files = [ImageFile(found.name, label, found.size, found.mtime_ns) for label, found in listed]
    return Listing(root, classes, sorted(files, key=lambda file: file.name), walk.ignored)
