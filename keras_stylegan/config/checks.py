"""Checks that the sections share: each names the option, what was expected and what was received."""

import functools
import math
import types
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from keras_stylegan.errors import InputError


def require(condition: bool, name: str, expected: str, received: Any) -> None:
    """Raise an `InputError` unless a condition holds."""
    if not condition:
        raise InputError(f"{name} must be {expected}. Received: {received!r}")


def choices(section: type) -> dict[str, tuple[Any, ...]]:
    """The legal values of every field of a section whose type is a `Literal`."""
    return {name: typing.get_args(hint) for name, hint in _hints(section).items() if typing.get_origin(hint) is Literal}


def require_types(config: Any) -> None:
    """Check the value of every field against the field's type, so that a section built in Python has no other.

    An integer is a float as well; True and False are neither.
    """
    for name, hint in _hints(type(config)).items():
        value = getattr(config, name)
        require(_fits(value, hint), option(config, name), _in_words(hint), value)


def option(config: Any, name: str) -> str:
    """A field as its option is called: `training.batch_size`."""
    section, found, _ = type(config).__name__.partition("Config")
    return f"{section.lower()}.{name}" if section and found else name


_hints = functools.cache(typing.get_type_hints)


def _fits(value: Any, hint: Any) -> bool:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Literal:
        # True equals 1, and is none of the choices.
        return any(value == choice and type(value) is type(choice) for choice in arguments)
    if origin in (types.UnionType, typing.Union):
        return any(_fits(value, argument) for argument in arguments)
    if origin is tuple:
        if not isinstance(value, tuple):
            return False
        kinds = arguments[:1] * len(value) if arguments[-1] is Ellipsis else arguments
        return len(kinds) == len(value) and all(map(_fits, value, kinds))
    if hint in (int, float):
        return isinstance(value, (int, hint)) and not isinstance(value, bool)
    return isinstance(value, hint)


def _in_words(hint: Any) -> str:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Literal:
        return " or ".join(map(repr, arguments)) if len(arguments) < 3 else f"one of {arguments}"
    if origin in (types.UnionType, typing.Union):
        return " or ".join(map(_in_words, arguments))
    if origin is tuple:
        inner = _in_words(arguments[0]) + ", ..." if arguments[-1] is Ellipsis else ", ".join(map(_in_words, arguments))
        return f"({inner})"
    words = {int: "an integer", float: "a number", bool: "True or False", str: "a text", Path: "a pathlib.Path"}
    return words.get(hint, getattr(hint, "__name__", str(hint)).replace("NoneType", "None"))


def require_at_least(config: Any, minimum: float, *names: str) -> None:
    """Check that fields are None, or finite and not below a minimum."""
    _require_range(config, f"at least {minimum}", lambda value: minimum <= value < math.inf, *names)


def require_at_most(config: Any, maximum: float, *names: str) -> None:
    """Check that fields are None, or not above a maximum; for what has a natural end."""
    _require_range(config, f"at most {maximum:,}", lambda value: value <= maximum, *names)


def require_positive(config: Any, *names: str) -> None:
    """Check that fields are None, or finite and above 0."""
    _require_range(config, "greater than 0", lambda value: 0 < value < math.inf, *names)


def _require_range(config: Any, expected: str, test: Callable[[Any], bool], *names: str) -> None:
    for name in names:
        value = getattr(config, name)
        require(value is None or test(value), option(config, name), expected, value)


def is_class_name(text: str) -> bool:
    """Whether a class can be called this: names of images begin with it, so it must not lead to another folder."""
    return 0 < len(text) <= 100 and text.isprintable() and not text.startswith(".") and not set("/\\") & set(text)
