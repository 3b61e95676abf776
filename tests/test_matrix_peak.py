import numpy as np
import pytest

from keras_stylegan import matrix_peak
from keras_stylegan.matrix_peak import Product, best_time, finalists, peak, products


@pytest.fixture(scope="module")
def candidates():
    return products([(5, 7, 3), (8, 2, 4)], seed=3)


def test_every_library_computes_the_product(candidates):
    assert {product.library for product in candidates} == {"tensorflow", "numpy", "scipy", "onnxruntime"}
    random = np.random.default_rng(3)
    for m, k, n in [(5, 7, 3), (8, 2, 4)]:
        a, b = random.standard_normal((m, k), dtype=np.float32), random.standard_normal((k, n), dtype=np.float32)
        expected = [[sum(float(a[i, p]) * float(b[p, j]) for p in range(k)) for j in range(n)] for i in range(m)]
        found = [product for product in candidates if product.shape == (m, k, n)]
        assert len(found) == 4
        for product in found:
            result = product.run()
            assert isinstance(result, np.ndarray) and result.dtype == np.float32
            np.testing.assert_allclose(result, expected, rtol=0, atol=1e-5)


def test_operations_and_name():
    product = Product("numpy", (2, 3, 5), lambda: None)
    assert product.flops == 60 and str(product) == "numpy 2x3x5"


def fake(library, size, seconds):
    return Product(library, (size, size, size), lambda: seconds)


def test_the_fastest_and_the_backends_own_are_measured_in_turns(monkeypatch):
    monkeypatch.setattr(matrix_peak, "best_time", lambda call, repeat: call())
    # 2·10³ operations in a second; the larger product takes eight times as long at the same speed.
    candidates = [
        fake("numpy", 10, 1.0),
        fake("tensorflow", 10, 2.0),
        fake("numpy", 20, 4.0),
        fake("tensorflow", 20, 12.0),
        fake("scipy", 10, 0.9),
        fake("scipy", 20, 16.0),
    ]
    assert list(map(str, finalists(candidates))) == [
        "numpy 20x20x20",
        "scipy 10x10x10",
        "numpy 10x10x10",
        "tensorflow 20x20x20",
    ]
    fast = [fake("tensorflow", 20, 1.0), *candidates]
    assert list(map(str, finalists(fast))) == ["tensorflow 20x20x20", "numpy 20x20x20", "scipy 10x10x10"]


def test_the_peak_is_the_best_median_not_the_best_moment():
    steady, lucky = fake("numpy", 10, 0), fake("scipy", 10, 0)
    assert peak({lucky: [9e9, 2e9, 2e9], steady: [3e9, 3e9, 1e9]}) is steady


def test_the_best_of_a_few_calls():
    calls = []
    assert 0 <= best_time(lambda: calls.append(1), 3) < 1
    assert len(calls) == 3
