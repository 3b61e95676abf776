import pytest

from keras_stylegan.errors import InputError
from keras_stylegan.evaluation.options import EvaluateOptions


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"count": 0}, "count must be at least 1. Received: 0"),
        ({"count": 10**12}, "count must be at most 1,000,000. Received: 1000000000000"),
        ({"seed": -1}, "seed must be from 0 to 2.64 − 1. Received: -1"),
        ({"seed": 2**64}, "seed must be from 0 to 2.64 − 1. Received: 18446744073709551616"),
        ({"features": ()}, r"features must name at least one .* Received: \(\)"),
        ({"features": ("randon",)}, "or paths of .onnx files. Received: 'randon'"),
        ({"features": ("random", "random")}, "every extractor once. Received"),
        ({"checkpoint": "last"}, "checkpoint must be 'newest' or 'best'. Received: 'last'"),
    ],
)
def test_bad_options(options, told):
    with pytest.raises(InputError, match=told):
        EvaluateOptions(**options)


def test_an_onnx_file_is_an_extractor():
    assert EvaluateOptions(features=("random", "models/encoder.onnx")).features[1] == "models/encoder.onnx"
