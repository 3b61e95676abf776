"""A config as JSON: config.json of a run, checkpoints, metadata of ONNX files."""

import dataclasses
import json
import types
import typing
from pathlib import Path
from typing import Any

from keras_stylegan.config import Config
from keras_stylegan.errors import InputError

PRIVATE = {"subject_pattern"}
"""Fields besides all paths that tell of the data: the pattern describes file names, and may name subjects."""


def to_json(config: Config) -> str:
    """The config as indented JSON; paths become strings."""
    return json.dumps(dataclasses.asdict(config), indent=2, default=str)


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


def from_json(text: str, where: str = "config.json") -> Config:
    """The inverse of `to_json`.

    Args:
        text: JSON object with one object per section.
        where: Name of the file, for the error message.

    Raises:
        InputError: Not JSON, an unknown key, or a value that the section rejects.
    """
    try:
        return _from_plain(Config, json.loads(text))
    except (ValueError, TypeError, AttributeError) as error:
        raise InputError(f"{where} is not a config of this version: {error}") from error


def _from_plain(kind: Any, value: Any) -> Any:
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        unknown = sorted(set(value) - set(hints))
        if unknown:
            raise InputError(f"{kind.__name__} must be an object with keys {sorted(hints)}. Received: {unknown}")
        return kind(**{name: _from_plain(hints[name], item) for name, item in value.items()})
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union) and Path in arguments:
        return None if value is None else Path(value)
    if origin is tuple:
        kinds = [arguments[0]] * len(value) if arguments[-1] is Ellipsis else arguments
        return tuple(_from_plain(item_kind, item) for item_kind, item in zip(kinds, value, strict=True))
    return value
