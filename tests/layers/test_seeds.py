"""Seeds of parts."""

from keras_stylegan.layers.seeds import derive_seed


def test_derived_seeds():
    assert derive_seed(None, "a") is None
    assert derive_seed(1, "a") == derive_seed(1, "a")
    assert len({derive_seed(seed, name) for seed in range(3) for name in ("a", "b")}) == 6
    assert 0 <= derive_seed(0, "fc0") < 2**31
