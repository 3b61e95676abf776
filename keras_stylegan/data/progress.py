"""The progress bar of reading and drawing images."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

SECONDS = 60
"""Between two lines, at least."""


@contextmanager
def progress_bar(description: str, total: int, visible: bool) -> Iterator[Callable[[], None]]:
    """Shows a bar with count and time left or, where the output is no terminal, says the count once a minute.

    Args:
        description: What is being done.
        total: Number of images.
        visible: False shows nothing.

    Yields:
        A function to call once per image.
    """
    console = Console()
    if visible and not (console.is_terminal or console.is_jupyter):
        yield _lines(description, total, console)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, disable=not visible) as progress:
        task = progress.add_task(description, total=total)
        yield lambda: progress.advance(task)


def _lines(description: str, total: int, console: Console) -> Callable[[], None]:
    done, last = 0, time.monotonic()

    def advance() -> None:
        nonlocal done, last
        done += 1
        if time.monotonic() - last >= SECONDS:
            last = time.monotonic()
            console.print(f"{description}: {done} of {total}", highlight=False, soft_wrap=True)

    return advance
