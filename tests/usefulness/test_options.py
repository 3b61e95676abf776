"""Options of `usefulness`."""

import pytest

from keras_stylegan.errors import InputError
from keras_stylegan.usefulness.options import UsefulnessOptions


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"subjects": (1,)}, "subjects must be different, growing numbers from 2"),
        ({"subjects": (20, 10)}, "subjects must be different, growing numbers from 2"),
        ({"ratios": (0.0,)}, "ratios must be different, growing numbers above 0"),
        ({"ratios": (float("nan"),)}, "ratios must be different, growing numbers above 0"),
        ({"ratios": ()}, "ratios must hold at least one number"),
        ({"seeds": 0}, "seeds must be at least 1"),
        ({"steps": 0}, "steps must be at least 1"),
        ({"seed": -1}, "seed must be from 0"),
        ({"checkpoint": "last"}, "checkpoint must be 'newest' or 'best'"),
    ],
)
def test_bad_values_are_refused(options, words):
    with pytest.raises(InputError, match=words):
        UsefulnessOptions(**options)


def test_only_all_subjects_may_be_asked_for():
    assert UsefulnessOptions(subjects=()).subjects == ()
