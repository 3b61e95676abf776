"""Decoded images on local disk: written once, opened as memory maps.

An entry of the cache is written under a temporary name and renamed when complete, so whatever has its final name was
whole once.
"""

import contextlib
import errno
import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from keras_stylegan.data.cache_entry import VERSION, DamagedError, Entry, Writer, content_hash, open_entry
from keras_stylegan.errors import InputError

# What renaming a folder says where there is one of this name already; on Linux always the first.
OCCUPIED = (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR)


def load_or_build(
    cache_dir: Path | None,
    name: str,
    key: dict[str, Any],
    shape: tuple[int, int, int],
    build: Callable[[Writer], dict[str, Any]],
    covariates: Sequence[str] = (),
) -> Entry:
    """Opens the entry of a key, or builds it first.

    Args:
        cache_dir: Folder of all entries; None for ~/.cache/keras_stylegan.
        name: Readable beginning of the entry's folder name.
        key: JSON-able description of everything the images depend on; `files` lists the content of the source.
        shape: (height, width, channels) of the images.
        build: Appends the images to a `Writer` and returns JSON-able notes.
        covariates: Names of the numbers that each image has.

    Returns:
        The opened `Entry`.

    Raises:
        InputError: The cache cannot be written (disk full, no permission), or `build` raised it. Nothing is left.
    """
    root = _root(cache_dir)
    size = "x".join(map(str, shape))
    folder = root / f"{name}-{size}-{content_hash([VERSION, key, shape, covariates])[:16]}"
    remark = ""
    with _clear_errors(root):
        if folder.exists():
            try:
                return open_entry(folder)
            except DamagedError as error:
                remark = f"The cache {folder} was damaged ({error}) and has been built anew."
        root.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(root)
        temporary = Path(tempfile.mkdtemp(prefix=_temporary_prefix(), dir=root))
        try:
            writer = Writer(temporary, shape, covariates)
            try:
                writer.finish({**key, "shape": shape}, build(writer))
            finally:
                writer.close()
            # Opened before it is published: a process that replaces a damaged entry at this moment may move it away,
            # but what is mapped stays.
            entry = open_entry(temporary)
            _publish(temporary, folder)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    return replace(entry, remark=remark)


def _root(cache_dir: Path | None) -> Path:
    if cache_dir is not None:
        return Path(cache_dir)
    try:
        return Path.home() / ".cache" / "keras_stylegan"
    except RuntimeError:
        raise InputError(
            "this user has no home directory for the image cache: choose one with --data.cache-dir."
        ) from None


def _publish(temporary: Path, folder: Path) -> None:
    """Renames a complete entry; one that another process has published in the meantime is kept if it is whole."""
    while True:
        try:
            temporary.rename(folder)
            return
        except OSError as error:
            # Not by another look whether it is there: who publishes at the same moment may just have moved it aside.
            if error.errno not in OCCUPIED:
                raise
        try:
            open_entry(folder)
            return
        except DamagedError:
            aside = Path(tempfile.mkdtemp(prefix=_temporary_prefix(), dir=folder.parent))
            # Another process may have moved it aside first; then the next rename simply succeeds.
            with contextlib.suppress(FileNotFoundError):
                folder.rename(aside / "damaged")
            shutil.rmtree(aside, ignore_errors=True)


def _temporary_prefix() -> str:
    return f".writing-{socket.gethostname()}-{os.getpid()}-"


def _remove_abandoned(root: Path) -> None:
    """Removes what killed preparations on this machine have left."""
    for folder in root.glob(f".writing-{socket.gethostname()}-*"):
        process = folder.name.split("-")[-2]
        if process.isdigit() and not _is_alive(int(process)):
            shutil.rmtree(folder, ignore_errors=True)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


@contextlib.contextmanager
def _clear_errors(root: Path) -> Iterator[None]:
    try:
        if "\0" in str(root):
            raise OSError(errno.EINVAL, "a zero byte in the name")
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(
            f"cannot write the image cache in {root}: {reason}. "
            "Free some space there or choose another folder with --data.cache-dir."
        ) from error
