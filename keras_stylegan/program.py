"""What this program is called: commands in messages can be copied."""

import sys
from pathlib import PurePath

CONSOLE = "keras-stylegan"
"""The command of an installed package; of a checkout it is `python run.py`."""


def program() -> str:
    """How to call it: "keras-stylegan" or "python run.py"."""
    return CONSOLE if PurePath(sys.argv[0]).stem == CONSOLE else "python run.py"
