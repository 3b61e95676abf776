"""What may be shared of the options."""

import dataclasses
import json
import typing
from pathlib import Path

from keras_stylegan.config import Config, DataConfig
from keras_stylegan.config.public import public
from keras_stylegan.typed_json import to_json


def test_the_public_view_leaves_out_paths_and_what_describes_file_names():
    config = Config(data=DataConfig(path=Path("a") / "b", background=3, cache_dir=Path("c")))
    plain = json.loads(to_json(config))
    for name in ("path", "table", "cache_dir", "subject_pattern"):
        del plain["data"][name]
    assert json.loads(json.dumps(public(config))) == plain


def test_every_free_text_is_left_out_of_the_public_view():
    """A string that a user types may name anything: a new one is to be thought about, and is private until then."""
    for section in dataclasses.fields(Config):
        kind = section.default_factory
        free = {name for name, hint in typing.get_type_hints(kind).items() if str in (hint, *typing.get_args(hint))}
        # Of covariates, which an exported file has to ask for by their names.
        assert free & set(public(kind())) <= {"covariates"}, free
