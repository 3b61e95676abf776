"""What happens when nobody reads the output any more: `python run.py --help | head`."""

import contextlib
import os
import select
import sys
from collections.abc import Iterator

CLOSED_PIPE = 141
"""Exit code: 128 + SIGPIPE, as of other programs that a closed pipe ends."""


@contextlib.contextmanager
def ending_with_its_reader() -> Iterator[None]:
    """End the process quietly, with exit code 141, when the block finds the other end of stdout or stderr closed."""
    try:
        try:
            yield
        finally:
            # Else Python would find out as it ends, and say so.
            sys.stdout.flush()
    except BrokenPipeError:
        closed = [stream for stream in (sys.stdout, sys.stderr) if _has_no_reader(stream.fileno())]
        if not closed:
            raise  # Another pipe.
        for stream in closed:
            # What is left in the buffer goes to nowhere.
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        raise SystemExit(CLOSED_PIPE) from None


def _has_no_reader(descriptor: int) -> bool:
    poll = select.poll()
    poll.register(descriptor, 0)
    return any(event & select.POLLERR for _, event in poll.poll(0))
