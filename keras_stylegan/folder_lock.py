"""A folder that one process writes to at a time."""

import fcntl
from pathlib import Path
from typing import TextIO


def take(folder: Path) -> TextIO:
    """Take a folder for this process and its children, until the returned file is closed or they have ended.

    Args:
        folder: It is created.

    Raises:
        BlockingIOError: Another process has it.
        OSError: It cannot be written, or its file system has no locks.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = open(folder / ".lock", "w")  # noqa: SIM115 - held open for the caller
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise
    return file
