"""What may be shared of the options: files that leave the house hold this view of them."""

import dataclasses
import typing
from pathlib import Path
from typing import Any

PRIVATE = {"subject_pattern"}
"""Fields besides all paths that tell of the data: the pattern describes file names, and may name subjects."""


def public(options: Any) -> dict[str, Any]:
    """Options as plain values, fit to be shared: without paths, and without what describes the files of the data.

    Args:
        options: A `Config`, one of its sections, or the options of a command.

    Returns:
        Field to value, sections as dictionaries; ready for `json.dumps`.
    """
    hints = typing.get_type_hints(type(options))
    shown = [name for name, hint in hints.items() if name not in PRIVATE and not _holds_path(hint)]
    values = {name: getattr(options, name) for name in shown}
    return {name: public(value) if dataclasses.is_dataclass(value) else value for name, value in values.items()}


def _holds_path(hint: Any) -> bool:
    return hint is Path or any(map(_holds_path, typing.get_args(hint)))
