"""Options that make no sense are refused before anything starts."""

import pytest

from keras_stylegan.comparison.options import CompareOptions
from keras_stylegan.errors import InputError


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"minutes": 0.0}, r"minutes must be greater than 0\. Received: 0\.0"),
        ({"minutes": -3.0}, r"minutes must be greater than 0\. Received: -3\.0"),
        ({"minutes": float("nan")}, r"minutes must be greater than 0\. Received: nan"),
        ({"kimg": 0.0}, r"kimg must be greater than 0\. Received: 0\.0"),
        ({"seeds": 0}, r"seeds must be at least 1\. Received: 0"),
        ({"slices": 0}, r"slices must be at least 1\. Received: 0"),
        ({"count": 0}, r"count must be at least 1\. Received: 0"),
        ({"features": ("eyes",)}, r"features must be of .* Received: 'eyes'"),
        ({"features": ()}, "features must name at least one extractor"),
    ],
)
def test_a_value_out_of_range(options, words):
    with pytest.raises(InputError, match=words):
        CompareOptions(**options)


@pytest.mark.parametrize(("options", "given"), [({}, "neither"), ({"minutes": 1.0, "kimg": 1.0}, "both")])
def test_one_length_is_needed(options, given):
    with pytest.raises(InputError, match=f"give either --minutes or --kimg.* Received: {given}"):
        CompareOptions(**options).require_length()
    CompareOptions(kimg=1.0).require_length()
