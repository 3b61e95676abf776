"""A config as an experiment file: Python that `train` accepts, differences only."""

import dataclasses
from pathlib import Path
from typing import Any

from keras_stylegan.config import Config
from keras_stylegan.config.public import PRIVATE

WIDTH = 120


def experiment_file(config: Config, docstring: str) -> str:
    """The text of a Python file that defines `config`.

    Paths are left out, as they hold on one machine only, and what describes the files of the data.

    Args:
        config: The options.
        docstring: What the file says of itself.
    """
    sections = []
    for section in dataclasses.fields(config):
        options = getattr(config, section.name)
        kind = type(options)
        changed = [
            f"{field.name}={_literal(getattr(options, field.name))}"
            for field in dataclasses.fields(options)
            if getattr(options, field.name) != _default(field) and not _is_private(field.name, options)
        ]
        if changed:
            sections.append((section.name, kind.__name__, changed))
    names = ", ".join(sorted({"Config", *(kind for _, kind, _ in sections)}))
    body = "".join(_section(*section) for section in sections)
    text = docstring.replace("\\", "/").replace('"""', "'''")
    return f'"""{text}\n"""\n\nfrom keras_stylegan.config import {names}\n\n' + (
        f"config = Config(\n{body})\n" if body else "config = Config()\n"
    )


def _section(name: str, kind: str, changed: list[str]) -> str:
    line = f"    {name}={kind}({', '.join(changed)}),\n"
    if len(line) <= WIDTH:
        return line
    return f"    {name}={kind}(\n" + "".join(f"        {item},\n" for item in changed) + "    ),\n"


def _literal(value: Any) -> str:
    """As a formatter would write it: with double quotes."""
    text = repr(value)
    return text if '"' in text else text.replace("'", '"')


def _default(field: dataclasses.Field) -> Any:
    return field.default if field.default_factory is dataclasses.MISSING else field.default_factory()


def _is_private(name: str, options: Any) -> bool:
    return name in PRIVATE or isinstance(getattr(options, name), Path)
