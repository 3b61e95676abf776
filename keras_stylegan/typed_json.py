"""Dataclasses as JSON: config.json of a run and the record of a checkpoint, read strictly by their types."""

import dataclasses
import functools
import json
from pathlib import Path
from typing import Any, TypeVar

from keras_stylegan.errors import InputError

LONGEST = 16 * 2**20
"""Bytes of the longest file that is read."""

Kind = TypeVar("Kind")


def to_json(record: Any) -> str:
    """A dataclass as indented JSON, one key a field; paths become strings."""
    return json.dumps(dataclasses.asdict(record), indent=2, default=str)


def from_json(kind: type[Kind], text: str | bytes, where: str) -> Kind:
    """The inverse of `to_json`.

    A key that is missing takes the default of its field, if it has one: a file may be older than an option.

    Args:
        kind: A dataclass, whose fields may be dataclasses.
        text: A JSON object.
        where: What is read, for the message.

    Raises:
        InputError: Not JSON, an unknown key, a missing one that has no default, a value of another type (a float for
            an integer, null, text for a number), or one that the dataclass refuses.
    """
    # Only here, as `--help` shall not wait for it.
    import pydantic

    try:
        return _reader(kind).validate_json(text)
    except pydantic.ValidationError as error:
        first = error.errors(include_url=False)[0]
    # pydantic names the type that it tried where a field may have one of several.
    tried = set() if first["type"] == "unexpected_keyword_argument" else {"int", "tuple[int, int]"}
    key = ".".join(str(part) for part in first["loc"] if part not in tried)
    kinds = {"unexpected_keyword_argument": "no such key", "missing": "missing", "missing_argument": "missing"}
    reason = kinds.get(first["type"], first["msg"].removeprefix("Value error, "))
    if first["type"] not in {"json_invalid", "value_error", "missing", "missing_argument"}:
        received = repr(first["input"])
        reason += f". Received: {received if len(received) < 80 else received[:80] + '...'}"
    shown = f"{key}: " if key and not reason.startswith(f"{key}.") else ""
    raise InputError(f"{where} is damaged or of another version: {shown}{reason}")


@functools.cache
def _reader(kind: type) -> Any:
    import pydantic

    return pydantic.TypeAdapter(pydantic.with_config(pydantic.ConfigDict(extra="forbid", strict=True))(kind))


def read_json(kind: type[Kind], path: Path) -> Kind:
    """Read a dataclass from a file; see `from_json`.

    Raises:
        InputError: There is no such file, it cannot be read, or its content is not of this kind.
    """
    if path.exists() and not path.is_file():
        # A pipe would be waited for.
        raise InputError(f"{path} is no file")
    try:
        with open(path, "rb") as file:
            text = file.read(LONGEST + 1)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    if len(text) > LONGEST:
        raise InputError(f"{path} is damaged: it has more than {LONGEST} bytes")
    return from_json(kind, text, str(path))
