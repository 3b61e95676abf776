import keras
import numpy as np
import pytest
from scipy.signal import correlate2d

from keras_stylegan.checking.convolution import convolution, convolution_by_hand
from keras_stylegan.checking.failed import Failed


def test_the_expected_values_are_scipys():
    images, kernel, expected = convolution_by_hand()
    for n in range(len(images)):
        for out in range(kernel.shape[-1]):
            parts = [correlate2d(images[n, ..., c], kernel[..., c, out], mode="same") for c in range(3)]
            np.testing.assert_allclose(expected[n, ..., out], sum(parts), atol=1e-12)


def test_this_cpu_is_right():
    assert float(convolution("cpu").split("to ")[1]) < 1e-5


@pytest.mark.parametrize("factor", [1.01, np.nan])
def test_a_device_that_computes_something_else(monkeypatch, factor):
    conv = keras.ops.conv
    monkeypatch.setattr(keras.ops, "conv", lambda *args, **options: conv(*args, **options) * factor)
    with pytest.raises(Failed, match=r"differs from numpy's by (0\.01|nan) of its largest value") as failed:
        convolution("cpu")
    assert "do not train on this device" in failed.value.advice
