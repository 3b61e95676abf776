"""Files that are written as a whole: a kill, a full disk or an error leaves the old file or the new one."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from keras_stylegan.errors import InputError


@contextlib.contextmanager
def replacing(path: Path, sync: bool = True) -> Iterator[BinaryIO]:
    """A file to write to that takes the place of `path` when the block ends without an exception.

    It has a temporary name in the same folder, which a later try takes again: what a killed process left is not
    in the way and does not pile up.

    Args:
        path: The file; its folder is created.
        sync: Wait until the disk has it, so that a power cut loses nothing either. Pictures by the thousand need not.

    Raises:
        InputError: The folder cannot be written, or the disk is full; `path` is untouched.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "wb") as file:
            yield file
            if sync:
                file.flush()
                os.fsync(file.fileno())
        os.replace(temporary, path)
        if sync:
            _sync_folder(path.parent)
    except BaseException as error:
        with contextlib.suppress(OSError):  # The first error says more than a second one about the remains.
            temporary.unlink()
        if not isinstance(error, OSError):
            raise
        raise InputError(
            f"Cannot write {path}: {error.strerror or error}. Free some space or choose another folder."
        ) from error


def replace_file(path: Path, content: bytes, sync: bool = True) -> None:
    """Write all bytes of a file as a whole; see `replacing`."""
    with replacing(path, sync) as file:
        file.write(content)


def require_writable(path: Path) -> None:
    """Raise an `InputError` if a file cannot be written there: to be known before the work whose result it is for."""
    folder = path.parent
    if path.is_dir():
        raise InputError(f"Cannot write {path}: it is a folder. Name a file.")
    if not folder.is_dir():
        raise InputError(f"Cannot write {path}: there is no folder {folder}. Make it, or choose another.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise InputError(f"Cannot write {path}: no permission. Choose another folder.")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
