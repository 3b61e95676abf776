"""Tests of signals must not depend on how pytest was started: `nohup` and a script's `&` leave some ignored."""

import contextlib
import signal

from keras_stylegan.interrupt import SIGNALS


@contextlib.contextmanager
def default_signals(*ignored):
    """In the block signals do what they do in a process that a terminal started, but for those ignored."""
    defaults = {number: signal.SIG_DFL for number in SIGNALS} | {signal.SIGINT: signal.default_int_handler}
    defaults |= {number: signal.SIG_IGN for number in ignored}
    former = {number: signal.signal(number, handler) for number, handler in defaults.items()}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def as_from_a_terminal(*ignored):
    """`preexec_fn` of a subprocess that gets all signals but those ignored."""

    def prepare():
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN if number in ignored else signal.SIG_DFL)

    return prepare
