"""What Ctrl-C (SIGINT), SIGTERM and a closed terminal (SIGHUP) do to a command.

A signal that was ignored when the process started stays ignored, as usual on Unix: `nohup` does so with SIGHUP, and a
shell without job control with the SIGINT of what it starts with `&`. SIGTERM always ends a command tidily.
"""

import contextlib
import signal
from collections.abc import Callable, Iterator

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Interrupted(KeyboardInterrupt):
    """A signal asked the command to end.

    Args:
        number: The signal.
    """

    def __init__(self, number: int) -> None:
        self.signal = signal.Signals(number)
        super().__init__(f"by {self.signal.name}")


@contextlib.contextmanager
def handling(handle: Callable[[int], None]) -> Iterator[None]:
    """Call `handle` with the number of every signal of `SIGNALS` that comes during the block.

    Afterwards the former handlers are back. Outside of the main thread, where Python allows no handlers, nothing is
    handled.
    """
    former = {}
    try:
        for number in SIGNALS:
            if signal.getsignal(number) != signal.SIG_IGN:
                with contextlib.suppress(ValueError):
                    former[number] = signal.signal(number, lambda number, frame: handle(number))
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Let a signal end the block with `Interrupted`, which passes through `except Exception`."""

    def interrupt(number: int) -> None:
        raise Interrupted(number)

    with handling(interrupt):
        yield


def exit_code(error: KeyboardInterrupt) -> int:
    """128 + the number of the signal, as shells count."""
    return 128 + (error.signal if isinstance(error, Interrupted) else signal.SIGINT)
