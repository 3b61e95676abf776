"""The one exception that means "the input was wrong", not "the program is wrong"."""


class InputError(ValueError):
    """Bad input: a file, an option or a run folder that cannot be used.

    The message is one line that says what was wrong, where (file, key, value) and what to do.
    The command line prints it without a traceback and exits with code 2.
    """
