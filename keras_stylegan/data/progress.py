"""The progress bar of reading and drawing images."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


@contextmanager
def progress_bar(description: str, total: int, visible: bool) -> Iterator[Callable[[], None]]:
    """Shows a bar with count and time left.

    Args:
        description: What is being done.
        total: Number of images.
        visible: False shows nothing.

    Yields:
        A function to call once per image.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, disable=not visible) as progress:
        task = progress.add_task(description, total=total)
        yield lambda: progress.advance(task)
