"""A command line to a typed command. Whatever is wrong with it is one line, in a pipe as on a terminal."""

import contextlib
import dataclasses
import io
import re
import sys
import typing
from collections.abc import Sequence
from typing import Annotated, Any

import tyro

from keras_stylegan.errors import InputError
from keras_stylegan.sizes import Resolution

HELP = ("-h", "--help")
BORDERS = "│╭╮╰╯"
RULE = "─-"
COLOUR = re.compile(r"\x1b\[[\d;]*m")
RESOLUTION = "--model.resolution"
PLAIN = {
    "invalid literal for int() with base 10: ": "must be a whole number. Received: ",
    "could not convert string to float: ": "must be a number. Received: ",
}
"""Python's words to ours."""
OPTION = re.compile(r"^ {5,6}(--[\w.-]+)")


def parse_command(kind: type, default: Any, arguments: Sequence[str], prog: str) -> Any:
    """A command with the options of a command line.

    Args:
        kind: Dataclass of the command.
        default: The command whose options hold where none are given.
        arguments: What follows the command's name.
        prog: How the command is called.

    Raises:
        InputError: An unknown option, or a value that is none. On a terminal the option's help is printed before.
        SystemExit: With code 0, after the help.
    """
    box = io.StringIO()
    try:
        with contextlib.redirect_stderr(box):
            return tyro.cli(kind, default=default, args=pairs_as_words(arguments), prog=prog, registry=REGISTRY)
    except SystemExit as exit_:
        if not exit_.code:
            raise
        refused = _input_error(exit_)
        if refused is None and sys.stderr.isatty():
            print(box.getvalue(), end="", file=sys.stderr)
        raise refused or InputError(one_line(box.getvalue(), prog)) from None


def peek(kind: type, arguments: Sequence[str]) -> Any:
    """The command with the values of a command line before its options are checked; the defaults if it has errors.

    An experiment counts wherever it stands, and gives the defaults of all options: it has to be known before them.
    """
    arguments = pairs_as_words([argument for argument in arguments if argument not in HELP])
    unchecked = _unchecked(kind)
    if not arguments:
        return unchecked()
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            return tyro.cli(unchecked, args=arguments, registry=REGISTRY)
    except SystemExit:
        return unchecked()


def pairs_as_words(arguments: Sequence[str]) -> list[str]:
    """`--model.resolution 208 176` as `--model.resolution 208x176`: whatever else follows an option of one or two
    numbers stays what it is, such as the name of an experiment."""
    words: list[str] = []
    for argument in arguments:
        if argument.isdecimal() and words[-2:-1] == [RESOLUTION] and words[-1].isdecimal():
            words[-1] += f"x{argument}"
        else:
            words.append(argument)
    return words


def _resolution(words: list[str]) -> Resolution:
    try:
        height, *width = map(int, words[0].lower().split("x"))
    except ValueError:
        height, width = 0, [0, 0]
    if len(width) > 1:
        raise ValueError(f"expected a side, or height and width as 208 176 or 208x176. Received: {words[0]!r}")
    return (height, *width) if width else height


REGISTRY = tyro.constructors.ConstructorRegistry()
REGISTRY.primitive_rule(
    lambda info: (
        tyro.constructors.PrimitiveConstructorSpec(
            nargs=1,
            metavar="SIDE|HEIGHT WIDTH",
            instance_from_str=_resolution,
            is_instance=lambda value: isinstance(value, (int, tuple)),
            str_from_instance=lambda value: ["x".join(map(str, value)) if isinstance(value, tuple) else str(value)],
        )
        if info.type == Resolution
        else None
    )
)
"""How tyro reads a resolution: as one word, so that it takes no more than it needs."""


def _unchecked(kind: type) -> type:
    """A dataclass with the same fields and defaults as another, and no checks."""
    fields = []
    for name, hint in typing.get_type_hints(kind, include_extras=True).items():
        field = kind.__dataclass_fields__[name]
        inner, *marks = typing.get_args(hint) if typing.get_origin(hint) is Annotated else (hint,)
        if dataclasses.is_dataclass(inner):
            inner = _unchecked(inner)
            default = dataclasses.field(default_factory=inner)
        else:
            default = dataclasses.field(default=field.default, default_factory=field.default_factory)
        fields.append((name, Annotated[(inner, *marks)] if marks else inner, default))
    return dataclasses.make_dataclass(kind.__name__, fields, frozen=True)


def _input_error(error: BaseException | None) -> InputError | None:
    """The refusal of one of our own checks that an exception came from, if any."""
    while error is not None and not isinstance(error, InputError):
        error = error.__context__
    return error


def one_line(box: str, prog: str) -> str:
    """What a box of tyro's says: its first part, the options it suggests, and where the help is."""
    if not box.strip():
        return f"the command line cannot be read. See {prog} --help"
    _title, *lines = (line.strip(BORDERS) for line in COLOUR.sub("", box).splitlines())
    parts: list[list[str]] = [[]]
    for line in lines:
        if line.strip() and set(line.strip()) <= set(RULE):
            parts.append([])
        else:
            parts[-1].append(line)
    said, *others = [part for part in parts if any(map(str.strip, part))]
    # A second paragraph lists what tyro tried.
    paragraph = "\n".join(map(str.strip, said)).split("\n\n")[0]
    problem = " ".join(paragraph.split()).removeprefix("Error parsing ").rstrip(".")
    for words, ours in PLAIN.items():
        problem = problem.replace(words, ours)
    similar = [part for part in others if part[0].split()[0] in ("Perhaps", "Arguments")]
    near = [name for part in similar for line in part for name in OPTION.findall(line)]
    hint = f"; did you mean {' or '.join(near[:3])}?" if near else "."
    return f"{problem}{hint} See {prog} --help"
