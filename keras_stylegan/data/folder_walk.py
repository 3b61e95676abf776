"""Walking through a folder that may hold anything: links in a circle, pipes and devices, a whole file system."""

import os
import stat
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from keras_stylegan.data.dataset import is_prepared
from keras_stylegan.data.decode import ENDINGS
from keras_stylegan.errors import InputError

# A folder beyond these is the wrong one, and is refused within seconds.
MOST_IMAGES = 10_000_000
MOST_OTHERS = 1_000_000


class Found(NamedTuple):
    """An image file: `name` relative to the root with '/', its size in bytes and its time of change."""

    name: str
    size: int
    mtime_ns: int


def open_folder(path: Path) -> Path:
    """The folder that data.path names, with ~ resolved.

    Raises:
        InputError: It is missing, a file, unreadable, or no path at all.
    """
    received = repr(str(path))
    if len(received) > 200:
        received = f"{received[:150]}…, {len(str(path))} characters"
    folder = Path(os.path.expanduser(path))
    try:
        mode = os.stat(folder).st_mode
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(f"data.path is not there. Received: {received}") from None
    except PermissionError:
        raise InputError(f"no permission to read the folder {folder}.") from None
    except (OSError, ValueError) as error:  # Too long a name, a link to itself, a zero byte.
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"data.path must be a folder of images ({reason}). Received: {received}") from None
    if not stat.S_ISDIR(mode):
        raise InputError(f"data.path must be a folder of images, but it is a file. Received: {received}")
    return folder


def is_folder(entry: os.DirEntry) -> bool:
    """Whether an entry is a folder or a link to one."""
    try:
        return entry.is_dir()
    except OSError:  # A link to itself, or into a folder without permission.
        return False


class Walk:
    """Finds image files; links to folders are followed, but never in a circle.

    Args:
        root: The folder that names are relative to.

    Attributes:
        ignored: Number of files met that are hidden or have another ending.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.ignored = 0
        self._images = self._others = 0

    def entries(self, folder: Path) -> list[os.DirEntry]:
        """What is directly in a folder.

        Raises:
            InputError: It cannot be read, or there is more in all folders so far than a set of images can hold.
        """
        found = []
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if _is_image(entry.name):
                        self._images += 1
                    else:
                        self._others += 1
                    if self._images > MOST_IMAGES or self._others > MOST_OTHERS:
                        raise InputError(
                            f"{self.root} is no folder of images: it holds more than {MOST_IMAGES:,} images or "
                            f"{MOST_OTHERS:,} other entries. Choose the folder of the images alone with --data.path."
                        )
                    found.append(entry)
        except PermissionError:
            raise InputError(f"no permission to read the folder {folder}.") from None
        except OSError as error:
            raise InputError(f"cannot read the folder {folder} ({error.strerror}).") from None
        return found

    def images(self, folder: Path, entries: list[os.DirEntry], left_out: Collection[str] = ()) -> list[Found]:
        """The image files among the entries of a folder; other files are counted in `ignored`.

        Pipes, devices and broken links with the name of an image are among them, so that reading refuses them by name.
        """
        files = []
        prefix = "" if folder == self.root else folder.relative_to(self.root).as_posix() + "/"
        for entry in entries:
            if entry.name in left_out or is_folder(entry):
                continue
            if not _is_image(entry.name):
                self.ignored += 1
                continue
            try:
                status = entry.stat()
                files.append(Found(prefix + entry.name, status.st_size, status.st_mtime_ns))
            except OSError:
                files.append(Found(prefix + entry.name, 0, 0))
        return files

    def below(self, folder: Path, first: bool = False) -> list[Found]:
        """The image files in a folder and, at any depth, in its visible subfolders.

        Args:
            folder: In or below the root.
            first: Stop at the first folder that holds some.

        Raises:
            InputError: See `entries`; or a link leads back to a folder that it lies in.
        """
        files: list[Found] = []
        above = [self.root, *(self.root / part for part in folder.relative_to(self.root).parents)]
        stack = [(folder, tuple({_identity(parent): parent for parent in above}.items()))]
        while stack and not (first and files):
            current, ancestors = stack.pop()
            own = _identity(current)
            for identity, ancestor in ancestors:
                if identity == own:
                    raise InputError(f"{current} leads back to {ancestor}: remove the link that makes a circle.")
            entries = self.entries(current)
            files += self.images(current, entries)
            inside = visible_folders(entries)
            stack += [(current / name, (*ancestors, (own, current))) for name in reversed(inside)]
        return files


def visible_folders(entries: list[os.DirEntry]) -> tuple[str, ...]:
    """Sorted names of the folders among entries that may hold images; no prepared datasets."""
    # A leading "__" as in __MACOSX is what archive programs leave beside the data.
    shown = (entry for entry in entries if is_folder(entry) and not entry.name.startswith((".", "__")))
    return tuple(sorted(entry.name for entry in shown if not is_prepared(entry.path)))


def _is_image(name: str) -> bool:
    return not name.startswith(".") and os.path.splitext(name)[1].lower() in ENDINGS


def _identity(folder: Path) -> tuple[int, int]:
    try:
        status = os.stat(folder)
    except OSError as error:
        raise InputError(f"cannot read the folder {folder} ({error.strerror}).") from None
    return status.st_dev, status.st_ino
