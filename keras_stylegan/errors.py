"""The one exception that means "the input was wrong", not "the program is wrong"."""

import difflib
from collections.abc import Sequence


class InputError(ValueError):
    """Bad input: a file, an option or a run folder that cannot be used.

    The message is one line that says what was wrong, where (file, key, value) and what to do.
    The command line prints it without a traceback and exits with code 2.
    """


def unknown(what: str, name: str, known: Sequence[str], other: str = "") -> InputError:
    """The error that there is no such thing, with the nearest name and all others.

    Args:
        what: What is named, such as 'command'.
        name: As the user wrote it.
        known: The names there are.
        other: What else would be accepted.
    """
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    shown = repr(name if len(name) < 80 else f"{name[:77]}...")
    return InputError(f"there is no {what} {shown}; {hint}Known: {', '.join(known)}{other}")
