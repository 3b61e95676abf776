"""A config as JSON: config.json of a run, checkpoints, metadata of ONNX files."""

import dataclasses
import json
import types
import typing
from pathlib import Path
from typing import Any

from keras_stylegan.config import Config
from keras_stylegan.errors import InputError


def to_json(config: Config) -> str:
    """The config as indented JSON; paths become strings."""
    return json.dumps(dataclasses.asdict(config), indent=2, default=str)


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
