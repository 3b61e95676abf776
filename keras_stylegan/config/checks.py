"""Checks that the sections share: each names the option, what was expected and what was received."""

import math
import typing
from collections.abc import Callable
from typing import Any, Literal

from keras_stylegan.errors import InputError


def require(condition: bool, name: str, expected: str, received: Any) -> None:
    """Raise an `InputError` unless a condition holds."""
    if not condition:
        raise InputError(f"{name} must be {expected}. Received: {received!r}")


def choices(section: type) -> dict[str, tuple[Any, ...]]:
    """The legal values of every field of a section whose type is a `Literal`."""
    hints = typing.get_type_hints(section)
    return {name: typing.get_args(hint) for name, hint in hints.items() if typing.get_origin(hint) is Literal}


def require_choices(config: Any) -> None:
    """Check every field whose type is a `Literal` against it."""
    for name, legal in choices(type(config)).items():
        value = getattr(config, name)
        # True equals 1, and is none of the choices.
        found = any(value == choice and type(value) is type(choice) for choice in legal)
        require(found, name, " or ".join(map(repr, legal)) if len(legal) < 3 else f"one of {legal}", value)


def require_at_least(config: Any, minimum: float, *names: str) -> None:
    """Check that fields are None, or finite and not below a minimum."""
    _require_range(config, f"at least {minimum}", lambda value: value >= minimum, *names)


def require_positive(config: Any, *names: str) -> None:
    """Check that fields are None, or finite and above 0."""
    _require_range(config, "greater than 0", lambda value: value > 0, *names)


def _require_range(config: Any, expected: str, test: Callable[[Any], bool], *names: str) -> None:
    for name in names:
        value = getattr(config, name)
        finite = not isinstance(value, float) or math.isfinite(value)
        require(value is None or (finite and test(value)), name, expected, value)
