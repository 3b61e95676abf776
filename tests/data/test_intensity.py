import numpy as np
import pytest

from keras_stylegan.data.intensity import to_float, to_integers
from keras_stylegan.errors import InputError


def test_the_ends_and_middle_of_each_type_map_to_minus_one_zero_one():
    assert to_float(np.array([0, 255], np.uint8)).tolist() == [-1.0, 1.0]
    assert to_float(np.array([0, 65535], np.uint16)).tolist() == [-1.0, 1.0]
    np.testing.assert_allclose(to_float(np.array([51], np.uint8)), [-0.6], atol=1e-7)
    np.testing.assert_allclose(to_float(np.array([13107], np.uint16)), [-0.6], atol=1e-7)
    assert to_float(np.zeros(3, np.uint8)).dtype == np.float32


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_every_value_survives_the_round_trip(dtype):
    values = np.arange(np.iinfo(dtype).max + 1).astype(dtype)
    back = to_integers(to_float(values), dtype)
    assert back.dtype == dtype
    np.testing.assert_array_equal(back, values)


def test_to_integers_clips_and_rounds():
    # (x + 1) * 127.5 = 0.51 and 1.49 round to 1, 300 clips to 255.
    images = np.array([-7.0, 0.51 / 127.5 - 1, 1.49 / 127.5 - 1, 300 / 127.5 - 1])
    assert to_integers(images).tolist() == [0, 1, 1, 255]


def test_other_types_are_refused():
    with pytest.raises(InputError, match="Received: int32"):
        to_float(np.zeros(2, np.int32))
    with pytest.raises(InputError, match="Received: float32"):
        to_integers(np.zeros(2), np.float32)
