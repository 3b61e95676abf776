"""What a run says: on the console, and in its train.log."""

import contextlib
import io
import os
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from keras_stylegan.errors import InputError


class Journal:
    """Prints lines, and appends them to a file from `begin` on; lines said before go there then.

    A terminal that was closed, or a pipe that nobody reads any more, is no reason to end a run: the file has the lines.

    Args:
        console: Where to print; None for nowhere.
        path: train.log; None for no file. A process that is not the chief has neither.
    """

    def __init__(self, console: Console | None = None, path: Path | None = None) -> None:
        self.console = console or Console(file=io.StringIO(), quiet=True)
        self.path = path
        self._waiting: list[str] | None = []

    def begin(self) -> None:
        """Start the file: everything has been checked, and the run folder may be written to.

        Raises:
            InputError: It cannot be written.
        """
        waiting, self._waiting = self._waiting, None
        for text in waiting or ():
            self._write(text)

    def say(self, text: str, show: bool = True) -> None:
        """One line, or more.

        Args:
            text: What to say.
            show: Whether to print it; it goes to the file in any case.

        Raises:
            InputError: The file cannot be written.
        """
        if show:
            with self.showing():
                self.console.print(text, highlight=False, markup=False, emoji=False, soft_wrap=True)
        if self._waiting is None:
            self._write(text)
        else:
            self._waiting.append(text)

    @contextlib.contextmanager
    def showing(self) -> Iterator[None]:
        """For a block that uses `console` itself: goes on in silence where nobody can be shown anything."""
        try:
            yield
        except (OSError, SystemExit):  # rich answers a broken pipe with SystemExit.
            self.console.quiet = True
            # What is left in the buffer goes to nowhere too, or Python would end with exit code 120.
            with contextlib.suppress(OSError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), self.console.file.fileno())

    def _write(self, text: str) -> None:
        if self.path is None:
            return
        try:
            with open(self.path, "a", encoding="utf-8") as file:
                file.write(text + "\n")
        except OSError as error:
            raise InputError(f"cannot write {self.path}: {error.strerror}; make room, then continue") from error
